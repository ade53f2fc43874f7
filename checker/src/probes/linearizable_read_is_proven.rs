//! A linearizable read of a primary that has lost its office unknowingly is not answered.

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Plan, Stage, StageError, first_batch},
};

pub(super) const PROBE: Probe = Probe {
    name: "linearizable-read-is-proven",
    promise: "a linearizable read never answers with what was overwritten before it began (R-112, I-12)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    // Long enough for a new primary to be elected and to write before the old one gives up.
    let plan = Plan {
        settings: doc! { "electionTimeoutMillis": 4_000_i64 },
        ..Plan::default()
    };
    let mut stage = Stage::start(ground, plan).await?;
    let old = stage.leader().await?;
    stage
        .insert(old, "c", vec![doc! { "_id": 1, "n": 1 }], "majority")
        .await?;
    let others = stage.others(&[old]);
    let cut = stage.cut_off(&[old]).await?;
    stage.elect(others[0]).await?;
    let update = doc! {
        "update": "c", "updates": [{ "q": { "_id": 1 }, "u": { "$set": { "n": 2 } } }],
        "writeConcern": { "w": "majority", "wtimeout": 10_000 },
    };
    stage.have(others[0], DATABASE, update).await?;
    let read = doc! {
        "find": "c", "filter": { "_id": 1 }, "readConcern": { "level": "linearizable" }, "maxTimeMS": 3_000,
    };
    if !stage.leads(old).await {
        let what = "a read of a deposed primary that does not know it".to_owned();
        return Err(StageError::Late { what });
    }
    let answer = stage.try_ask(old, DATABASE, read).await;
    stage.heal(cut).await;
    let found = answer.as_ref().map(first_batch).unwrap_or_default();
    let stale = found
        .iter()
        .find(|document| document.get_i32("n").ok() == Some(1));
    let words = |document| {
        format!(
            "n{old} answered {document}, which n{} had overwritten with a majority before",
            others[0]
        )
    };
    Ok(Finding::unless(
        stale.map(words),
        "the deposed primary did not answer",
    ))
}
