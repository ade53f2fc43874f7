//! Linearizable reads that come together.

use bson::{Document, doc};
use tests::{Asked, Set, ask};

/// Reads at once.
const READS: usize = 64;

/// the primary asks the others, all reads are answered, and the oplog does not grow by them.
#[test]
fn reads_that_come_together_are_proven_and_write_nothing() {
    let set = Set::start(3);
    let primary = &set.nodes[set.primary()];
    insert(primary.port);
    let before = entries(primary.port);
    // All of them are there when it wakes up.
    primary.pause();
    let asked: Vec<_> = (0..READS)
        .map(|_| Asked::send(primary.port, "test", &read()).unwrap())
        .collect();
    primary.resume();
    for one in asked {
        let reply = one.reply().unwrap();
        assert!(has_the_document(&reply), "{reply}");
    }
    let written = entries(primary.port) - before;
    assert_eq!(written, 0, "{written} entries for {READS} reads");
}

/// One client's time is over; the others' proof goes on.
#[test]
fn a_read_that_gives_up_leaves_the_others_waiting() {
    let set = Set::start(3);
    let primary = set.primary();
    let port = set.nodes[primary].port;
    insert(port);
    let others = || (0..3).filter(|member| *member != primary);
    others().for_each(|member| set.nodes[member].pause());
    set.nodes[primary].pause();
    let patient = Asked::send(port, "test", &read()).unwrap();
    let mut hasty = read();
    hasty.insert("maxTimeMS", 200);
    let hasty = Asked::send(port, "test", &hasty).unwrap();
    set.nodes[primary].resume();
    let reply = hasty.reply().unwrap();
    assert_eq!(reply.get_i32("code").ok(), Some(50), "{reply}");
    others().for_each(|member| set.nodes[member].resume());
    let reply = patient.reply().unwrap();
    assert!(has_the_document(&reply), "{reply}");
}

fn read() -> Document {
    doc! { "find": "docs", "filter": { "_id": 1 }, "readConcern": { "level": "linearizable" } }
}

fn has_the_document(reply: &Document) -> bool {
    let cursor = reply.get_document("cursor");
    cursor.is_ok_and(|cursor| cursor.get_array("firstBatch").is_ok_and(|batch| batch.len() == 1))
}

fn insert(port: u16) {
    let insert = doc! { "insert": "docs", "documents": [{ "_id": 1 }], "writeConcern": { "w": "majority" } };
    let reply = ask(port, "test", &insert).unwrap();
    assert_eq!(reply.get_i32("n").ok(), Some(1), "{reply}");
}

/// Entries of this member's oplog.
fn entries(port: u16) -> i32 {
    let reply = ask(port, "local", &doc! { "count": "oplog.rs" }).unwrap();
    reply.get_i32("n").unwrap()
}
