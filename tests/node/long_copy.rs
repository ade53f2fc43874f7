//! A copy of many documents, during which both of its ends are killed: once in small here, in full on request.
//!
//! `NODE_COPY_DOCUMENTS=1000000 NODE_COPY_ROUNDS=5 cargo test -p tests --test node long_copy -- --nocapture`

use std::time::{Duration, Instant};

use bson::{Document, doc};
use tests::{Set, ask, built, wait_at_most};

use super::soak::{are_equal, asked, own_state, under_load};

/// Documents of the collection and rounds of deaths in an ordinary test run.
const DOCUMENTS: u64 = 3_000;
const ROUNDS: u64 = 1;
/// From so many on the middle of a copy lasts long enough to be met.
const MANY: u64 = 100_000;
/// Documents in one insert.
const BATCH: u64 = 1_000;
/// The state `SECONDARY`.
const SECONDARY: i32 = 2;

/// S2-22, S4-10, S4-12: the member that copies is killed in the middle, then the one that it copies from; in the end all are equal.
#[test]
fn both_ends_of_a_long_copy_die_in_the_middle() {
    let documents = asked("NODE_COPY_DOCUMENTS", DOCUMENTS);
    let rounds = asked("NODE_COPY_ROUNDS", ROUNDS);
    built();
    // Too small an oplog to start from nothing there, and big enough for what is written during the copy.
    let oplog_mb = (documents * 200 / 2 / (1 << 20)).max(1).to_string();
    let mut set = Set::with(3, &["--oplogSize", &oplog_mb]);
    let begun = Instant::now();
    fill(&set, documents);
    println!("{documents} documents in {:?}", begun.elapsed());
    let patience = Duration::from_secs(60 + documents / 2_000);
    let ports = set.ports();
    let writes = under_load(&ports, || {
        for round in 0..rounds {
            let begun = Instant::now();
            let copying = (set.primary() + 1) % 3;
            set.nodes[copying].kill();
            std::fs::remove_dir_all(&set.nodes[copying].dbpath).unwrap();
            set.nodes[copying].restart();
            let first = in_the_middle(&set, copying, documents, patience);
            set.nodes[copying].kill();
            set.nodes[copying].restart();
            let second = in_the_middle(&set, copying, documents, patience);
            if let Some(middle) = &second {
                set.nodes[middle.source].kill();
                set.nodes[middle.source].restart();
            }
            wait_at_most(patience, "the copy", || {
                (own_state(&set.nodes[copying]) == Some(SECONDARY)).then_some(())
            });
            let log = set.nodes[copying].log();
            assert!(
                log.contains("initial sync: data are whole"),
                "it copied, it did not replay"
            );
            // A copy of a few documents may be over before anybody looks.
            let both = first.is_some() && second.is_some();
            assert!(
                both || documents < MANY,
                "the copy was over before anybody was killed"
            );
            let copied = [&first, &second].map(|middle| middle.as_ref().map(|middle| middle.copied));
            println!(
                "round {round}: the copying member killed with {:?} documents, its source with {:?}; SECONDARY {:?} \
                 after it was emptied",
                copied[0],
                copied[1],
                begun.elapsed()
            );
        }
    });
    assert!(writes > 0, "nobody wrote meanwhile");
    let counted = are_equal(&set, patience);
    assert!(counted >= documents, "{counted} of {documents} documents");
    for node in &set.nodes {
        assert!(!node.log().contains("state=\"FATAL\""), "{}", node.log());
    }
    println!("equal: {counted} documents at each member, {writes} writes meanwhile");
}

/// The middle of a copy.
struct Middle {
    copied: i64,
    source: usize,
}

/// Waits until a copy is in its middle; nothing when it is over.
fn in_the_middle(set: &Set, copying: usize, documents: u64, patience: Duration) -> Option<Middle> {
    wait_at_most(patience, "the middle of the copy", || {
        let status = set.nodes[copying].try_admin(doc! { "replSetGetStatus": 1 })?;
        if status.get_i32("myState").ok() == Some(SECONDARY) {
            return Some(None);
        }
        let sync = status.get_document("initialSyncStatus").ok()?;
        let copied = sync.get_i64("documentsCopied").ok()?;
        let source = usize::try_from(status.get_i32("syncSourceId").ok()?).ok()?;
        let enough = i64::try_from(documents / 10).ok()?;
        (sync.get_i32("step").ok()? == 2 && copied >= enough).then_some(Some(Middle { copied, source }))
    })
}

fn fill(set: &Set, documents: u64) {
    let primary = set.nodes[set.primary()].port;
    let index = doc! { "createIndexes": "docs", "indexes": [{ "key": { "k": 1 }, "name": "k_1" }] };
    ask(primary, "test", &index).unwrap();
    let filler = "x".repeat(120);
    for first in (0..documents).step_by(usize::try_from(BATCH).unwrap()) {
        let last = documents.min(first + BATCH);
        let batch: Vec<Document> = (first..last)
            .map(|id| i64::try_from(id).unwrap())
            .map(|id| doc! { "_id": id, "k": id * 7919 % 100_003, "filler": &filler })
            .collect();
        let insert = doc! { "insert": "docs", "documents": batch, "writeConcern": { "w": "majority" } };
        let reply = ask(primary, "test", &insert).unwrap();
        assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
        assert!(
            !reply.contains_key("writeErrors") && !reply.contains_key("writeConcernError"),
            "{reply}"
        );
    }
}
