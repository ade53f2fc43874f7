//! Filters against what MongoDB finds.

use bson::{Bson, Document, doc};

use super::*;
use crate::query::expression::Variables;

#[test]
fn filters_find_what_mongodb_finds() {
    let regex = |pattern: &str| {
        Bson::RegularExpression(bson::Regex {
            pattern: pattern.to_owned().try_into().expect("no zero"),
            options: "i".to_owned().try_into().expect("no zero"),
        })
    };
    let cases: Vec<(Document, Document, bool)> = vec![
        // Equality, types, null and missing.
        (doc! { "a": 1 }, doc! { "a": 1.0 }, true),
        (doc! { "a": 1_i64 }, doc! { "a": "1" }, false),
        (doc! { "a": Bson::Null }, doc! {}, true),
        (doc! { "a": Bson::Null }, doc! { "a": 0 }, false),
        (doc! { "a.b": Bson::Null }, doc! { "a": 5 }, true),
        (doc! { "a.b": Bson::Null }, doc! { "a": [5] }, false),
        (doc! { "a.b": Bson::Null }, doc! { "a": [{ "b": 1 }, {}] }, true),
        (doc! { "a": { "$ne": Bson::Null } }, doc! {}, false),
        (
            doc! { "a": { "b": 1, "c": 2 } },
            doc! { "a": { "b": 1, "c": 2 } },
            true,
        ),
        (
            doc! { "a": { "b": 1, "c": 2 } },
            doc! { "a": { "c": 2, "b": 1 } },
            false,
        ),
        (doc! { "a": {} }, doc! { "a": {} }, true),
        // Arrays.
        (doc! { "a": 2 }, doc! { "a": [1, 2] }, true),
        (doc! { "a": [1, 2] }, doc! { "a": [1, 2] }, true),
        (doc! { "a": [1, 2] }, doc! { "a": [[1, 2], 3] }, true),
        (doc! { "a": [1] }, doc! { "a": [1, 2] }, false),
        (doc! { "a.b": 2 }, doc! { "a": [{ "b": 1 }, { "b": 2 }] }, true),
        (doc! { "a.1": 2 }, doc! { "a": [1, 2] }, true),
        (doc! { "a.0.b": 1 }, doc! { "a": [{ "b": 1 }] }, true),
        (doc! { "a": { "$ne": 2 } }, doc! { "a": [1, 2] }, false),
        (doc! { "a": { "$gt": 1, "$lt": 2 } }, doc! { "a": [0, 3] }, true),
        (
            doc! { "a": { "$elemMatch": { "$gt": 1, "$lt": 2 } } },
            doc! { "a": [0, 3] },
            false,
        ),
        (
            doc! { "a": { "$elemMatch": { "$gt": 1, "$lt": 5 } } },
            doc! { "a": [0, 3] },
            true,
        ),
        (
            doc! { "a": { "$elemMatch": { "b": 1, "c": 2 } } },
            doc! { "a": [{ "b": 1, "c": 2 }] },
            true,
        ),
        (
            doc! { "a": { "$elemMatch": { "b": 1, "c": 2 } } },
            doc! { "a": [{ "b": 1 }, { "c": 2 }] },
            false,
        ),
        (
            doc! { "a.b": 1, "a.c": 2 },
            doc! { "a": [{ "b": 1 }, { "c": 2 }] },
            true,
        ),
        (doc! { "a": { "$all": [1, 2] } }, doc! { "a": [2, 3, 1] }, true),
        (doc! { "a": { "$all": [1] } }, doc! { "a": 1 }, true),
        (doc! { "a": { "$all": [] } }, doc! { "a": [] }, false),
        (
            doc! { "a": { "$all": [{ "$elemMatch": { "b": 1 } }] } },
            doc! { "a": [{ "b": 1 }] },
            true,
        ),
        (doc! { "a": { "$size": 2 } }, doc! { "a": [1, 2] }, true),
        (doc! { "a": { "$size": 0 } }, doc! {}, false),
        // Ranges stay inside a type.
        (doc! { "a": { "$gt": 1 } }, doc! { "a": "x" }, false),
        (doc! { "a": { "$gte": "b" } }, doc! { "a": "c" }, true),
        (doc! { "a": { "$lt": 5 } }, doc! {}, false),
        (doc! { "a": { "$gte": Bson::Null } }, doc! {}, true),
        (doc! { "a": { "$gt": Bson::Null } }, doc! { "a": 1 }, false),
        (doc! { "a": { "$gt": Bson::MinKey } }, doc! { "a": 1 }, true),
        (doc! { "a": { "$lt": f64::NAN } }, doc! { "a": 1 }, false),
        (doc! { "a": f64::NAN }, doc! { "a": f64::NAN }, true),
        (doc! { "a": { "$gt": 1 } }, doc! { "a": f64::NAN }, false),
        // Membership.
        (doc! { "a": { "$in": [1, 2] } }, doc! { "a": [2, 9] }, true),
        (doc! { "a": { "$in": [Bson::Null] } }, doc! {}, true),
        (doc! { "a": { "$nin": [1] } }, doc! {}, true),
        (doc! { "a": { "$in": [regex("^x")] } }, doc! { "a": "Xy" }, true),
        (doc! { "a": { "$in": [] } }, doc! { "a": 1 }, false),
        // Logic.
        (doc! { "$or": [{ "a": 1 }, { "b": 1 }] }, doc! { "b": 1 }, true),
        (doc! { "$nor": [{ "a": 1 }, { "b": 1 }] }, doc! { "b": 1 }, false),
        (
            doc! { "$and": [{ "a": 1 }, { "b": 1 }] },
            doc! { "a": 1, "b": 1 },
            true,
        ),
        (doc! { "a": { "$not": { "$gt": 1 } } }, doc! {}, true),
        (
            doc! { "a": { "$not": { "$gt": 1 } } },
            doc! { "a": [0, 2] },
            false,
        ),
        (doc! { "a": { "$not": regex("^x") } }, doc! { "a": "y" }, true),
        // Existence and type.
        (doc! { "a": { "$exists": true } }, doc! { "a": Bson::Null }, true),
        (doc! { "a.b": { "$exists": false } }, doc! { "a": [1] }, true),
        (doc! { "a": { "$exists": 0 } }, doc! {}, true),
        (doc! { "a": { "$type": "number" } }, doc! { "a": 1.5 }, true),
        (doc! { "a": { "$type": "array" } }, doc! { "a": [] }, true),
        (doc! { "a": { "$type": [2, "int"] } }, doc! { "a": [1] }, true),
        (doc! { "a": { "$type": 10 } }, doc! {}, false),
        // The rest.
        (doc! { "a": regex("BC") }, doc! { "a": "abcd" }, true),
        (
            doc! { "a": { "$regex": "^b.d$", "$options": "sm" } },
            doc! { "a": "x\nb\nd" },
            true,
        ),
        (doc! { "a": { "$regex": "a(?=b)" } }, doc! { "a": "ab" }, true),
        (doc! { "a": { "$mod": [4, 1] } }, doc! { "a": 5.7 }, true),
        (doc! { "a": { "$mod": [4, 1] } }, doc! { "a": "5" }, false),
        (doc! { "a": { "$bitsAllSet": [0, 2] } }, doc! { "a": 5 }, true),
        (doc! { "a": { "$bitsAnyClear": 4 } }, doc! { "a": 5 }, false),
        (doc! { "a": { "$bitsAllSet": [200] } }, doc! { "a": -1 }, true),
        (
            doc! { "$expr": { "$gt": ["$a", "$b"] } },
            doc! { "a": 2, "b": 1 },
            true,
        ),
        (doc! { "$comment": "x", "a": 1 }, doc! { "a": 1 }, true),
        (doc! {}, doc! { "a": 1 }, true),
    ];
    for (filter, document, expected) in cases {
        let matcher =
            Matcher::compile(&filter, &Variables::new()).unwrap_or_else(|e| panic!("{filter}: {e}"));
        assert_eq!(matcher.matches(&document), Ok(expected), "{filter} on {document}");
    }
}

#[test]
fn position_of_the_first_element_that_passed() {
    let cases = [
        (doc! { "a": 2 }, doc! { "a": [1, 2] }, Some(1)),
        (
            doc! { "a.b": 3 },
            doc! { "a": [{ "b": 1 }, { "b": 2 }, { "b": [9, 3] }] },
            Some(2),
        ),
        (
            doc! { "a": { "$elemMatch": { "b": { "$gte": 2 } } } },
            doc! { "a": [{ "b": 1 }, { "b": 2 }] },
            Some(1),
        ),
        (
            doc! { "x": 1, "a": { "$gt": 1 } },
            doc! { "x": 1, "a": [1, 2] },
            Some(1),
        ),
        (doc! { "x": 1 }, doc! { "x": 1, "a": [1, 2] }, None),
    ];
    for (filter, document, expected) in cases {
        let matcher = Matcher::compile(&filter, &Variables::new()).expect("compiles");
        assert_eq!(matcher.matches_at(&document), Ok((true, expected)), "{filter}");
    }
}

#[test]
fn faults_have_mongodbs_codes() {
    let cases: Vec<(Document, i32)> = vec![
        (doc! { "$foo": 1 }, 2),
        (doc! { "a": { "$foo": 1 } }, 2),
        (doc! { "$or": [] }, 2),
        (doc! { "$or": {} }, 2),
        (doc! { "a": { "$in": 1 } }, 2),
        (doc! { "a": { "$not": 1 } }, 2),
        (doc! { "a": { "$mod": [0, 1] } }, 2),
        (doc! { "a": { "$mod": [1] } }, 2),
        (doc! { "a": { "$size": -1 } }, 2),
        (doc! { "a": { "$size": "x" } }, 2),
        (doc! { "a": { "$type": "nothing" } }, 2),
        (doc! { "a": { "$regex": "(" } }, 51091),
        (doc! { "a": { "$regex": "a", "$options": "q" } }, 51108),
        (doc! { "a": { "$options": "i" } }, 2),
        (doc! { "a": { "$elemMatch": 1 } }, 2),
        (doc! { "a": { "$bitsAllSet": "x" } }, 2),
        (doc! { "$where": "1" }, 2),
        (doc! { "$expr": { "$foo": 1 } }, 168),
    ];
    for (filter, code) in cases {
        let error = Matcher::compile(&filter, &Variables::new()).expect_err("must fail");
        assert_eq!(error.code.number(), code, "{filter}: {error}");
    }
}
