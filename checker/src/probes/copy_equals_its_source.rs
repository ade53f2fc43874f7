//! A member that copies its data while they change holds the same as all others in the end.

use std::cell::Cell;

use bson::{Document, doc};

use super::{
    ground::Ground,
    likeness::difference,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "copy-equals-its-source",
    promise: "after an initial sync under load a member has every document once, as it is, and every index (R-99, I-22)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Documents that are copied first, one page after the other, while the others change.
const FILLERS: i32 = 60;
/// Size of one.
const FILLER_BYTES: usize = 200 * 1024;
/// Of the links meanwhile: the copy takes some three seconds, in which there are writes for certain.
const BYTES_PER_SECOND: u64 = 4_000_000;
/// Documents that are counted on.
const COUNTERS: i32 = 20;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let copies = stage.others(&[leader])[0];
    for id in 0..FILLERS {
        let filler = doc! { "_id": id, "filler": "x".repeat(FILLER_BYTES) };
        stage.insert(leader, "a", vec![filler], 1).await?;
    }
    // Small ones on the first page: they change after they were copied.
    let early = (1..=COUNTERS).map(|id| doc! { "_id": -id, "n": 0 });
    stage.insert(leader, "a", early.collect(), 1).await?;
    let counters = (0..COUNTERS).map(|id| doc! { "_id": id, "n": 0, "word": format!("w{id}") });
    stage.insert(leader, "z", counters.collect(), "majority").await?;
    let indexes = doc! {
        "createIndexes": "z",
        "indexes": [{ "key": { "n": 1 }, "name": "n_1" }, { "key": { "word": 1 }, "name": "word_1", "unique": true }],
    };
    stage.have(leader, DATABASE, indexes).await?;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;

    let slowed = stage.slow_down(copies, BYTES_PER_SECOND).await?;
    let done = Cell::new(false);
    let (written, copied) = tokio::join!(write_until(&stage, leader, &done), async {
        let copied = copy(&stage, copies).await;
        done.set(true);
        copied
    });
    stage.heal(slowed).await;
    written?;
    copied?;
    stage.settled(&all).await?;
    let difference = difference(&stage, &all).await?;
    Ok(Finding::unless(difference, "the copy holds what all others hold"))
}

/// Throws a member's data away and waits until it has copied them anew.
async fn copy(stage: &Stage, member: Member) -> Result<(), StageError> {
    stage.have(member, "admin", doc! { "resync": 1 }).await?;
    stage
        .until("the end of the copy", async || {
            (stage.state_of(member).await.as_deref() == Some("SECONDARY")).then_some(())
        })
        .await
}

/// Counts, inserts and deletes until it is told to stop.
async fn write_until(stage: &Stage, leader: Member, done: &Cell<bool>) -> Result<(), StageError> {
    let mut turn = 0;
    while !done.get() {
        let count = |id: i32| doc! { "q": { "_id": id }, "u": { "$inc": { "n": 1 } } };
        let counts: Vec<Document> = (0..COUNTERS).map(count).collect();
        let command = doc! { "update": "z", "updates": counts, "writeConcern": { "w": 1 } };
        stage.have(leader, DATABASE, command).await?;
        let early = count(-1 - turn % COUNTERS);
        let command = doc! { "update": "a", "updates": [early], "writeConcern": { "w": 1 } };
        stage.have(leader, DATABASE, command).await?;
        // Behind what has been copied, and never touched again: only the oplog brings it.
        let behind = doc! { "_id": -1_000 - turn };
        stage.insert(leader, "a", vec![behind], 1).await?;
        let new = doc! { "_id": 1_000 + turn, "n": -turn, "word": format!("n{turn}") };
        stage.insert(leader, "z", vec![new], 1).await?;
        let old = doc! { "q": { "_id": 1_000 + turn - 20 }, "limit": 1 };
        let command = doc! { "delete": "z", "deletes": [old], "writeConcern": { "w": 1 } };
        stage.have(leader, DATABASE, command).await?;
        turn += 1;
    }
    Ok(())
}
