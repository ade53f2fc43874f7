//! Batches of writes leave the same on every member.

use bson::{Document, doc};

use super::{
    ground::Ground,
    likeness::difference_with_oplog,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "batches-apply-in-order",
    promise: "what one command writes in many entries is on every member, complete and in its order (R-57, R-88, I-25)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Documents that are each written several times by one command: three times, four times, and so on.
const DOCUMENTS: i32 = 6;
/// How often all of that is done.
const ROUNDS: i32 = 8;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let documents = (0..DOCUMENTS).map(|id| doc! { "_id": id, "n": 0 });
    stage.insert(leader, "c", documents.collect(), "majority").await?;
    for round in 1..=ROUNDS {
        for id in 0..DOCUMENTS {
            let update = |step: i32| doc! { "q": { "_id": id }, "u": { "$set": { "n": round * 100 + step, "step": step } } };
            let updates: Vec<Document> = (0..3 + id).map(update).collect();
            let command = doc! { "update": "c", "updates": updates, "writeConcern": { "w": 1 } };
            stage.have(leader, DATABASE, command).await?;
        }
        let inserts = (0..5).map(|at| doc! { "_id": round * 10 + at });
        stage.insert(leader, "inserted", inserts.collect(), 1).await?;
    }
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    let difference = difference_with_oplog(&stage, &all).await?;
    Ok(Finding::unless(difference, "all members hold the same"))
}
