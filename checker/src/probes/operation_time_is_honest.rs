//! A read says no later time than that of what it has seen.

use bson::{Bson, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError, first_batch, is_done},
};

pub(super) const PROBE: Probe = Probe {
    name: "operation-time-is-honest",
    promise: "the operation time of a read is not later than its snapshot (R-114, I-24)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": 0 }], "majority")
        .await?;
    let cut = stage.cut_off(&[leader]).await?;
    let written = stage.insert(leader, "c", vec![doc! { "_id": 1 }], 1).await?;
    let read = doc! { "find": "c", "filter": { "_id": 1 }, "readConcern": { "level": "majority" } };
    let answer = stage.ask(leader, DATABASE, read).await?;
    stage.heal(cut).await;
    if !is_done(&answer) || !first_batch(&answer).is_empty() {
        return Err(StageError::Refused {
            member: leader,
            answer,
        });
    }
    let (Some(Bson::Timestamp(write)), Some(Bson::Timestamp(read))) =
        (written.get("operationTime"), answer.get("operationTime"))
    else {
        return Err(StageError::Refused {
            member: leader,
            answer,
        });
    };
    let words =
        || format!("a read that did not see the write of {write} said that it had seen all until {read}");
    Ok(Finding::unless(
        (read >= write).then(words),
        "the time of a majority read was that of the commit point",
    ))
}
