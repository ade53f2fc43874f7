//! A dead primary is replaced when its connections break, not when its election timeout is over.

use bson::{Bson, doc};
use tests::{Set, ask, wait_for};

/// Ten minutes: no timer has any part in what happens here.
const ELECTION_TIMEOUT_MS: i64 = 600_000;

/// S0-02, S4-29: the primary's process dies, and the others elect one of them. S2-06: what was acknowledged is there.
#[test]
fn a_dead_primary_is_replaced_long_before_its_election_timeout() {
    let mut set = Set::start(3);
    let dead = set.primary();
    let insert = |id: i32| {
        doc! { "insert": "docs", "documents": [{ "_id": id }], "writeConcern": { "w": "majority" } }
    };
    let reply = set.nodes[dead].admin(doc! { "replSetGetConfig": 1 });
    let mut config = reply.get_document("config").unwrap().clone();
    let version = match config.get("version") {
        Some(Bson::Int32(version)) => i64::from(*version),
        Some(Bson::Int64(version)) => *version,
        other => panic!("a version of {other:?}"),
    };
    config.insert("version", version + 1);
    let settings = config.get_document_mut("settings").unwrap();
    settings.insert("electionTimeoutMillis", ELECTION_TIMEOUT_MS);
    let reply = set.nodes[dead].admin(doc! { "replSetReconfig": config });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    for (number, node) in set.nodes.iter().enumerate() {
        wait_for("the long timeout everywhere", || {
            let reply = node.try_admin(doc! { "replSetGetConfig": 1 })?;
            let settings = reply.get_document("config").ok()?.get_document("settings").ok()?;
            let timeout = settings.get("electionTimeoutMillis")?;
            let long = *timeout == Bson::Int64(ELECTION_TIMEOUT_MS)
                || *timeout == Bson::Int32(i32::try_from(ELECTION_TIMEOUT_MS).unwrap());
            long.then_some(number)
        });
    }
    let reply = ask(set.nodes[dead].port, "test", &insert(1)).unwrap();
    assert_eq!(reply.get_i32("n").ok(), Some(1), "{reply}");
    set.nodes[dead].kill();
    let heir = wait_for("another primary that takes writes", || {
        (0..3).filter(|number| *number != dead).find(|number| {
            let reply = ask(set.nodes[*number].port, "test", &insert(2));
            reply
                .is_some_and(|reply| reply.get_i32("n").ok() == Some(1) && !reply.contains_key("writeErrors"))
        })
    });
    let count = doc! { "count": "docs", "readConcern": { "level": "majority" } };
    let reply = ask(set.nodes[heir].port, "test", &count).unwrap();
    assert_eq!(reply.get_i32("n").ok(), Some(2), "{reply}");
    // Whoever comes back finds its master.
    set.nodes[dead].restart();
    let read = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
    wait_for("both documents where the primary died", || {
        (ask(set.nodes[dead].port, "test", &read)?.get_i32("n").ok()? == 2).then_some(())
    });
}

/// asked to stand, a member says whether it can; what it asked for long ago is no answer.
#[test]
fn a_frozen_member_says_that_it_cannot_stand() {
    let set = Set::start(3);
    let asked = (set.primary() + 1) % 3;
    let ok = |command| set.nodes[asked].admin(command).get_f64("ok").ok();
    assert_eq!(ok(doc! { "replSetFreeze": 60 }), Some(1.0));
    let reply = set.nodes[asked].admin(doc! { "replSetStepUp": 1 });
    assert_eq!(reply.get_i32("code").ok(), Some(125), "{reply}");
    assert_eq!(ok(doc! { "replSetFreeze": 0 }), Some(1.0));
    wait_for("it leads", || {
        set.nodes[asked].try_admin(doc! { "replSetStepUp": 1 })?;
        (set.primary() == asked).then_some(())
    });
}
