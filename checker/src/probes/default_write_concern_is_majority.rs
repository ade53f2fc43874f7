//! Whoever asks for nothing gets the default: a majority.

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError, is_done},
};

pub(super) const PROBE: Probe = Probe {
    name: "default-write-concern-is-majority",
    promise: "a write without a write concern is acknowledged when a majority has it (R-62)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": 0 }], "majority")
        .await?;
    let cut = stage.cut_off(&[leader]).await?;
    let lonely = doc! { "insert": "c", "documents": [{ "_id": 1 }] };
    let answer = stage.try_ask(leader, DATABASE, lonely).await;
    stage.heal(cut).await;
    let broken = answer.filter(is_done);
    let words = |answer| {
        format!(
            "n{leader}, cut off from all others, acknowledged a write that asked for the default: {answer}"
        )
    };
    Ok(Finding::unless(
        broken.map(words),
        "a lonely primary acknowledged nothing",
    ))
}
