//! Comparisons are answered from an index, and find what a look at every document finds.

use bson::{Bson, Document, doc};

use super::harness::Member;

#[test]
fn an_index_finds_what_a_scan_finds() {
    let mut member = Member::new();
    let documents: Vec<Document> = (0..300).map(row).collect();
    member.insert(documents);
    let filters = [
        doc! { "x": { "$gt": 40, "$lt": 60 } },
        doc! { "x": { "$gte": 40, "$lte": 60 } },
        doc! { "x": { "$lt": 7 } },
        doc! { "x": { "$gt": "b" } },
        doc! { "x": { "$gte": 250.5 }, "y": 1 },
        doc! { "x": { "$lt": Bson::Null } },
        doc! { "x": { "$not": { "$gt": 10 } } },
        doc! { "x": { "$elemMatch": { "$gt": 40, "$lt": 60 } } },
    ];
    let find = |member: &mut Member, filter: &Document| {
        member.find(doc! { "filter": filter.clone(), "sort": { "_id": 1 } })
    };
    let scanned: Vec<Vec<Document>> = filters.iter().map(|filter| find(&mut member, filter)).collect();
    for direction in [1, -1] {
        let name = format!("x{direction}");
        let index = doc! { "key": { "x": direction, "y": 1 }, "name": &name };
        member.command(doc! { "createIndexes": "c", "indexes": [index] });
        for (filter, scanned) in filters.iter().zip(&scanned) {
            let mut found = member.find(doc! { "filter": filter.clone() });
            found.sort_by_key(|document| document.get_i32("_id").unwrap_or(0));
            assert_eq!(found, *scanned, "{direction} {filter}");
        }
        let explained = doc! { "explain": { "find": "c", "filter": { "x": { "$gt": 290 } } } };
        let explained = member.command(explained);
        assert!(explained.to_string().contains("IXSCAN"), "{explained}");
        let examined = explained
            .get_document("executionStats")
            .map(|stats| stats.get_i64("totalDocsExamined"));
        assert!(matches!(examined, Ok(Ok(..=60))), "{explained}");
        member.command(doc! { "dropIndexes": "c", "index": name });
    }
}

#[test]
fn shaped_results_go_on_over_batches() {
    let mut member = Member::new();
    member.insert((0..50).map(row).collect());
    let find = doc! { "find": "c", "filter": {}, "skip": 5, "limit": 20, "projection": { "_id": 1 }, "batchSize": 7 };
    let reply = member.command(find);
    let mut found = super::harness::documents(&reply, "firstBatch");
    let mut id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
    while id != 0 {
        let reply = member.command(doc! { "getMore": id, "collection": "c", "batchSize": 7 });
        found.extend(super::harness::documents(&reply, "nextBatch"));
        id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
    }
    let expected: Vec<Document> = (5..25).map(|id| doc! { "_id": id }).collect();
    assert_eq!(found, expected);
}

/// Numbers, an array that lies on both sides of a range, text, and nothing.
fn row(id: i32) -> Document {
    let x = match id % 10 {
        3 => Bson::Array(vec![Bson::Int32(1), Bson::Int32(100)]),
        5 => Bson::String(format!("b{id}")),
        7 => Bson::Null,
        8 => Bson::Double(f64::from(id) + 0.5),
        _ => Bson::Int32(id),
    };
    doc! { "_id": id, "x": x, "y": id % 2 }
}
