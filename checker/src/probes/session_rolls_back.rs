//! A rollback forgets that a retryable write was done, together with what it did.

use bson::{Binary, doc, spec::BinarySubtype};

use super::{
    ground::Ground,
    likeness::difference,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "session-rolls-back",
    promise: "a write that was rolled back is done when it is retried, and sessions are alike everywhere (R-93, R-117, I-22)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    stage
        .insert(old, "c", vec![doc! { "_id": 0 }], "majority")
        .await?;
    let others = stage.others(&[old]);
    let id = Binary {
        subtype: BinarySubtype::Uuid,
        bytes: vec![9; 16],
    };
    let write = |w: &str| {
        let concern = if w == "one" {
            doc! { "w": 1 }
        } else {
            doc! { "w": w }
        };
        doc! {
            "insert": "c", "documents": [{ "_id": "retried" }],
            "lsid": { "id": id.clone() }, "txnNumber": 1_i64, "writeConcern": concern,
        }
    };
    let cut = stage.cut_off(&[old]).await?;
    stage.have(old, DATABASE, write("one")).await?;
    stage.elect(others[0]).await?;
    stage
        .insert(others[0], "c", vec![doc! { "_id": 1 }], "majority")
        .await?;
    stage.heal(cut).await;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    if let Some(difference) = difference(&stage, &all).await? {
        return Ok(Finding::Broken(difference));
    }
    stage.elect(old).await?;
    let retried = stage.have(old, DATABASE, write("majority")).await?;
    let found = stage.find(old, "c", doc! { "_id": "retried" }).await?;
    let words = || format!("n{old} told a retry {retried}, and the document is not there");
    Ok(Finding::unless(
        found.is_empty().then(words),
        "the retry was done",
    ))
}
