//! Initial sync and stale members: the members' data are equal in the end, whatever dies meanwhile.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use bson::{Document, doc};
use tests::{Node, Set, ask, wait_for};

/// An oplog so small that nobody can start from nothing there.
const TINY: &[&str] = &["--oplogSize", "1"];

/// S4-12, S2-22: an emptied member copies the set's data, while clients write. S4-19: it is in STARTUP2 meanwhile. S4-06, S4-07, S4-08: also what is
/// changed and removed meanwhile. S4-09: with their indexes. S4-11: and then goes on as any secondary.
#[test]
fn an_emptied_secondary_is_equal_again_under_load() {
    let mut set = Set::with(3, TINY);
    fill(&set, 400);
    let secondary = secondary(&set);
    let writes = under_load(&set.ports(), || {
        set.nodes[secondary].kill();
        std::fs::remove_dir_all(&set.nodes[secondary].dbpath).unwrap();
        set.nodes[secondary].restart();
        wait_for_state(&set, secondary, 2);
    });
    assert!(writes > 0);
    assert!(
        set.nodes[secondary]
            .log()
            .contains("initial sync: data are whole"),
        "it copied, it did not replay"
    );
    let log = set.nodes[secondary].log();
    let since = &log[log.rfind("data directory opened").unwrap_or(0)..];
    assert!(since.contains("state changed state=\"STARTUP2\""), "{since}");
    are_equal(&set);
    let command = doc! { "listIndexes": "docs", "$readPreference": { "mode": "nearest" } };
    let listed = ask(set.nodes[secondary].port, "test", &command).unwrap();
    let indexes = listed
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let unique = indexes
        .iter()
        .filter_map(|index| index.as_document())
        .any(|index| {
            index.get_str("name").ok() == Some("u_1") && index.get_bool("unique").ok() == Some(true)
        });
    assert_eq!((indexes.len(), unique), (3, true), "{listed}");
}

/// S3-13: with one of two data members and an arbiter, the primary is the only source, and carries the load besides.
#[test]
fn the_only_primary_is_copied_from_under_load() {
    let mut set = Set::with(2, TINY);
    let directory = tempfile::tempdir().unwrap();
    let arbiter = Node::start(directory.path());
    let primary = set.primary();
    let reply = set.nodes[primary].admin(doc! { "replSetGetConfig": 1 });
    let mut config = reply.get_document("config").unwrap().clone();
    config.insert("version", config.get_i32("version").unwrap() + 1);
    let row = doc! { "_id": 2, "host": arbiter.host(), "arbiterOnly": true };
    config.get_array_mut("members").unwrap().push(row.into());
    let reply = set.nodes[primary].admin(doc! { "replSetReconfig": config, "maxTimeMS": 60_000 });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    fill(&set, 200);
    let primary = set.primary();
    let emptied = 1 - primary;
    let writes = under_load(&set.ports(), || {
        set.nodes[emptied].kill();
        std::fs::remove_dir_all(&set.nodes[emptied].dbpath).unwrap();
        set.nodes[emptied].restart();
        wait_for_state(&set, emptied, 2);
    });
    assert!(writes > 0, "the primary goes on meanwhile");
    assert_eq!(set.primary(), primary);
    assert!(set.nodes[emptied].log().contains("initial sync: data are whole"));
    are_equal(&set);
}

/// S4-10: killed at any moment, neither the syncing member nor its source serve or count half a clone.
#[test]
fn the_syncing_member_and_its_source_die_in_the_middle() {
    let mut set = Set::with(3, TINY);
    fill(&set, 400);
    let syncing = secondary(&set);
    for round in 0..3 {
        set.nodes[syncing].kill();
        std::fs::remove_dir_all(&set.nodes[syncing].dbpath).unwrap();
        set.nodes[syncing].restart();
        let source = wait_for("the sync to begin", || {
            let status = set.nodes[syncing].try_admin(doc! { "replSetGetStatus": 1 })?;
            let begun = status.get_i32("myState").ok() == Some(2)
                || status
                    .get_document("initialSyncStatus")
                    .is_ok_and(|sync| sync.get_i32("step").is_ok_and(|step| step >= 2));
            begun.then(|| status.get_i32("syncSourceId").unwrap_or(-1))
        });
        if round != 1 {
            set.nodes[syncing].kill();
            set.nodes[syncing].restart();
        }
        if let Ok(source) = usize::try_from(source)
            && round != 0
        {
            set.nodes[source].kill();
            set.nodes[source].restart();
        }
        set.primary();
        wait_for_state(&set, syncing, 2);
    }
    fill_more(&set, 20);
    are_equal(&set);
}

/// S2-24, S4-14, S4-20: too far behind every oplog, a member says so and serves nobody; `resync` brings it back.
#[test]
fn a_stale_member_is_recovering_until_it_resyncs() {
    let mut set = Set::with(3, TINY);
    fill(&set, 10);
    let away = secondary(&set);
    set.nodes[away].kill();
    fill(&set, 400);
    set.nodes[away].restart();
    wait_for_state(&set, away, 3);
    let read = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
    let refused = ask(set.nodes[away].port, "test", &read).unwrap();
    assert_eq!(refused.get_i32("code").ok(), Some(13436), "{refused}");
    let reply = set.nodes[away].admin(doc! { "resync": 1 });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    wait_for_state(&set, away, 2);
    are_equal(&set);
}

/// Inserts `count` documents of 50 KB by majority writes, with a compound and a unique index.
fn fill(set: &Set, count: i32) {
    let indexes = doc! {
        "createIndexes": "docs",
        "indexes": [{ "key": { "a": 1, "b": -1 }, "name": "a_1_b_-1" }, { "key": { "u": 1 }, "name": "u_1", "unique": true }],
    };
    let primary = set.primary();
    ask(set.nodes[primary].port, "test", &indexes).unwrap();
    let filler = "x".repeat(50_000);
    let begin = ask(set.nodes[primary].port, "test", &doc! { "count": "docs" }).unwrap();
    let begin = begin.get_i32("n").unwrap();
    for batch in (begin..begin + count).collect::<Vec<_>>().chunks(20) {
        let documents: Vec<Document> = batch
            .iter()
            .map(|id| doc! { "_id": *id, "a": *id % 7, "b": *id, "u": *id, "filler": &filler })
            .collect();
        let command = doc! { "insert": "docs", "documents": documents, "writeConcern": { "w": "majority" } };
        let reply = ask(set.nodes[primary].port, "test", &command).unwrap();
        assert!(
            !reply.contains_key("writeErrors") && reply.get_f64("ok").ok() == Some(1.0),
            "{reply}"
        );
    }
}

fn fill_more(set: &Set, count: i32) {
    wait_for("a primary that takes writes", || {
        let primary = set.primary();
        let documents: Vec<Document> = (0..count).map(|id| doc! { "more": id }).collect();
        let command = doc! { "insert": "more", "documents": documents, "writeConcern": { "w": 3 } };
        let reply = ask(set.nodes[primary].port, "test", &command)?;
        (reply.get_f64("ok").ok() == Some(1.0)).then_some(())
    });
}

/// Runs `deed` while somebody writes; says how many writes were acknowledged.
fn under_load(ports: &[u16], deed: impl FnOnce()) -> i32 {
    let (stop, done) = (AtomicBool::new(false), AtomicI32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                for port in ports {
                    // On the primary they succeed. A renaming update, a removal and an insert each.
                    let insert = doc! { "insert": "load", "documents": [{ "_id": number, "n": 0 }] };
                    let grow = doc! { "update": "load", "updates": [{ "q": { "_id": number - 1 }, "u": { "$inc": { "n": 1 } } }] };
                    let remove = doc! { "delete": "load", "deletes": [{ "q": { "_id": number - 5 }, "limit": 1 }] };
                    for command in [insert, grow, remove] {
                        let reply = ask(*port, "test", &command);
                        let ok = reply.is_some_and(|reply| reply.get_f64("ok").ok() == Some(1.0));
                        done.fetch_add(i32::from(ok), Ordering::Relaxed);
                    }
                }
            }
        });
        deed();
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed)
}

fn secondary(set: &Set) -> usize {
    (set.primary() + 1) % set.nodes.len()
}

fn wait_for_state(set: &Set, member: usize, state: i32) {
    wait_for("the member's state", || {
        let status = set.nodes[member].try_admin(doc! { "replSetGetStatus": 1 })?;
        (status.get_i32("myState").ok() == Some(state)).then_some(())
    });
}

fn are_equal(set: &Set) {
    wait_for("equal data", || {
        let hash = |member: usize| {
            let command = doc! { "dbHash": 1, "$readPreference": { "mode": "nearest" } };
            let reply = ask(set.nodes[member].port, "test", &command)?;
            reply.get_document("collections").ok().cloned()
        };
        let first = hash(0).filter(|hashes| !hashes.is_empty())?;
        let rest = (1..set.nodes.len()).all(|member| hash(member).as_ref() == Some(&first));
        rest.then_some(())
    });
}
