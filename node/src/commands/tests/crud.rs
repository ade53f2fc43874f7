//! insert, find, update, delete, findAndModify, count, distinct, aggregate.

use bson::{Bson, Document, bson, doc};

use super::harness::{Member, documents};

#[test]
fn inserted_documents_are_found() {
    let mut member = Member::new();
    member.insert(vec![
        doc! { "_id": 2, "a": "x" },
        doc! { "a": "y", "_id": 1 },
        doc! { "a": "z" },
    ]);
    let found = member.find(doc! { "sort": { "a": 1 } });
    assert_eq!(found[0], doc! { "_id": 2, "a": "x" });
    assert_eq!(
        found[1].keys().collect::<Vec<_>>(),
        ["_id", "a"],
        "_id comes first"
    );
    assert!(found[2].get_object_id("_id").is_ok(), "an _id is made");
    assert_eq!(
        member.find(doc! { "filter": { "_id": 1.0 } }),
        vec![doc! { "_id": 1, "a": "y" }]
    );
    assert_eq!(
        member
            .find(doc! { "filter": { "_id": { "$in": [2, 1, 9] } } })
            .len(),
        2
    );
    assert_eq!(
        member.find(doc! { "filter": { "_id": { "$gte": 2 } }, "projection": { "_id": 1 } })[0],
        doc! { "_id": 2 }
    );
    assert_eq!(
        member.find(doc! { "filter": { "_id": { "$gt": 2, "$lt": 1 } } }),
        Vec::<Document>::new()
    );
    assert_eq!(
        member.find(doc! { "sort": { "_id": -1 }, "skip": 1, "limit": 1 }),
        vec![doc! { "_id": 2, "a": "x" }]
    );
    assert_eq!(member.find(doc! { "find": "nowhere" }), Vec::<Document>::new());
}

#[test]
fn duplicate_keys_are_write_errors() {
    let mut member = Member::new();
    let batch = |ordered: bool| {
        doc! { "insert": "c", "ordered": ordered,
        "documents": [{ "_id": 1 }, { "_id": 1.0 }, { "_id": [1] }, { "_id": 2 }] }
    };
    let reply = member.command(batch(true));
    assert_eq!(reply.get_i32("n").expect("n"), 1);
    let error = reply.get_array("writeErrors").expect("errors")[0]
        .as_document()
        .expect("one")
        .clone();
    assert_eq!(error.get_i32("code").expect("code"), 11000);
    assert_eq!(
        error.get_document("keyPattern").expect("pattern"),
        &doc! { "_id": 1 }
    );
    let text = "E11000 duplicate key error collection: d.c index: _id_ dup key: { _id: 1.0 }";
    assert_eq!(error.get_str("errmsg").expect("text"), text);
    let reply = member.command(batch(false));
    let codes: Vec<i32> = reply
        .get_array("writeErrors")
        .expect("errors")
        .iter()
        .map(|error| {
            error
                .as_document()
                .and_then(|error| error.get_i32("code").ok())
                .expect("code")
        })
        .collect();
    assert_eq!(
        (reply.get_i32("n").expect("n"), codes),
        (1, vec![11000, 11000, 53])
    );
}

#[test]
fn statements_of_one_command_see_each_other() {
    let mut member = Member::new();
    let reply = member.command(doc! { "update": "c", "updates": [
        { "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } }, "upsert": true },
        { "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } }, "upsert": true },
        { "q": { "n": { "$gte": 2 } }, "u": { "$set": { "seen": true } }, "multi": true },
        { "q": { "_id": 1 }, "u": { "$set": { "seen": true } } },
        { "q": { "_id": 5 }, "u": { "$set": { "a": 1 } } },
    ] });
    assert_eq!(
        reply,
        doc! { "n": 4, "upserted": [{ "index": 0, "_id": 1 }], "nModified": 2 }
    );
    assert_eq!(
        member.find(doc! {}),
        vec![doc! { "_id": 1, "n": 2, "seen": true }]
    );
    assert_eq!(
        member.entries(),
        4,
        "create, insert, update, update: no entry for a no-op"
    );
}

/// Rows S2-21, S3-09 of the notes.
#[test]
fn multi_updates_and_deletes_are_one_entry_a_document() {
    let mut member = Member::new();
    member.insert((0..300).map(|n| doc! { "_id": n, "even": n % 2 == 0 }).collect());
    let before = member.entries();
    let reply = member.command(doc! { "update": "c", "updates": [
    { "q": { "even": true }, "u": { "$set": { "x": 1 } }, "multi": true }] });
    assert_eq!(reply, doc! { "n": 150, "nModified": 150 });
    assert_eq!(member.entries() - before, 150);
    let reply = member.command(doc! { "delete": "c", "deletes": [{ "q": { "x": 1 }, "limit": 0 }] });
    assert_eq!((reply, member.entries() - before), (doc! { "n": 150 }, 300));
    let reply = member.command(
        doc! { "delete": "c", "deletes": [{ "q": {}, "limit": 1 }, { "q": { "_id": 3 }, "limit": 1 }] },
    );
    assert_eq!(reply, doc! { "n": 2 });
    assert_eq!(member.command(doc! { "count": "c" }), doc! { "n": 148 });
}

#[test]
fn a_retried_statement_is_not_run_again() {
    let mut member = Member::new();
    let command = doc! { "update": "c", "updates": [
    { "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } }, "upsert": true },
    { "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }] };
    member.command(command.clone());
    let before = member.entries();
    member.is_retry = true;
    let reply = member.command(command);
    assert_eq!(
        reply,
        doc! { "n": 2, "upserted": [{ "index": 0, "_id": 1 }], "nModified": 1, "retriedStmtIds": [0, 1] }
    );
    assert_eq!(member.entries(), before);
    assert_eq!(member.find(doc! {}), vec![doc! { "_id": 1, "n": 2 }]);
}

#[test]
fn find_and_modify_shows_before_or_after() {
    let mut member = Member::new();
    let upsert = doc! { "findAndModify": "c", "query": { "_id": 1 }, "update": { "$inc": { "n": 1 } }, "upsert": true };
    assert_eq!(
        member.command(upsert.clone()),
        doc! { "lastErrorObject": { "n": 1, "updatedExisting": false, "upserted": 1 }, "value": Bson::Null }
    );
    let mut show_new = upsert;
    show_new.insert("new", true);
    show_new.insert("fields", doc! { "_id": 0 });
    assert_eq!(
        member.command(show_new),
        doc! { "lastErrorObject": { "n": 1, "updatedExisting": true }, "value": { "n": 2 } }
    );
    member.insert(vec![doc! { "_id": 2, "n": 9 }]);
    assert_eq!(
        member.command(doc! { "findandmodify": "c", "sort": { "n": -1 }, "remove": true }),
        doc! { "lastErrorObject": { "n": 1 }, "value": { "_id": 2, "n": 9 } }
    );
    assert_eq!(
        member.command(doc! { "findAndModify": "c", "query": { "_id": 7 }, "update": { "a": 1 } }),
        doc! { "lastErrorObject": { "n": 0, "updatedExisting": false }, "value": Bson::Null }
    );
    assert_eq!(member.code(doc! { "findAndModify": "c" }), 9);
    assert_eq!(
        member.code(doc! { "findAndModify": "c", "remove": true, "update": {} }),
        9
    );
}

#[test]
fn counting_and_distinct_values() {
    let mut member = Member::new();
    member.insert(vec![
        doc! { "a": [1, 2] },
        doc! { "a": 2.0 },
        doc! { "a": "x" },
        doc! {},
    ]);
    assert_eq!(
        member.command(doc! { "count": "c", "query": { "a": 2 } }),
        doc! { "n": 2 }
    );
    assert_eq!(
        member.command(doc! { "count": "c", "skip": 1, "limit": 2 }),
        doc! { "n": 2 }
    );
    assert_eq!(member.command(doc! { "count": "nowhere" }), doc! { "n": 0 });
    let values = member.command(doc! { "distinct": "c", "key": "a" });
    assert_eq!(values, doc! { "values": [1, 2, "x"] });
}

#[test]
fn aggregation_reads_the_collection() {
    let mut member = Member::new();
    member.insert((0..10).map(|n| doc! { "_id": n, "k": n % 3 }).collect());
    let reply = member.command(doc! { "aggregate": "c", "cursor": {}, "pipeline": [
    { "$match": { "_id": { "$gte": 4 } } },
    { "$group": { "_id": "$k", "n": { "$sum": 1 } } },
    { "$sort": { "_id": 1 } },
    { "$lookup": { "from": "c", "localField": "_id", "foreignField": "_id", "as": "same" } },
    { "$project": { "n": 1, "same": { "$size": "$same" } } }] });
    let expected: Vec<Document> = (0..3).map(|k| doc! { "_id": k, "n": 2, "same": 1 }).collect();
    assert_eq!(documents(&reply, "firstBatch"), expected);
    assert_eq!(member.code(doc! { "aggregate": "c", "pipeline": [] }), 9);
    assert_eq!(
        member.code(doc! { "aggregate": "c", "pipeline": [{ "$x": 1 }], "cursor": {} }),
        40324
    );
    assert_eq!(
        member.code(doc! { "aggregate": 1, "pipeline": [], "cursor": {} }),
        73
    );
    let own =
        member.command(doc! { "aggregate": 1, "pipeline": [{ "$documents": [{ "a": 1 }] }], "cursor": {} });
    assert_eq!(documents(&own, "firstBatch"), vec![doc! { "a": 1 }]);
}

#[test]
fn updates_of_elements_use_the_position_of_the_match() {
    let mut member = Member::new();
    member.insert(vec![
        doc! { "_id": 1, "a": [{ "k": 1, "v": 0 }, { "k": 2, "v": 0 }] },
    ]);
    member
        .command(doc! { "update": "c", "updates": [{ "q": { "a.k": 2 }, "u": { "$set": { "a.$.v": 9 } } }] });
    assert_eq!(
        member.find(doc! { "filter": { "a.v": 9 }, "projection": { "a.$": 1 } }),
        vec![doc! { "_id": 1, "a": [{ "k": 2, "v": 9 }] }]
    );
    let filtered =
        bson!({ "q": {}, "u": { "$inc": { "a.$[x].v": 1 } }, "arrayFilters": [{ "x.k": { "$lt": 2 } }] });
    member.command(doc! { "update": "c", "updates": [filtered] });
    assert_eq!(
        member.find(doc! {}),
        vec![doc! { "_id": 1, "a": [{ "k": 1, "v": 1 }, { "k": 2, "v": 9 }] }]
    );
}

#[test]
fn a_batch_that_pauses_after_each_statement_comes_to_the_same() {
    let run = |slices| {
        let mut member = Member::new();
        member.slices = slices;
        let documents: Vec<Document> = (0..5).map(|id| doc! { "_id": id % 4 }).collect();
        let inserted = member.command(doc! { "insert": "c", "documents": documents, "ordered": false });
        let one = |id: i32| doc! { "q": { "_id": id }, "u": { "$set": { "a": 1 } }, "upsert": true };
        let updated = member.command(doc! { "update": "c", "updates": [one(1), one(9), one(2)] });
        let deletes = [
            doc! { "q": { "_id": 1 }, "limit": 1 },
            doc! { "q": {}, "limit": 0 },
        ];
        let deleted = member.command(doc! { "delete": "c", "deletes": deletes.to_vec() });
        (inserted, updated, deleted, member.entries())
    };
    let whole = run(false);
    assert_eq!(run(true), whole);
    assert_eq!(whole.0.get_i32("n").ok(), Some(4), "{}", whole.0);
    assert_eq!(whole.1.get_i32("nModified").ok(), Some(2), "{}", whole.1);
    assert_eq!(whole.2.get_i32("n").ok(), Some(5), "{}", whole.2);
}
