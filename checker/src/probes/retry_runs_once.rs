//! A retried write runs once, also when another member answers the retry.

use bson::{Binary, doc, spec::BinarySubtype};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Fault;

pub(super) const PROBE: Probe = Probe {
    name: "retry-runs-once",
    promise: "a retryable write that was done is not done again by the next primary (R-117)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    stage
        .insert(old, "c", vec![doc! { "_id": 1, "n": 0 }], "majority")
        .await?;
    let id = Binary {
        subtype: BinarySubtype::Uuid,
        bytes: vec![7; 16],
    };
    let count = doc! {
        "update": "c", "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }],
        "lsid": { "id": id }, "txnNumber": 1_i64, "writeConcern": { "w": "majority", "wtimeout": 10_000 },
    };
    stage.have(old, DATABASE, count.clone()).await?;
    let others = stage.others(&[old]);
    let dead = stage.strike(Fault::Kill { members: vec![old] }).await?;
    let new = stage.leader_among(&others).await?;
    let retried = stage.have(new, DATABASE, count).await?;
    let found = stage.find(new, "c", doc! { "_id": 1 }).await?;
    stage.heal(dead).await;
    let counted = found.first().and_then(|document| document.get_i32("n").ok());
    let broken = counted != Some(1) || retried.get_i32("n").ok() != Some(1);
    let words = || {
        format!(
            "a write that counted by one was retried at n{new}, and it is {counted:?}; the retry was told {retried}"
        )
    };
    Ok(Finding::unless(broken.then(words), "the retry changed nothing"))
}
