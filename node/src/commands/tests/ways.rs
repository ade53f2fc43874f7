//! Whatever indexes there are, a query finds the same documents in the same order.

use bson::{Bson, Document, doc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::harness::{Member, documents};

/// Index scans under one `$or` that were seen at least, of some 700 such queries.
const ALTERNATIVES_SERVED: usize = 40;

const FIELDS: [&str; 4] = ["a", "b", "c.d", "_id"];

#[test]
fn indexes_change_nothing_but_the_way() {
    let (mut served, mut alternatives) = (0, 0);
    for seed in 0..60 {
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        let (mut plain, mut indexed) = (Member::new(), Member::new());
        let has_arrays = dice.below(2) == 0;
        let rows: Vec<Document> = (0..60).map(|id| dice.row(id, has_arrays)).collect();
        for number in 0..3 {
            let index =
                doc! { "key": dice.pattern(3), "name": format!("i{number}"), "sparse": dice.below(4) == 0 };
            // Two of the same pattern are refused.
            let _ = indexed.try_command("d", doc! { "createIndexes": "c", "indexes": [index] });
        }
        plain.insert(rows.clone());
        indexed.insert(rows);
        for _ in 0..40 {
            let mut filter = dice.filter();
            if dice.below(3) == 0 {
                let branches: Vec<Document> = (0..=dice.below(3)).map(|_| dice.filter()).collect();
                filter.insert("$or", branches);
            }
            let mut sort = dice.pattern(2);
            // A total order: else equal ones may come in any.
            sort.insert("_id", dice.way());
            let query =
                doc! { "filter": filter, "sort": sort, "skip": dice.below(3), "limit": dice.below(40) };
            assert_eq!(
                plain.find(query.clone()),
                indexed.find(query.clone()),
                "seed {seed}: {query}"
            );
            let mut find = doc! { "find": "c" };
            find.extend(query);
            let plan = indexed
                .command(doc! { "explain": find, "verbosity": "queryPlanner" })
                .to_string();
            served += usize::from(plan.contains("IXSCAN") && !plan.contains("\"SORT\""));
            alternatives += usize::from(plan.contains("\"OR\""));
        }
    }
    assert!(served > 300, "an index served the sort {served} times");
    assert!(
        alternatives > ALTERNATIVES_SERVED,
        "indexes served an $or {alternatives} times"
    );
}

#[test]
fn alternatives_are_answered_by_indexes_and_explain_says_so() {
    let mut member = Member::new();
    let row = |n: i32| doc! { "_id": n, "a": n % 50, "b": [n % 20, n % 30], "c": n };
    member.insert((0..500).map(row).collect());
    let index = |field: &str| doc! { "name": field, "key": { field: 1 } };
    member.command(doc! { "createIndexes": "c", "indexes": [index("a"), index("b")] });
    let mut explained = |filter: Document| {
        let find = doc! { "find": "c", "filter": filter };
        let reply = member.command(doc! { "explain": find, "verbosity": "executionStats" });
        let stats = reply.get_document("executionStats").unwrap().clone();
        let count = |key: &str| stats.get_i64(key).unwrap();
        let numbers = (count("nReturned"), count("totalDocsExamined"));
        (reply.get_document("queryPlanner").unwrap().to_string(), numbers)
    };
    // 10 with that a, 41 with one of these elements, one by its id; one of them is all of it, and comes once.
    let all = doc! { "$or": [{ "a": 7 }, { "b": { "$in": [3, 7] } }, { "_id": 7 }] };
    let (planned, (returned, examined)) = explained(all);
    let scans = planned.matches("IXSCAN").count();
    assert!(scans == 3 && planned.contains("\"OR\""), "{planned}");
    let expected =
        (0..500).filter(|n| n % 50 == 7 || [3, 7].contains(&(n % 20)) || [3, 7].contains(&(n % 30)));
    let expected = i64::try_from(expected.count()).unwrap();
    assert_eq!((returned, examined), (expected, expected), "{planned}");
    // What stands beside it narrows each alternative's way, or filters what comes.
    let (planned, (returned, examined)) =
        explained(doc! { "c": { "$lt": 100 }, "$or": [{ "a": 1 }, { "a": 2 }] });
    assert!(planned.contains("\"OR\""), "{planned}");
    assert_eq!((returned, examined), (4, 20), "{planned}");
    // One alternative that no index answers makes all the others useless.
    for filter in [
        doc! { "$or": [{ "a": 1 }, { "c": 2 }] },
        doc! { "$or": [{ "a": 1 }, {}] },
        doc! { "$nor": [{ "a": 1 }, { "a": 2 }] },
    ] {
        let (planned, (_, examined)) = explained(filter);
        assert!(planned.contains("COLLSCAN"), "{planned}");
        assert_eq!(examined, 500);
    }
}

#[test]
fn an_index_serves_the_sort_and_explain_says_so() {
    let mut member = Member::new();
    member.insert(
        (0..500)
            .map(|n| doc! { "_id": n, "a": n % 5, "b": n % 7, "c": n })
            .collect(),
    );
    let index =
        |key: Document| doc! { "name": key.keys().cloned().collect::<Vec<_>>().join("_"), "key": key };
    let indexes = vec![index(doc! { "a": 1, "b": -1 }), index(doc! { "c": 1 })];
    member.command(doc! { "createIndexes": "c", "indexes": indexes });
    let mut plan = |filter: Document, sort: Document| {
        let find = doc! { "find": "c", "filter": filter, "sort": sort, "limit": 10 };
        let reply = member.command(doc! { "explain": find, "verbosity": "executionStats" });
        let examined = reply
            .get_document("executionStats")
            .unwrap()
            .get_i64("totalKeysExamined")
            .unwrap();
        (reply.get_document("queryPlanner").unwrap().to_string(), examined)
    };
    let cases = [
        (
            doc! {},
            doc! { "c": -1 },
            "backward",
            r#""c": ["[MaxKey, MinKey]"]"#,
        ),
        (
            doc! {},
            doc! { "a": 1, "b": -1 },
            "forward",
            r#""b": ["[MaxKey, MinKey]"]"#,
        ),
        (doc! { "a": 3 }, doc! { "b": -1 }, "forward", r#""a": ["[3, 3]"]"#),
        (
            doc! { "a": 3, "b": { "$gt": 2, "$lte": 5 } },
            doc! { "b": 1 },
            "backward",
            r#""b": ["(2, 5]"]"#,
        ),
        (
            doc! { "c": { "$gte": 100 } },
            doc! { "c": 1 },
            "forward",
            r#""c": ["[100, inf.0]"]"#,
        ),
        (
            doc! { "a": { "$in": [4, 1] } },
            doc! { "a": -1, "b": 1 },
            "backward",
            r#""a": ["[4, 4]", "[1, 1]"]"#,
        ),
    ];
    for (filter, sort, direction, bounds) in cases {
        let (planned, examined) = plan(filter.clone(), sort.clone());
        let is_served = planned.contains("IXSCAN") && !planned.contains("\"SORT\"");
        assert!(is_served, "{filter} {sort}: {planned}");
        assert!(
            planned.contains(direction) && planned.contains(bounds),
            "{filter} {sort}: {planned}"
        );
        // A page at most, not the collection.
        assert!(examined <= 256, "{filter} {sort}: {examined}");
    }
    let (planned, _) = plan(doc! { "a": 3 }, doc! { "c": 1 });
    assert!(
        planned.contains("\"SORT\"") && planned.contains("limitAmount"),
        "{planned}"
    );
    let (_, examined) = plan(doc! { "a": { "$in": [1, 2] }, "b": { "$gte": 6 } }, doc! {});
    assert!(examined < 40, "both fields narrow the index: {examined}");
}

#[test]
fn a_hint_is_followed() {
    let mut member = Member::new();
    member.insert((0..20).map(|n| doc! { "_id": n, "a": n, "b": -n }).collect());
    let indexes = vec![
        doc! { "key": { "a": 1 }, "name": "a" },
        doc! { "key": { "b": 1 }, "name": "b" },
    ];
    member.command(doc! { "createIndexes": "c", "indexes": indexes });
    let mut ids = |hint: Bson| {
        let found = member.find(doc! { "filter": { "a": { "$gte": 18 } }, "hint": hint });
        found
            .iter()
            .map(|document| document.get_i32("_id").unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("a".into()), [18, 19]);
    assert_eq!(ids(doc! { "b": 1 }.into()), [19, 18]);
    assert_eq!(ids(doc! { "$natural": 1 }.into()), [18, 19]);
    assert_eq!(member.code(doc! { "find": "c", "hint": "x" }), 2);
}

#[test]
fn min_and_max_are_keys_of_the_hinted_index() {
    let mut member = Member::new();
    member.insert(
        (0..20)
            .map(|n| doc! { "_id": n, "a": n / 5, "b": n % 5 })
            .collect(),
    );
    let indexes = vec![doc! { "key": { "a": 1, "b": -1 }, "name": "ab" }];
    member.command(doc! { "createIndexes": "c", "indexes": indexes });
    let mut ids = |find: Document| {
        let found = member.find(find);
        found
            .iter()
            .map(|document| document.get_i32("_id").unwrap())
            .collect::<Vec<_>>()
    };
    let bounds = doc! { "hint": "ab", "min": { "a": 1, "b": 1 }, "max": { "a": 2, "b": 3 } };
    assert_eq!(
        ids(bounds),
        [6, 5, 14],
        "b falls: from (1, 1) on, and before (2, 3)"
    );
    let own = doc! { "hint": { "_id": 1 }, "min": { "_id": 17 }, "sort": { "_id": -1 } };
    assert_eq!(ids(own), [19, 18, 17]);
    for (find, code) in [
        (doc! { "min": { "a": 1, "b": 1 } }, 51173),
        (doc! { "hint": "ab", "min": { "b": 1, "a": 1 } }, 51174),
        (
            doc! { "hint": "_id_", "min": { "_id": 3 }, "max": { "_id": 3 } },
            51175,
        ),
    ] {
        let mut command = doc! { "find": "c" };
        command.extend(find);
        assert_eq!(member.code(command.clone()), code, "{command}");
    }
}

#[test]
fn what_must_lie_in_memory_has_a_limit() {
    let mut member = Member::new();
    member.insert(
        (0..50)
            .map(|n| doc! { "_id": n, "a": -n, "text": "x".repeat(1_000) })
            .collect(),
    );
    member.facts.parameters = vec![
        "internalQueryMaxBlockingSortMemoryUsageBytes=20000".to_owned(),
        "internalDocumentSourceGroupMaxMemoryBytes=20000".to_owned(),
    ];
    assert_eq!(member.code(doc! { "find": "c", "sort": { "a": 1 } }), 292);
    let few = member.find(doc! { "sort": { "a": 1 }, "limit": 3, "projection": { "a": 1 } });
    assert_eq!(
        few[0],
        doc! { "_id": 49, "a": -49 },
        "only what is wanted is held"
    );
    let mut aggregate = |stages: Vec<Document>| {
        member.code(doc! { "aggregate": "c", "pipeline": stages, "cursor": {}, "allowDiskUse": true })
    };
    assert_eq!(
        aggregate(vec![
            doc! { "$group": { "_id": "$_id", "all": { "$push": "$$ROOT" } } }
        ]),
        292
    );
    assert_eq!(
        aggregate(vec![doc! { "$unwind": "$a" }, doc! { "$sort": { "a": 1 } }]),
        292
    );
}

#[test]
fn a_pipeline_goes_on_batch_by_batch() {
    let mut member = Member::new();
    member.insert((0..1_000).map(|n| doc! { "_id": n, "a": n % 2 }).collect());
    let pipeline = vec![doc! { "$match": { "a": 0 } }, doc! { "$project": { "_id": 1 } }];
    let aggregate = doc! { "aggregate": "c", "pipeline": pipeline, "cursor": { "batchSize": 10 } };
    let reply = member.command(aggregate);
    let mut found = documents(&reply, "firstBatch");
    assert_eq!(found.len(), 10);
    // What is ahead of it was not read yet.
    member.command(doc! { "delete": "c", "deletes": [{ "q": { "_id": 998 }, "limit": 1 }] });
    let mut id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
    while id != 0 {
        let reply = member.command(doc! { "getMore": id, "collection": "c", "batchSize": 200 });
        found.extend(documents(&reply, "nextBatch"));
        id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
    }
    let expected: Vec<Document> = (0..998).step_by(2).map(|n| doc! { "_id": n }).collect();
    assert_eq!(found, expected);
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, limit: u32) -> i32 {
        (self.0.next_u32() % limit) as i32
    }

    fn way(&mut self) -> i32 {
        if self.below(2) == 0 { 1 } else { -1 }
    }

    fn pattern(&mut self, fields: u32) -> Document {
        (0..=self.below(fields))
            .map(|_| (FIELDS[self.below(4) as usize].to_owned(), self.way().into()))
            .collect()
    }

    fn scalar(&mut self) -> Bson {
        match self.below(8) {
            0 => Bson::Null,
            1 => Bson::String("xyz"[..self.below(3) as usize].to_owned()),
            2 => Bson::Double(f64::from(self.below(6)) + 0.5),
            3 => doc! { "d": self.below(3) }.into(),
            _ => Bson::Int32(self.below(6)),
        }
    }

    fn value(&mut self, has_arrays: bool) -> Bson {
        match self.below(4) {
            0 if has_arrays => {
                let length = self.below(4);
                (0..length).map(|_| self.scalar()).collect::<Vec<_>>().into()
            }
            _ => self.scalar(),
        }
    }

    fn row(&mut self, id: i32, has_arrays: bool) -> Document {
        let mut row = doc! { "_id": id };
        for field in ["a", "b"] {
            if self.below(6) > 0 {
                row.insert(field, self.value(has_arrays));
            }
        }
        let inner = self.value(has_arrays);
        let inner = match self.below(4) {
            0 if has_arrays => Bson::Array(vec![doc! { "d": inner }.into(), self.value(false)]),
            1 => inner,
            _ => doc! { "d": inner }.into(),
        };
        row.insert("c", inner);
        row
    }

    fn filter(&mut self) -> Document {
        let mut filter = Document::new();
        for _ in 0..self.below(3) {
            let field = FIELDS[self.below(4) as usize];
            let condition = match self.below(7) {
                0 => doc! { "$eq": self.scalar() },
                1 => doc! { "$in": [self.scalar(), self.scalar()] },
                2 => doc! { "$gt": self.scalar() },
                3 => doc! { "$lte": self.scalar() },
                4 => doc! { "$gte": self.below(4), "$lt": self.below(8) },
                5 => doc! { "$elemMatch": { "$gte": self.below(4), "$lt": self.below(8) } },
                _ => doc! { "$gt": self.below(4), "$lt": self.scalar() },
            };
            filter.insert(field, condition);
        }
        filter
    }
}
