//! Updates against what MongoDB makes of documents.

use bson::{Bson, DateTime, Document, Timestamp, bson, doc};

use super::*;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;

#[test]
fn updates_make_what_mongodb_makes() {
    let cases: Vec<(Document, Bson, Document)> = vec![
        (
            doc! { "_id": 1, "a": 1 },
            bson!({ "b": 2 }),
            doc! { "_id": 1, "b": 2 },
        ),
        (
            doc! { "_id": 1 },
            bson!({ "b": 2, "_id": 1.0 }),
            doc! { "_id": 1.0, "b": 2 },
        ),
        (
            doc! { "_id": 1, "a": 1 },
            bson!({ "$set": { "a": 2, "c.d": 3 } }),
            doc! { "_id": 1, "a": 2, "c": { "d": 3 } },
        ),
        (
            doc! { "_id": 1 },
            bson!({ "$set": { "z": 1, "b": 2 } }),
            doc! { "_id": 1, "b": 2, "z": 1 },
        ),
        (
            doc! { "_id": 1, "a": [1, 2] },
            bson!({ "$set": { "a.1": 9, "a.4": 5 } }),
            doc! { "_id": 1, "a": [1, 9, Bson::Null, Bson::Null, 5] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2], "b": 1 },
            bson!({ "$unset": { "a.0": "", "b": 1, "x.y": 1 } }),
            doc! { "_id": 1, "a": [Bson::Null, 2] },
        ),
        (
            doc! { "_id": 1, "n": 5 },
            bson!({ "$inc": { "n": 1, "m": 2_i64 } }),
            doc! { "_id": 1, "n": 6, "m": 2_i64 },
        ),
        (
            doc! { "_id": 1, "n": i32::MAX },
            bson!({ "$inc": { "n": 1 } }),
            doc! { "_id": 1, "n": 2_147_483_648_i64 },
        ),
        (
            doc! { "_id": 1, "n": 5 },
            bson!({ "$mul": { "n": 1.5, "m": 3_i64 } }),
            doc! { "_id": 1, "n": 7.5, "m": 0_i64 },
        ),
        (
            doc! { "_id": 1, "a": 5, "b": 5 },
            bson!({ "$min": { "a": 3, "b": 9 }, "$max": { "c": 1 } }),
            doc! { "_id": 1, "a": 3, "b": 5, "c": 1 },
        ),
        (
            doc! { "_id": 1, "a": "x" },
            bson!({ "$max": { "a": 100 } }),
            doc! { "_id": 1, "a": "x" },
        ),
        (
            doc! { "_id": 1, "a": 1, "b": 2 },
            bson!({ "$rename": { "a": "c.d", "x": "y" } }),
            doc! { "_id": 1, "b": 2, "c": { "d": 1 } },
        ),
        (
            doc! { "_id": 1, "a": 1, "b": 2 },
            bson!({ "$rename": { "a": "b" } }),
            doc! { "_id": 1, "b": 1 },
        ),
        (
            doc! { "_id": 1 },
            bson!({ "$setOnInsert": { "a": 1 } }),
            doc! { "_id": 1 },
        ),
        (
            doc! { "_id": 1 },
            bson!({ "$currentDate": { "a": true, "b": { "$type": "timestamp" } } }),
            doc! { "_id": 1, "a": DateTime::from_millis(7), "b": Timestamp { time: 8, increment: 9 } },
        ),
        (
            doc! { "_id": 1, "a": [1] },
            bson!({ "$push": { "a": [2], "b": 1 } }),
            doc! { "_id": 1, "a": [1, [2]], "b": [1] },
        ),
        (
            doc! { "_id": 1, "a": [5, 1] },
            bson!({ "$push": { "a": { "$each": [3, 9], "$sort": -1, "$slice": 3 } } }),
            doc! { "_id": 1, "a": [9, 5, 3] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2] },
            bson!({ "$push": { "a": { "$each": [8, 9], "$position": -1, "$slice": -3 } } }),
            doc! { "_id": 1, "a": [8, 9, 2] },
        ),
        (
            doc! { "_id": 1, "a": [{ "x": 2 }] },
            bson!({ "$push": { "a": { "$each": [{ "x": 1 }], "$sort": { "x": 1 } } } }),
            doc! { "_id": 1, "a": [{ "x": 1 }, { "x": 2 }] },
        ),
        (
            doc! { "_id": 1, "a": [1] },
            bson!({ "$addToSet": { "a": { "$each": [1.0, 2, 2] } } }),
            doc! { "_id": 1, "a": [1, 2] },
        ),
        (
            doc! { "_id": 1, "a": [1, 5, 9] },
            bson!({ "$pull": { "a": { "$gte": 5 } } }),
            doc! { "_id": 1, "a": [1] },
        ),
        (
            doc! { "_id": 1, "a": [{ "x": 1, "y": 1 }, { "x": 2 }] },
            bson!({ "$pull": { "a": { "x": 1 } } }),
            doc! { "_id": 1, "a": [{ "x": 2 }] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2, 1] },
            bson!({ "$pull": { "a": 1 } }),
            doc! { "_id": 1, "a": [2] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2, 3] },
            bson!({ "$pullAll": { "a": [1, 3] } }),
            doc! { "_id": 1, "a": [2] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2], "b": [1, 2] },
            bson!({ "$pop": { "a": 1, "b": -1 } }),
            doc! { "_id": 1, "a": [1], "b": [2] },
        ),
        (
            doc! { "_id": 1, "a": 13 },
            bson!({ "$bit": { "a": { "and": 10 } } }),
            doc! { "_id": 1, "a": 8 },
        ),
        (
            doc! { "_id": 1, "a": [1, 2, 3] },
            bson!({ "$inc": { "a.$": 10 } }),
            doc! { "_id": 1, "a": [1, 12, 3] },
        ),
        (
            doc! { "_id": 1, "a": [1, 2] },
            bson!({ "$mul": { "a.$[]": 2 } }),
            doc! { "_id": 1, "a": [2, 4] },
        ),
        (
            doc! { "_id": 1, "a": [{ "b": [1, 5] }, { "b": [6] }] },
            bson!({ "$set": { "a.$[].b.$[big]": 0 } }),
            doc! { "_id": 1, "a": [{ "b": [1, 0] }, { "b": [0] }] },
        ),
        (
            doc! { "_id": 1, "a": 2 },
            bson!([{ "$set": { "b": { "$add": ["$a", 1] } } }, { "$unset": "a" }]),
            doc! { "_id": 1, "b": 3 },
        ),
        (
            doc! { "_id": 1, "a": 2 },
            bson!([{ "$replaceWith": { "_id": "$_id", "n": "$a" } }]),
            doc! { "_id": 1, "n": 2 },
        ),
    ];
    for (before, update, expected) in cases {
        let result = apply(&before, &update, 1).unwrap_or_else(|error| panic!("{update}: {error}"));
        let bytes = |document: &Document| document.to_vec().expect("encodes");
        assert_eq!(
            bytes(&result.document),
            bytes(&expected),
            "{update}: {}",
            result.document
        );
        assert_eq!(result.modified, bytes(&before) != bytes(&expected), "{update}");
    }
}

#[test]
fn faults_have_mongodbs_codes() {
    let cases: Vec<(Document, Bson, i32)> = vec![
        (doc! {}, bson!({ "$nothing": { "a": 1 } }), 9),
        (doc! {}, bson!({ "$set": 1 }), 9),
        (doc! {}, bson!({ "a": 1, "$set": { "b": 1 } }), 52),
        (doc! {}, bson!({ "$set": { "a": 1 }, "$inc": { "a": 1 } }), 40),
        (doc! {}, bson!({ "$set": { "a": 1, "a.b": 1 } }), 40),
        (
            doc! {},
            bson!({ "$rename": { "a": "b" }, "$set": { "b": 1 } }),
            40,
        ),
        (doc! { "a": 1 }, bson!({ "$set": { "a.b": 1 } }), 28),
        (doc! { "a": [1] }, bson!({ "$set": { "a.b": 1 } }), 28),
        (doc! { "_id": 1 }, bson!({ "$set": { "_id": 2 } }), 66),
        (doc! { "_id": 1 }, bson!({ "$unset": { "_id": 1 } }), 66),
        (doc! { "_id": 1 }, bson!({ "_id": 2 }), 66),
        (doc! { "a": "x" }, bson!({ "$inc": { "a": 1 } }), 14),
        (doc! {}, bson!({ "$inc": { "a": "x" } }), 14),
        (doc! { "a": i64::MAX }, bson!({ "$inc": { "a": 1 } }), 2),
        (doc! { "a": 1 }, bson!({ "$push": { "a": 1 } }), 2),
        (doc! { "a": 1 }, bson!({ "$pop": { "a": 1 } }), 14),
        (doc! { "a": [] }, bson!({ "$pop": { "a": 2 } }), 9),
        (doc! { "a": 1 }, bson!({ "$pull": { "a": 1 } }), 2),
        (doc! { "a": 1 }, bson!({ "$addToSet": { "a": 1 } }), 2),
        (doc! { "a": 1 }, bson!({ "$set": { "a.$[]": 1 } }), 2),
        (doc! { "a": [] }, bson!({ "$set": { "a.$[nobody]": 1 } }), 2),
        (doc! {}, bson!({ "$set": { "a..b": 1 } }), 56),
        (doc! {}, bson!({ "$set": { "": 1 } }), 56),
        (doc! {}, bson!({ "$set": { "a.$b": 1 } }), 52),
        (doc! {}, bson!([{ "$match": {} }]), 72),
        (doc! { "a": [] }, bson!({ "$set": { "a.2000000": 1 } }), 2),
        (doc! {}, bson!({ "$set": { "$": 1 } }), 2),
        (doc! {}, Bson::Int32(1), 9),
    ];
    for (before, update, code) in cases {
        let error = apply_without_filters(&before, &update).expect_err("must fail");
        assert_eq!(error.code.number(), code, "{update} on {before}: {error}");
    }
}

#[test]
fn upserts_begin_with_what_the_filter_says() {
    let cases: Vec<(Document, Bson, Document)> = vec![
        (
            doc! { "a": 1, "b": { "$gt": 2 } },
            bson!({ "$set": { "c": 3 } }),
            doc! { "a": 1, "c": 3 },
        ),
        (
            doc! { "_id": 7, "a": 1 },
            bson!({ "b": 2 }),
            doc! { "_id": 7, "b": 2 },
        ),
        (
            doc! { "a.b": 1, "_id": { "$eq": 3 } },
            bson!({ "$inc": { "n": 1 } }),
            doc! { "_id": 3, "a": { "b": 1 }, "n": 1 },
        ),
        (
            doc! { "$and": [{ "a": 1 }, { "b": 2 }] },
            bson!({ "$setOnInsert": { "c": 3 } }),
            doc! { "a": 1, "b": 2, "c": 3 },
        ),
        (
            doc! { "$or": [{ "a": 1 }, { "b": 2 }] },
            bson!({ "$set": { "c": 3 } }),
            doc! { "c": 3 },
        ),
        (
            doc! { "a": { "$all": [4] } },
            bson!({ "$set": { "c": 3 } }),
            doc! { "a": 4, "c": 3 },
        ),
    ];
    for (filter, update, expected) in cases {
        let matcher = Matcher::compile(&filter, &Variables::new()).expect("a filter");
        let update = Update::compile(&update, &[], &Variables::new()).expect("an update");
        let document = update
            .upsert_document(&matcher, &context(None))
            .expect("a document");
        assert_eq!(
            document.to_vec().expect("encodes"),
            expected.to_vec().expect("encodes"),
            "{filter}: {document}"
        );
    }
    let twice = Matcher::compile(&doc! { "a": { "$all": [1, 2] } }, &Variables::new()).expect("a filter");
    let update = Update::compile(&bson!({ "$set": { "c": 1 } }), &[], &Variables::new()).expect("an update");
    assert_eq!(
        update
            .upsert_document(&twice, &context(None))
            .expect_err("twice")
            .code
            .number(),
        54
    );
}

#[test]
fn array_filters_must_be_used_and_named_well() {
    let set = bson!({ "$set": { "a.$[x]": 1 } });
    let compile = |filters: &[Document]| Update::compile(&set, filters, &Variables::new()).map(|_| ());
    assert!(compile(&[doc! { "x": 1 }]).is_ok());
    for (filters, code) in [
        (vec![doc! { "x": 1 }, doc! { "y": 1 }], 9),
        (vec![doc! { "x": 1 }, doc! { "x": 2 }], 9),
        (vec![doc! { "X": 1 }], 2),
        (vec![doc! { "x": 1, "y": 2 }], 9),
        (vec![doc! {}], 9),
        (vec![], 2),
    ] {
        assert_eq!(
            compile(&filters).expect_err("must fail").code.number(),
            code,
            "{filters:?}"
        );
    }
}

fn apply(before: &Document, update: &Bson, position: usize) -> crate::query::QueryResult<Updated> {
    let uses_filter = update.to_string().contains("$[big]");
    let filters = if uses_filter {
        vec![doc! { "big": { "$gte": 5 } }]
    } else {
        vec![]
    };
    Update::compile(update, &filters, &Variables::new())?.apply(before, &context(Some(position)))
}

fn apply_without_filters(before: &Document, update: &Bson) -> crate::query::QueryResult<Updated> {
    Update::compile(update, &[], &Variables::new())?.apply(before, &context(None))
}

fn context(position: Option<usize>) -> ApplyContext {
    let timestamp = Timestamp {
        time: 8,
        increment: 9,
    };
    ApplyContext {
        position,
        inserting: false,
        now: DateTime::from_millis(7),
        timestamp,
    }
}
