//! Collections, indexes, statistics.

use bson::{Bson, doc};

use super::harness::{Member, documents};

#[test]
fn collections_come_and_go() {
    let mut member = Member::new();
    assert_eq!(member.command(doc! { "create": "c" }), doc! {});
    assert_eq!(member.code(doc! { "create": "c" }), 48);
    assert_eq!(member.code(doc! { "create": "v", "viewOn": "c" }), 115);
    assert_eq!(member.code(doc! { "create": "" }), 73);
    assert_eq!(member.code(doc! { "create": "a$b" }), 73);
    let listed = member.command(doc! { "listCollections": 1, "nameOnly": true });
    assert_eq!(
        documents(&listed, "firstBatch"),
        vec![doc! { "name": "c", "type": "collection" }]
    );
    assert_eq!(
        member.command(doc! { "drop": "c" }),
        doc! { "nIndexesWas": 1, "ns": "d.c" }
    );
    assert_eq!(member.command(doc! { "drop": "c" }), doc! {});
    member.insert(vec![doc! { "_id": 1 }]);
    member.command_on("admin", doc! { "renameCollection": "d.c", "to": "d.e" });
    assert_eq!(member.find(doc! { "find": "e" }), vec![doc! { "_id": 1 }]);
    assert_eq!(
        member.command(doc! { "dropDatabase": 1 }),
        doc! { "dropped": "d" }
    );
    let listed = member.command_on("admin", doc! { "listDatabases": 1 });
    assert!(!listed.to_string().contains("\"d\""), "{listed}");
}

#[test]
fn indexes_are_listed_used_and_dropped() {
    let mut member = Member::new();
    member.insert(
        (0..20)
            .map(|n| doc! { "_id": n, "a": n % 5, "tags": [n, n + 1] })
            .collect(),
    );
    let create = |name: &str, key: bson::Document| {
        doc! { "createIndexes": "c", "indexes": [{ "key": key, "name": name }] }
    };
    let made = member.command(create("a_1", doc! { "a": 1 }));
    assert_eq!(
        (
            made.get_i32("numIndexesBefore").expect("before"),
            made.get_i32("numIndexesAfter").expect("after")
        ),
        (1, 2)
    );
    assert!(
        member
            .command(create("a_1", doc! { "a": 1 }))
            .contains_key("note")
    );
    assert_eq!(member.code(create("other", doc! { "a": 1 })), 85);
    assert_eq!(member.code(create("a_1", doc! { "b": 1 })), 86);
    assert_eq!(member.code(create("x", doc! { "a": "text" })), 67);
    assert_eq!(member.code(create("x", doc! { "a": 0 })), 67);
    member.command(create("tags_-1", doc! { "tags": -1 }));
    let explained = member
        .command(doc! { "explain": { "find": "c", "filter": { "a": 3 } }, "verbosity": "executionStats" });
    let stats = explained.get_document("executionStats").expect("stats");
    assert_eq!(
        (
            stats.get_i64("nReturned").expect("n"),
            stats.get_i64("totalDocsExamined").expect("n")
        ),
        (4, 4)
    );
    assert_eq!(
        member
            .find(doc! { "filter": { "tags": { "$in": [3, 4] } } })
            .len(),
        3,
        "a document comes once"
    );
    let reply = member.command(doc! { "update": "c", "updates": [
    { "q": { "a": 3 }, "u": { "$set": { "a": 100 } } },
    { "q": { "a": 100 }, "u": { "$set": { "b": 1 } }, "multi": true },
    { "q": { "a": 3 }, "u": { "$set": { "b": 2 } }, "multi": true }] });
    assert_eq!(
        reply,
        doc! { "n": 5, "nModified": 5 },
        "an index scan sees what is planned"
    );
    let listed = member.command(doc! { "listIndexes": "c" });
    let names: Vec<String> = documents(&listed, "firstBatch")
        .iter()
        .map(|index| index.get_str("name").expect("a name").to_owned())
        .collect();
    assert_eq!(names, ["_id_", "a_1", "tags_-1"]);
    assert_eq!(member.code(doc! { "dropIndexes": "c", "index": "zzz" }), 27);
    assert_eq!(member.code(doc! { "dropIndexes": "c", "index": "_id_" }), 72);
    assert_eq!(
        member.command(doc! { "dropIndexes": "c", "index": { "a": 1 } }),
        doc! { "nIndexesWas": 3 }
    );
    member.command(doc! { "dropIndexes": "c", "index": "*" });
    assert_eq!(member.code(doc! { "listIndexes": "nowhere" }), 26);
    assert!(
        member
            .command(doc! { "validate": "c" })
            .get_bool("valid")
            .expect("a verdict")
    );
}

#[test]
fn unique_indexes_refuse_doubles_also_within_a_command() {
    let mut member = Member::new();
    member.command(
        doc! { "createIndexes": "c", "indexes": [{ "key": { "e": 1 }, "name": "e_1", "unique": true }] },
    );
    let reply = member.command(doc! { "insert": "c", "ordered": false,
    "documents": [{ "_id": 1, "e": "a" }, { "_id": 2, "e": "a" }, { "_id": 3, "e": "b" }] });
    assert_eq!(reply.get_i32("n").expect("n"), 2);
    let error = reply.get_array("writeErrors").expect("errors")[0]
        .as_document()
        .expect("one")
        .clone();
    assert_eq!(error.get_document("keyValue").expect("value"), &doc! { "e": "a" });
    // Giving a value up and taking it in one command is fine; taking one that is kept is not.
    let swap = member.command(doc! { "update": "c", "updates": [
    { "q": { "_id": 1 }, "u": { "$set": { "e": "c" } } },
    { "q": { "_id": 3 }, "u": { "$set": { "e": "a" } } },
    { "q": { "_id": 3 }, "u": { "$set": { "e": "c" } } }] });
    assert_eq!(swap.get_i32("nModified").expect("n"), 2);
    assert_eq!(swap.get_array("writeErrors").expect("errors").len(), 1);
    member.insert(vec![
        doc! { "_id": 9, "x": 1, "e": 9 },
        doc! { "_id": 10, "x": 1, "e": 10 },
    ]);
    let refused =
        doc! { "createIndexes": "c", "indexes": [{ "key": { "x": 1 }, "name": "x_1", "unique": true }] };
    assert_eq!(member.code(refused), 11000);
}

/// Rows S3-22, S3-24 of the notes.
#[test]
fn statistics_have_the_fields_of_the_notes() {
    let mut member = Member::new();
    member.insert(vec![doc! { "_id": 1, "a": 1 }, doc! { "_id": 2 }]);
    member.command(doc! { "createIndexes": "c", "indexes": [{ "key": { "a": 1 }, "name": "a_1" }] });
    let stats = member.command(doc! { "dbStats": 1 });
    for field in [
        "db",
        "collections",
        "objects",
        "avgObjSize",
        "dataSize",
        "storageSize",
        "numExtents",
        "indexes",
        "indexSize",
    ] {
        assert!(stats.contains_key(field), "{field}");
    }
    assert_eq!(stats.get_i64("objects").expect("64 bits"), 2);
    assert_eq!(stats.get_i64("indexes").expect("64 bits"), 2);
    assert!(stats.get_i64("dataSize").expect("64 bits") > 0);
    let reply = member.command(doc! { "aggregate": "c", "cursor": {}, "pipeline": [
    { "$collStats": { "storageStats": { "scale": 1 } } },
    { "$group": { "_id": Bson::Null, "value": { "$sum": "$storageStats.count" } } }] });
    assert_eq!(
        documents(&reply, "firstBatch"),
        vec![doc! { "_id": Bson::Null, "value": 2_i64 }]
    );
    assert_eq!(
        member
            .command(doc! { "collStats": "c" })
            .get_i32("nindexes")
            .expect("n"),
        2
    );
    let hash = member.command(doc! { "dbHash": 1 });
    let hash = hash.get_document("collections").and_then(|all| all.get_str("c"));
    assert_eq!(hash.expect("a hash").len(), 32);
}

#[test]
fn coll_mod_says_what_it_can_not_change() {
    let mut member = Member::new();
    assert_eq!(member.code(doc! { "collMod": "c" }), 26);
    member.command(doc! { "create": "c" });
    assert_eq!(member.command(doc! { "collMod": "c" }), doc! {});
    assert_eq!(member.code(doc! { "collMod": "c", "validator": { "a": 1 } }), 115);
    assert_eq!(member.code(doc! { "collMod": "c", "wish": 1 }), 40415);
}
