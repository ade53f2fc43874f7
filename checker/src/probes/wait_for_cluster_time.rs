//! A read waits for what its client has seen.

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError, find, first_batch, is_done},
};

pub(super) const PROBE: Probe = Probe {
    name: "wait-for-cluster-time",
    promise: "a secondary that lags does not answer a client who has seen more (R-114)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": 0 }], "majority")
        .await?;
    let behind = stage.others(&[leader])[0];
    let cut = stage.cut_off(&[behind]).await?;
    let written = stage
        .insert(leader, "c", vec![doc! { "_id": 1 }], "majority")
        .await?;
    let time = written.get("operationTime").cloned();
    let mut read = find("c", doc! { "_id": 1 });
    read.extend(doc! {
        "readConcern": { "level": "local", "afterClusterTime": time.clone() },
        "$clusterTime": { "clusterTime": time },
        "maxTimeMS": 700,
    });
    let answer = stage.ask(behind, DATABASE, read).await?;
    stage.heal(cut).await;
    let misses = is_done(&answer) && first_batch(&answer).is_empty();
    let words = || format!("n{behind} lagged, and answered a read after the write's time without the write");
    Ok(Finding::unless(
        misses.then(words),
        "the member that lagged did not answer",
    ))
}
