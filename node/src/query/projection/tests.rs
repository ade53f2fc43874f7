//! Projections against what MongoDB shows.

use bson::{Document, doc};

use super::*;
use crate::query::expression::Variables;

#[test]
fn find_projections() {
    let document = doc! { "_id": 1, "a": 1, "b": { "c": 2, "d": 3 }, "e": [{ "f": 1, "g": 2 }, 5, { "g": 3 }], "l": [1, 2, 3, 4] };
    let cases = [
        (doc! { "a": 1 }, doc! { "_id": 1, "a": 1 }),
        (doc! { "a": true, "_id": 0 }, doc! { "a": 1 }),
        (doc! { "b.c": 1 }, doc! { "_id": 1, "b": { "c": 2 } }),
        (doc! { "b": { "c": 1 } }, doc! { "_id": 1, "b": { "c": 2 } }),
        (
            doc! { "e.g": 1, "_id": 0 },
            doc! { "e": [{ "g": 2 }, { "g": 3 }] },
        ),
        (
            doc! { "l": 0, "e": 0 },
            doc! { "_id": 1, "a": 1, "b": { "c": 2, "d": 3 } },
        ),
        (
            doc! { "e.g": 0, "l": 0, "b": 0 },
            doc! { "_id": 1, "a": 1, "e": [{ "f": 1 }, 5, {}] },
        ),
        (doc! { "_id": 1 }, doc! { "_id": 1 }),
        (
            doc! { "l": { "$slice": 2 }, "e": 0, "b": 0 },
            doc! { "_id": 1, "a": 1, "l": [1, 2] },
        ),
        (
            doc! { "l": { "$slice": [-3, 2] }, "a": 1 },
            doc! { "_id": 1, "a": 1, "l": [2, 3] },
        ),
        (
            doc! { "l": { "$elemMatch": { "$gt": 2 } } },
            doc! { "_id": 1, "l": [3] },
        ),
        (
            doc! { "e": { "$elemMatch": { "g": 3 } } },
            doc! { "_id": 1, "e": [{ "g": 3 }] },
        ),
        (doc! { "l.$": 1 }, doc! { "_id": 1, "l": [2] }),
        (
            doc! { "x": "$a", "y": { "$add": ["$a", 1] } },
            doc! { "_id": 1, "x": 1, "y": 2 },
        ),
        (doc! { "missing": 1, "_id": 0 }, doc! {}),
    ];
    for (specification, expected) in cases {
        let projection =
            Projection::parse(&specification, Dialect::Find, &Variables::new()).expect("a projection");
        assert_same(
            &projection.apply(&document, Some(1)).expect("applies"),
            &expected,
            &specification,
        );
    }
}

#[test]
fn adding_fields() {
    let document = doc! { "_id": 1, "a": 1, "b": { "c": 2 }, "l": [{ "x": 1 }, 2] };
    let cases = [
        (
            doc! { "a": 9, "z": "$a" },
            doc! { "_id": 1, "a": 9, "b": { "c": 2 }, "l": [{ "x": 1 }, 2], "z": 1 },
        ),
        (
            doc! { "b.d": 1, "l": 0 },
            doc! { "_id": 1, "a": 1, "b": { "c": 2, "d": 1 }, "l": 0 },
        ),
        (
            doc! { "l.y": 1 },
            doc! { "_id": 1, "a": 1, "b": { "c": 2 }, "l": [{ "x": 1, "y": 1 }, { "y": 1 }] },
        ),
        (
            doc! { "l": "$$REMOVE", "a": "$missing" },
            doc! { "_id": 1, "b": { "c": 2 } },
        ),
    ];
    for (specification, expected) in cases {
        let fields = AddFields::parse(&specification, &Variables::new()).expect("fields");
        assert_same(
            &fields.apply(&document).expect("applies"),
            &expected,
            &specification,
        );
    }
}

#[test]
fn faults_have_mongodbs_codes() {
    let cases = [
        (doc! { "a": 1, "b": 0 }, 31254),
        (doc! { "a": 0, "b": 1 }, 31253),
        (doc! { "a": 1, "a.b": 1 }, 31249),
        (doc! { "a.b": 1, "a": 1 }, 31250),
        (doc! { "a.": 1 }, 40353),
        (doc! { "a..b": 1 }, 15998),
        (doc! { "a": {} }, 51270),
        (doc! { "a": { "$nothing": 1 } }, 31325),
    ];
    for (specification, code) in cases {
        let error =
            Projection::parse(&specification, Dialect::Aggregate, &Variables::new()).expect_err("fails");
        assert_eq!(error.code.number(), code, "{specification}: {error}");
    }
}

/// Equal including the order of fields.
fn assert_same(left: &Document, right: &Document, what: &Document) {
    assert_eq!(
        left.to_vec().expect("encodes"),
        right.to_vec().expect("encodes"),
        "{what}: {left} not {right}"
    );
}
