//! What the long tests share: sizes on request, load beside a deed, and members compared.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bson::doc;
use tests::{Node, Set, ask, wait_at_most};

/// A size that the environment may ask for; otherwise that of an ordinary test run.
pub(super) fn asked(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(given) => given
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={given} is no number")),
        Err(_) => otherwise,
    }
}

/// Runs `deed` while somebody inserts, changes and removes; says how many writes were acknowledged.
pub(super) fn under_load(ports: &[u16], deed: impl FnOnce()) -> u64 {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0_i64.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                for port in ports {
                    // On the primary they succeed.
                    let insert = doc! { "insert": "load", "documents": [{ "_id": number, "n": 0 }] };
                    let grow = doc! { "update": "load", "updates": [{ "q": { "_id": number - 1 }, "u": { "$inc": { "n": 1 } } }] };
                    let touch = doc! { "update": "docs", "updates": [{ "q": { "_id": number * 37 % 1_000 }, "u": { "$inc": { "k": 1 } } }] };
                    let remove = doc! { "delete": "load", "deletes": [{ "q": { "_id": number - 5 }, "limit": 1 }] };
                    for command in [insert, grow, touch, remove] {
                        let reply = ask(*port, "test", &command);
                        let ok = reply.is_some_and(|reply| reply.get_f64("ok").ok() == Some(1.0));
                        done.fetch_add(u64::from(ok), Ordering::Relaxed);
                    }
                }
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(deed));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    done.load(Ordering::Relaxed)
}

/// A member's own state.
pub(super) fn own_state(node: &Node) -> Option<i32> {
    node.try_admin(doc! { "replSetGetStatus": 1 })?
        .get_i32("myState")
        .ok()
}

/// Waits until all members have equal data; how many documents `test.docs` has at each.
pub(super) fn are_equal(set: &Set, patience: Duration) -> u64 {
    wait_at_most(patience, "equal data", || {
        let hash = |node: &Node| {
            let command = doc! { "dbHash": 1, "$readPreference": { "mode": "nearest" } };
            let reply = ask(node.port, "test", &command)?;
            reply.get_document("collections").ok().cloned()
        };
        let first = hash(&set.nodes[0]).filter(|hashes| !hashes.is_empty())?;
        let equal = set.nodes[1..]
            .iter()
            .all(|node| hash(node).as_ref() == Some(&first));
        equal.then_some(())
    });
    let counts = set.nodes.iter().map(|node| {
        let count = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
        let reply = ask(node.port, "test", &count).expect("the member answers");
        reply.get_i32("n").map_or_else(|_| panic!("{reply}"), i64::from)
    });
    let counts: Vec<i64> = counts.collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    u64::try_from(counts[0]).expect("a count")
}
