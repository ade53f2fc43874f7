//! Expressions against what MongoDB answers.

use bson::{Bson, DateTime, Document, bson, doc};

use super::*;
use crate::query::compare::equal;
use crate::query::types::type_name;

#[test]
fn operators_answer_as_mongodb_does() {
    let cases: Vec<(Bson, Bson)> = vec![
        (bson!("$n"), bson!(5)),
        (bson!("$$ROOT.n"), bson!(5)),
        (bson!("$missing"), Bson::Undefined),
        (bson!("$items.price"), bson!([10, 20])),
        (bson!("$items.0.price"), bson!([])),
        (bson!({ "$add": ["$n", 1.5] }), bson!(6.5)),
        (bson!({ "$add": ["$n", null] }), Bson::Null),
        (
            bson!({ "$add": ["$day", 1000] }),
            Bson::DateTime(DateTime::from_millis(1001)),
        ),
        (bson!({ "$add": [2147483647, 1] }), Bson::Int64(2_147_483_648)),
        (bson!({ "$add": [i64::MAX, 1] }), Bson::Double(2_f64.powi(63))),
        (bson!({ "$subtract": ["$n", 7] }), bson!(-2)),
        (bson!({ "$multiply": ["$n", 2, 2] }), bson!(20)),
        (bson!({ "$divide": [7, 2] }), bson!(3.5)),
        (bson!({ "$mod": [-7, 3] }), bson!(-1)),
        (bson!({ "$concat": ["a", "$s", "c"] }), bson!("abc")),
        (bson!({ "$concat": ["a", "$missing"] }), Bson::Null),
        (
            bson!({ "$cond": [{ "$gt": ["$n", 3] }, "big", "small"] }),
            bson!("big"),
        ),
        (
            bson!({ "$cond": { "if": "$missing", "then": 1, "else": 2 } }),
            bson!(2),
        ),
        (bson!({ "$ifNull": ["$missing", "$s"] }), bson!("b")),
        (bson!({ "$and": [1, "x", true] }), bson!(true)),
        (bson!({ "$or": [0, null, "$missing"] }), bson!(false)),
        (bson!({ "$not": [0] }), bson!(true)),
        (bson!({ "$eq": [1, 1.0] }), bson!(true)),
        (bson!({ "$lt": ["$missing", null] }), bson!(true)),
        (bson!({ "$cmp": ["a", 1] }), bson!(1)),
        (bson!({ "$in": [2, "$list"] }), bson!(true)),
        (bson!({ "$size": "$list" }), bson!(3)),
        (bson!({ "$arrayElemAt": ["$list", -1] }), bson!(3)),
        (bson!({ "$arrayElemAt": ["$list", 9] }), Bson::Undefined),
        (
            bson!({ "$filter": { "input": "$list", "cond": { "$gte": ["$$this", 2] } } }),
            bson!([2, 3]),
        ),
        (
            bson!({ "$map": { "input": "$list", "as": "x", "in": { "$add": ["$$x", "$n"] } } }),
            bson!([6, 7, 8]),
        ),
        (
            bson!({ "$reduce": { "input": "$list", "initialValue": 0, "in": { "$add": ["$$value", "$$this"] } } }),
            bson!(6),
        ),
        (bson!({ "$sum": "$list" }), bson!(6)),
        (bson!({ "$avg": ["$n", 6] }), bson!(5.5)),
        (bson!({ "$max": ["$n", "$s"] }), bson!("b")),
        (
            bson!({ "$let": { "vars": { "x": 2 }, "in": { "$multiply": ["$$x", "$n"] } } }),
            bson!(10),
        ),
        (
            bson!({ "$switch": { "branches": [{ "case": false, "then": 1 }], "default": 2 } }),
            bson!(2),
        ),
        (bson!({ "$toString": "$n" }), bson!("5")),
        (bson!({ "$toInt": "12" }), bson!(12)),
        (bson!({ "$toLong": 3.9 }), Bson::Int64(3)),
        (
            bson!({ "$convert": { "input": "x", "to": "int", "onError": -1 } }),
            bson!(-1),
        ),
        (bson!({ "$type": "$missing" }), bson!("missing")),
        (bson!({ "$literal": "$n" }), bson!("$n")),
        (
            bson!({ "$mergeObjects": [{ "a": 1, "b": 1 }, { "b": 2 }] }),
            bson!({ "a": 1, "b": 2 }),
        ),
        (bson!({ "a": "$n", "b": "$missing" }), bson!({ "a": 5 })),
        (bson!(["$n", "$missing"]), bson!([5, null])),
        (bson!({ "$setUnion": [[3, 1], [1, 2]] }), bson!([1, 2, 3])),
        (bson!({ "$slice": ["$list", -2] }), bson!([2, 3])),
        (bson!({ "$substrCP": ["$s", 0, 5] }), bson!("b")),
        (bson!({ "$split": ["a-b", "-"] }), bson!(["a", "b"])),
        (bson!({ "$trim": { "input": " x " } }), bson!("x")),
        (
            bson!({ "$regexMatch": { "input": "Abc", "regex": "^a", "options": "i" } }),
            bson!(true),
        ),
        (bson!({ "$round": [2.5] }), bson!(2.0)),
        (bson!({ "$trunc": [-2.7] }), bson!(-2.0)),
        (bson!({ "$pow": [2, 10] }), bson!(1024)),
        (bson!({ "$year": "$day" }), bson!(1970)),
        (
            bson!({ "$dateToString": { "date": DateTime::from_millis(951_782_400_000), "format": "%Y-%m-%d %j" } }),
            bson!("2000-02-29 060"),
        ),
        (
            bson!({ "$dateAdd": { "startDate": DateTime::from_millis(951_782_400_000), "unit": "year", "amount": 1 } }),
            Bson::DateTime(DateTime::from_millis(983_318_400_000)),
        ),
        (bson!({ "$getField": "s" }), bson!("b")),
        (bson!({ "$range": [0, 6, 2] }), bson!([0, 2, 4])),
        (bson!("$$REMOVE"), Bson::Undefined),
    ];
    for (expression, expected) in cases {
        let result = evaluate(&expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert!(
            equal(&result, &expected) && type_name(&result) == type_name(&expected),
            "{expression}: {result:?} instead of {expected:?}"
        );
    }
}

#[test]
fn faults_have_mongodbs_codes() {
    let cases: Vec<(Bson, i32)> = vec![
        (bson!({ "$nothing": 1 }), 168),
        (bson!({ "$add": ["x", 1] }), 14),
        (bson!({ "$divide": [1, 0] }), 2),
        (bson!({ "$divide": [1] }), 16020),
        (bson!({ "$size": "$n" }), 17124),
        (bson!({ "$concat": [1] }), 16702),
        (bson!("$"), 16872),
        (bson!("$a."), 40353),
        (bson!("$a..b"), 15998),
        (bson!("$$nobody"), 17276),
        (bson!({ "$add": 1, "x": 2 }), 15983),
        (bson!({ "$in": [1, 2] }), 40081),
        (bson!({ "$toInt": "x" }), 241),
        (bson!({ "$switch": { "branches": [] } }), 40068),
    ];
    for (expression, code) in cases {
        let error = evaluate(&expression).expect_err("must fail");
        assert_eq!(error.code.number(), code, "{expression}: {error}");
    }
}

fn evaluate(expression: &Bson) -> crate::query::QueryResult<Bson> {
    let root: Document = doc! {
        "n": 5, "s": "b", "list": [1, 2, 3], "items": [{ "price": 10 }, { "price": 20 }, { "other": 1 }],
        "day": DateTime::from_millis(1),
    };
    let variables = Variables::new();
    Expression::parse(expression, &variables)?.evaluate(&root, &variables)
}
