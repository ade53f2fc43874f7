//! What was rolled back stays so.

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference_with_oplog,
    probe::{Finding, Probe},
    stage::{Stage, StageError},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "rollback-survives-a-crash",
    promise: "a member that is killed after a rollback comes back without what it rolled back (R-93, R-97, I-02)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    stage
        .insert(old, "c", vec![doc! { "_id": "before" }], "majority")
        .await?;
    let others = stage.others(&[old]);
    let cut = stage.cut_off(&[old]).await?;
    let lonely = (0..5).map(|id| doc! { "_id": id });
    stage.insert(old, "c", lonely.collect(), 1).await?;
    stage.elect(others[0]).await?;
    stage
        .insert(others[0], "c", vec![doc! { "_id": "after" }], "majority")
        .await?;
    stage.heal(cut).await;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    let dead = stage.strike(Fault::Kill { members: vec![old] }).await?;
    stage.heal(dead).await;
    if let Some(lost) = stage.is_lost(old).await {
        return Ok(Finding::Broken(format!("after a rollback and a crash {lost}")));
    }
    stage.settled(&all).await?;
    let difference = difference_with_oplog(&stage, &all).await?;
    Ok(Finding::unless(difference, "the member came back as it was"))
}
