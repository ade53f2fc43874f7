//! A rollback takes back every change of documents.

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference_with_oplog,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "documents-roll-back",
    promise: "after a rollback the documents are those of all others (R-93, I-22)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    let documents = (0..10).map(|id| doc! { "_id": id, "x": id });
    stage.insert(old, "c", documents.collect(), "majority").await?;
    let others = stage.others(&[old]);

    let cut = stage.cut_off(&[old]).await?;
    // Whichever change is forgotten, the first or the last one, somebody has a document more or less.
    stage
        .insert(old, "c", vec![doc! { "_id": "first, only here" }], 1)
        .await?;
    let concern = doc! { "w": 1 };
    let changed = doc! {
        "update": "c", "updates": [{ "q": { "_id": 1 }, "u": { "$set": { "x": "only here" } } }],
        "writeConcern": concern.clone(),
    };
    stage.have(old, DATABASE, changed).await?;
    let deleted = doc! {
        "delete": "c", "deletes": [{ "q": { "_id": 2 }, "limit": 1 }], "writeConcern": concern.clone(),
    };
    stage.have(old, DATABASE, deleted).await?;
    let upserted = doc! {
        "update": "c", "updates": [{ "q": { "_id": "last, only here" }, "u": { "$set": { "x": 1 } }, "upsert": true }],
        "writeConcern": concern,
    };
    stage.have(old, DATABASE, upserted).await?;
    stage.elect(others[0]).await?;
    stage
        .insert(others[0], "c", vec![doc! { "_id": 11, "x": 1 }], "majority")
        .await?;
    stage.heal(cut).await;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    let difference = difference_with_oplog(&stage, &all).await?;
    Ok(Finding::unless(difference, "all members have the same documents"))
}
