//! Pipelines against what MongoDB answers.

use bson::{Bson, Document, bson, doc};

use super::*;
use crate::query::QueryResult;

#[test]
fn pipelines_answer_as_mongodb_does() {
    let cases: Vec<(Bson, Vec<Document>)> = vec![
        (
            bson!([{ "$match": { "k": "a" } }, { "$project": { "v": 1 } }]),
            vec![doc! { "_id": 1, "v": 10 }, doc! { "_id": 3, "v": 30 }],
        ),
        (
            bson!([{ "$group": { "_id": "$k", "sum": { "$sum": "$v" }, "n": { "$count": {} }, "avg": { "$avg": "$v" },
                "min": { "$min": "$v" }, "first": { "$first": "$_id" }, "all": { "$push": "$v" } } },
                { "$sort": { "_id": 1 } }]),
            vec![
                doc! { "_id": "a", "sum": 40, "n": 2, "avg": 20.0, "min": 10, "first": 1, "all": [10, 30] },
                doc! { "_id": "b", "sum": 20, "n": 1, "avg": 20.0, "min": 20, "first": 2, "all": [20] },
            ],
        ),
        (
            bson!([{ "$group": { "_id": 1, "n": { "$sum": 1 } } }]),
            vec![doc! { "_id": 1, "n": 3 }],
        ),
        (
            bson!([{ "$sort": { "v": -1 } }, { "$skip": 1 }, { "$limit": 1 }, { "$unset": ["k", "l"] }]),
            vec![doc! { "_id": 2, "v": 20 }],
        ),
        (bson!([{ "$count": "n" }]), vec![doc! { "n": 3 }]),
        (bson!([{ "$match": { "k": "z" } }, { "$count": "n" }]), vec![]),
        (
            bson!([{ "$unwind": { "path": "$l", "includeArrayIndex": "i" } }, { "$project": { "l": 1, "i": 1 } }]),
            vec![
                doc! { "_id": 1, "l": 1, "i": 0_i64 },
                doc! { "_id": 1, "l": 2, "i": 1_i64 },
            ],
        ),
        (
            bson!([{ "$unwind": { "path": "$l", "preserveNullAndEmptyArrays": true } }, { "$count": "n" }]),
            vec![doc! { "n": 4 }],
        ),
        (
            bson!([{ "$limit": 1 }, { "$replaceWith": { "a": "$v" } }, { "$set": { "b": { "$add": ["$a", 1] } } }]),
            vec![doc! { "a": 10, "b": 11 }],
        ),
        (
            bson!([{ "$facet": { "n": [{ "$count": "n" }], "top": [{ "$limit": 1 }, { "$project": { "v": 1 } }] } }]),
            vec![doc! { "n": [{ "n": 3 }], "top": [{ "_id": 1, "v": 10 }] }],
        ),
        (
            bson!([{ "$sortByCount": "$k" }]),
            vec![doc! { "_id": "a", "count": 2 }, doc! { "_id": "b", "count": 1 }],
        ),
        (bson!([{ "$documents": [{ "x": 1 }] }]), vec![doc! { "x": 1 }]),
    ];
    for (stages, expected) in cases {
        assert_eq!(
            run(&stages).unwrap_or_else(|error| panic!("{stages}: {error}")),
            expected,
            "{stages}"
        );
    }
}

#[test]
fn a_sample_has_its_size_and_only_members() {
    let sample = run(&bson!([{ "$sample": { "size": 2 } }])).expect("runs");
    assert_eq!(sample.len(), 2);
    assert_ne!(sample[0], sample[1]);
}

#[test]
fn faults_have_mongodbs_codes() {
    let cases: Vec<(Bson, i32)> = vec![
        (bson!([{ "$nothing": {} }]), 40324),
        (bson!([{}]), 40323),
        (bson!([1]), 14),
        (bson!([{ "$limit": 0 }]), 15958),
        (bson!([{ "$limit": "x" }]), 5_107_201),
        (bson!([{ "$skip": -1 }]), 5_107_200),
        (bson!([{ "$group": { "n": { "$sum": 1 } } }]), 15955),
        (bson!([{ "$group": { "_id": 1, "n": { "$nothing": 1 } } }]), 15952),
        (bson!([{ "$group": { "_id": 1, "n": 1 } }]), 40234),
        (bson!([{ "$sort": {} }]), 15976),
        (bson!([{ "$unwind": "l" }]), 28818),
        (bson!([{ "$count": "" }]), 40156),
        (bson!([{ "$project": {} }]), 51272),
        (bson!([{ "$replaceWith": "$v" }]), 40228),
        (bson!([{ "$match": 1 }]), 15959),
        (bson!([{ "$sample": {} }]), 28749),
    ];
    for (stages, code) in cases {
        let error = run(&stages).expect_err("must fail");
        assert_eq!(error.code.number(), code, "{stages}: {error}");
    }
}

fn run(stages: &Bson) -> QueryResult<Vec<Document>> {
    let documents = vec![
        doc! { "_id": 1, "k": "a", "v": 10, "l": [1, 2] },
        doc! { "_id": 2, "k": "b", "v": 20, "l": [] },
        doc! { "_id": 3, "k": "a", "v": 30 },
    ];
    let stages = stages.as_array().expect("an array");
    Pipeline::parse(stages, &StageContext::default())?.run(&mut FromVec::new(documents))
}
