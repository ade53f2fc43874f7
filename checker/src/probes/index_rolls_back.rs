//! A rollback takes back collections and indexes, too.

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference_with_oplog,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "index-rolls-back",
    promise: "after a rollback the indexes and collections are those of all others (R-93, I-22)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    let documents = (0..10).map(|id| doc! { "_id": id, "x": id, "y": id % 3 });
    stage.insert(old, "c", documents.collect(), "majority").await?;
    let index = doc! {
        "createIndexes": "c", "indexes": [{ "key": { "y": 1 }, "name": "y_1" }], "writeConcern": { "w": "majority" },
    };
    stage.have(old, DATABASE, index).await?;
    let others = stage.others(&[old]);

    let cut = stage.cut_off(&[old]).await?;
    let made = doc! {
        "createIndexes": "c", "indexes": [{ "key": { "x": 1 }, "name": "x_1", "unique": true }],
        "writeConcern": { "w": 1 },
    };
    stage.have(old, DATABASE, made).await?;
    stage
        .have(
            old,
            DATABASE,
            doc! { "dropIndexes": "c", "index": "y_1", "writeConcern": { "w": 1 } },
        )
        .await?;
    stage.insert(old, "only_here", vec![doc! { "_id": 1 }], 1).await?;
    stage.elect(others[0]).await?;
    // What the unique index would have refused.
    stage
        .insert(
            others[0],
            "c",
            vec![doc! { "_id": 11, "x": 1, "y": 1 }],
            "majority",
        )
        .await?;
    stage.heal(cut).await;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    let difference = difference_with_oplog(&stage, &all).await?;
    Ok(Finding::unless(difference, "all members have the same indexes"))
}
