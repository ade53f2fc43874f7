//! Members that can't go on, that can't catch up, and that are too slow.

use bson::{Bson, Document, doc};
use tests::{Set, ask, wait_for};

/// S4-02: an entry that can't be applied ends the copying, and is not left out. S4-26: the member is FATAL, says why, serves nobody, and
/// the others see it; a start tries again.
#[test]
fn a_member_that_fails_to_apply_gives_up_and_the_others_see_it() {
    let mut set = Set::with(3, &["--setParameter", "enableTestCommands=1"]);
    insert(&set, 1);
    let failing = (set.primary() + 1) % 3;
    let fail = doc! { "configureFailPoint": "failApplyingOplog", "mode": { "times": 1 } };
    assert_eq!(set.nodes[failing].admin(fail).get_f64("ok").ok(), Some(1.0));
    insert(&set, 2);
    for watching in 0..3 {
        wait_for("FATAL, as everybody sees it", || {
            (shown(&set, watching, failing)? == "FATAL").then_some(())
        });
    }
    let read = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
    let refused = ask(set.nodes[failing].port, "test", &read).unwrap();
    assert_eq!(refused.get_i32("code").ok(), Some(13436), "{refused}");
    let log = set.nodes[failing].log();
    assert!(
        log.contains("can't be applied") && log.contains("can't go on"),
        "{log}"
    );
    // The set goes on without it, and it does not come back by itself.
    insert(&set, 3);
    assert_eq!(shown(&set, failing, failing).as_deref(), Some("FATAL"));
    set.nodes[failing].kill();
    set.nodes[failing].restart();
    wait_for("all three documents", || {
        (ask(set.nodes[failing].port, "test", &read)?.get_i32("n").ok()? == 3).then_some(())
    });
}

/// S2-25: asked to at its start, a member for which no oplog reaches back copies everything anew by itself.
#[test]
fn a_stale_member_resyncs_by_itself_when_it_was_told_to() {
    let mut set = Set::with(
        3,
        &["--oplogSize", "1", "--setParameter", "resyncWhenStaleSecs=1"],
    );
    insert(&set, 1);
    let away = (set.primary() + 1) % 3;
    set.nodes[away].kill();
    let primary = set.primary();
    let filler = "x".repeat(100_000);
    for batch in 0..10 {
        let documents: Vec<Document> = (0..20)
            .map(|id| doc! { "_id": batch * 20 + id, "filler": &filler })
            .collect();
        let insert = doc! { "insert": "filler", "documents": documents, "writeConcern": { "w": "majority" } };
        let reply = ask(set.nodes[primary].port, "test", &insert).unwrap();
        assert_eq!(reply.get_i32("n").ok(), Some(20), "{reply}");
    }
    set.nodes[away].restart();
    let count = doc! { "count": "filler", "$readPreference": { "mode": "nearest" } };
    wait_for("the whole data", || {
        (ask(set.nodes[away].port, "test", &count)?.get_i32("n").ok()? == 200).then_some(())
    });
    let log = set.nodes[away].log();
    assert!(
        log.contains("copies everything anew (resyncWhenStaleSecs)"),
        "{log}"
    );
}

/// S4-30: a primary that answers nobody for a while (overload, a stopped process) is taken for dead, and another is elected; it finds out
/// when it comes back.
#[test]
fn an_overloaded_primary_is_replaced_and_finds_out() {
    let set = Set::start(3);
    let slow = set.primary();
    set.nodes[slow].pause();
    let others: Vec<usize> = (0..3).filter(|member| *member != slow).collect();
    let next = wait_for("another primary", || {
        others.iter().copied().find(|member| {
            let hello = ask(set.nodes[*member].port, "admin", &doc! { "hello": 1 });
            hello.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
        })
    });
    wait_for("its heartbeats to time out", || {
        shown(&set, next, slow)?.contains("not reachable").then_some(())
    });
    set.nodes[slow].resume();
    wait_for("it to follow", || {
        (shown(&set, next, slow)? == "SECONDARY").then_some(())
    });
    insert(&set, 1);
}

/// `stateStr` of a member as another sees it.
fn shown(set: &Set, watching: usize, watched: usize) -> Option<String> {
    let status = set.nodes[watching].try_admin(doc! { "replSetGetStatus": 1 })?;
    let rows = status.get_array("members").ok()?;
    let row = rows
        .iter()
        .filter_map(Bson::as_document)
        .find(|row| row.get_str("name").ok() == Some(&set.nodes[watched].host()))?;
    row.get_str("stateStr").ok().map(str::to_owned)
}

/// One more document, by a majority.
fn insert(set: &Set, id: i32) {
    wait_for("an acknowledged write", || {
        let primary = set.primary();
        let insert = doc! { "insert": "docs", "documents": [{ "_id": id }], "writeConcern": { "w": "majority", "wtimeout": 20_000 } };
        let reply = ask(set.nodes[primary].port, "test", &insert)?;
        let is_there = reply.to_string().contains("11000");
        let is_done = reply.get_i32("n").ok() == Some(1) && !reply.contains_key("writeConcernError");
        (is_done || is_there).then_some(())
    });
}
