//! Cursors: batches, ends, owners.

use bson::{Bson, Document, doc};

use super::harness::{Member, documents};
use crate::commands::cursors::{CURSOR_IDLE_MAX, CURSORS_MAX};

#[test]
fn batches_go_on_where_they_ended() {
    let mut member = Member::new();
    member.insert((0..250).map(|n| doc! { "_id": n }).collect());
    let first = member.command(doc! { "find": "c" });
    assert_eq!(documents(&first, "firstBatch").len(), 101);
    let id = id_of(&first);
    assert_ne!(id, 0);
    // What is written behind the cursor's position between two batches is seen.
    member.insert(vec![doc! { "_id": 1_000 }]);
    member.command(doc! { "delete": "c", "deletes": [{ "q": { "_id": 200 }, "limit": 1 }] });
    let second = member.command(doc! { "getMore": id, "collection": "c", "batchSize": 50 });
    assert_eq!(documents(&second, "nextBatch")[0], doc! { "_id": 101 });
    let third = member.command(doc! { "getMore": id, "collection": "c" });
    assert_eq!(documents(&third, "nextBatch").len(), 250 - 151 - 1 + 1);
    assert_eq!(id_of(&third), 0);
    assert_eq!(member.code(doc! { "getMore": id, "collection": "c" }), 43);
}

#[test]
fn sorted_results_and_limits_are_batched_too() {
    let mut member = Member::new();
    member.insert((0..50).map(|n| doc! { "_id": n, "x": 50 - n }).collect());
    let first = member.command(doc! { "find": "c", "sort": { "x": 1 }, "batchSize": 2, "limit": 5 });
    let second = member.command(doc! { "getMore": id_of(&first), "collection": "c", "batchSize": 3 });
    let ids: Vec<i32> = [documents(&first, "firstBatch"), documents(&second, "nextBatch")]
        .concat()
        .iter()
        .map(|document| document.get_i32("_id").expect("an id"))
        .collect();
    assert_eq!(ids, [49, 48, 47, 46, 45]);
    assert_eq!(id_of(&second), 0);
    let limited = member.command(doc! { "find": "c", "limit": 3, "batchSize": 3 });
    assert_eq!(id_of(&limited), 0, "a full limit closes the cursor at once");
    let empty = member.command(doc! { "find": "c", "batchSize": 0 });
    assert!(documents(&empty, "firstBatch").is_empty() && id_of(&empty) != 0);
    let single = member.command(doc! { "find": "c", "batchSize": 3, "singleBatch": true });
    assert_eq!(id_of(&single), 0);
}

#[test]
fn a_batch_stays_below_the_size_of_a_reply() {
    let mut member = Member::new();
    let text = "x".repeat(5 << 20);
    for n in 0..4 {
        member.insert(vec![doc! { "_id": n, "text": &text }]);
    }
    let first = member.command(doc! { "find": "c" });
    assert_eq!(documents(&first, "firstBatch").len(), 3);
    let second = member.command(doc! { "getMore": id_of(&first), "collection": "c" });
    assert_eq!(documents(&second, "nextBatch").len(), 1);
    assert_eq!(id_of(&second), 0);
}

#[test]
fn cursors_end_with_their_session_or_when_nobody_asks_for_them() {
    let mut member = Member::new();
    member.insert((0..10).map(|n| doc! { "_id": n }).collect());
    let lsid = |id: i32| doc! { "id": id };
    let open = |member: &mut Member, id: i32, stays: bool| {
        let find = doc! { "find": "c", "batchSize": 1, "noCursorTimeout": stays, "lsid": lsid(id) };
        id_of(&member.command(find))
    };
    let more = |id: i64| doc! { "getMore": id, "collection": "c", "batchSize": 1 };
    let (one, two) = (open(&mut member, 1, false), open(&mut member, 2, false));
    member.command(doc! { "endSessions": [lsid(1)] });
    assert_eq!(member.code(more(one)), 43);
    member.command(more(two));
    let three = open(&mut member, 3, true);
    member.cursors.expire(std::time::Instant::now() + CURSOR_IDLE_MAX);
    assert_eq!(member.code(more(two)), 43);
    member.command(more(three));
    let status = member.command(doc! { "serverStatus": 1 });
    let cursors = status
        .get_document("metrics")
        .unwrap()
        .get_document("cursor")
        .unwrap();
    assert_eq!(
        (
            cursors.get_i64("timedOut").ok(),
            cursors.get_i64("totalOpened").ok()
        ),
        (Some(1), Some(3))
    );
    let limits = status.get_document("limits").unwrap();
    assert_eq!(limits.get_i64("cursorIdleSecs").ok(), Some(600));
    assert_eq!(limits.get_i64("sessionIdleSecs").ok(), Some(1800));
    for _ in 0..CURSORS_MAX {
        open(&mut member, 4, true);
    }
    assert_eq!(member.cursors.len(), CURSORS_MAX);
    assert_eq!(
        member.code(more(three)),
        43,
        "the one that was idle longest makes room"
    );
}

#[test]
fn cursors_are_killed_and_belong_to_their_collection() {
    let mut member = Member::new();
    member.insert((0..10).map(|n| doc! { "_id": n }).collect());
    let id = id_of(&member.command(doc! { "find": "c", "batchSize": 1 }));
    assert_eq!(member.code(doc! { "getMore": id, "collection": "other" }), 13);
    for (command, code) in [
        (doc! { "killCursors": 1, "cursors": [id] }, 73),
        (doc! { "killCursors": "c", "cursors": id }, 14),
        (doc! { "killCursors": "c", "cursors": [77] }, 14),
        (doc! { "killCursors": "c" }, 40414),
    ] {
        assert_eq!(member.code(command.clone()), code, "{command}");
    }
    let killed = member.command(doc! { "killCursors": "c", "cursors": [Bson::Null, id, 77_i64] });
    assert_eq!(killed.get_array("cursorsKilled").expect("killed"), &[id.into()]);
    assert_eq!(
        killed.get_array("cursorsNotFound").expect("missing"),
        &[77_i64.into()]
    );
    assert_eq!(member.cursors.len(), 0);
}

/// Rows S2-18, S3-05 of the notes.
#[test]
fn the_oplog_is_tailed_and_read_from_both_ends() {
    let mut member = Member::new();
    member.insert(vec![doc! { "_id": 1 }]);
    assert_eq!(
        member.code(doc! { "find": "c", "tailable": true }),
        2,
        "only the oplog is capped"
    );
    let opened = member.command_on(
        "local",
        doc! { "find": "oplog.rs", "tailable": true, "awaitData": true },
    );
    assert_eq!(documents(&opened, "firstBatch").len(), 2);
    let id = id_of(&opened);
    assert!(id != 0 && member.cursors.awaits(id));
    let more = doc! { "getMore": id, "collection": "oplog.rs" };
    assert_eq!(
        documents(&member.command_on("local", more.clone()), "nextBatch"),
        Vec::<Document>::new()
    );
    member.insert(vec![doc! { "_id": 2 }]);
    let news = member.command_on("local", more);
    assert_eq!((documents(&news, "nextBatch").len(), id_of(&news)), (1, id));
    let newest = member.command_on(
        "local",
        doc! { "find": "oplog.rs", "sort": { "$natural": -1 }, "limit": 1 },
    );
    assert_eq!(
        documents(&newest, "firstBatch")[0]
            .get_document("o")
            .expect("an object"),
        &doc! { "_id": 2 }
    );
}

#[test]
fn a_cursor_that_falls_off_the_capped_oplog_says_so() {
    let mut member = Member::new();
    member.insert(vec![doc! { "_id": 1 }]);
    let opened = member.command_on("local", doc! { "find": "oplog.rs", "tailable": true });
    let seen = documents(&opened, "firstBatch");
    let last = seen[seen.len() - 1].get_timestamp("ts").expect("a timestamp");
    let more = doc! { "getMore": id_of(&opened), "collection": "oplog.rs" };
    member.oplog.1 = Some(last);
    member.command_on("local", more.clone());
    member.oplog.1 = Some(bson::Timestamp {
        increment: last.increment + 1,
        ..last
    });
    let error = member.try_command("local", more).expect_err("its place is gone");
    assert_eq!(error.code.number(), 136, "CappedPositionLost");
}

fn id_of(reply: &Document) -> i64 {
    reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_i64("id"))
        .expect("a 64-bit id")
}
