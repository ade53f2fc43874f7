//! A write that a power loss has torn is no entry.

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference,
    probe::{Finding, Probe},
    stage::{Plan, Stage, StageError},
};
use crate::nemesis::fault::{DiskOperation, Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "torn-write-is-cut",
    promise: "after a power loss in the middle of a write a member starts again, with whole entries only (R-97)",
    hold: |ground| Box::pin(hold(ground)),
};

/// How often the power goes.
const ROUNDS: i32 = 4;
/// Documents on their way meanwhile, and the size of one: hundreds of sectors.
const DOCUMENTS: i32 = 12;
/// See [`DOCUMENTS`].
const DOCUMENT_BYTES: usize = 100_000;
/// How long a flush takes: the power goes before it is done.
const FLUSH_MS: u64 = 400;
/// Of a thousand sectors so many had reached the disk.
const KEPT_PERMILLE: u32 = 500;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let plan = Plan {
        power: true,
        ..Plan::default()
    };
    let mut stage = Stage::start(ground, plan).await?;
    let leader = stage.leader().await?;
    let member = stage.others(&[leader])[0];
    let all: Vec<Member> = stage.members().collect();
    for round in 0..ROUNDS {
        let slow = Fault::DiskSlow {
            member,
            operation: DiskOperation::Sync,
            delay_ms: FLUSH_MS,
        };
        let slow = stage.strike(slow).await?;
        for at in 0..DOCUMENTS {
            let document = doc! { "_id": round * DOCUMENTS + at, "filler": "x".repeat(DOCUMENT_BYTES) };
            stage.insert(leader, "c", vec![document], 1).await?;
        }
        let loss = Fault::PowerLoss {
            members: vec![member],
            keep_permille: KEPT_PERMILLE,
            seed: round.unsigned_abs().into(),
        };
        let loss = stage.strike(loss).await?;
        stage.heal(slow).await;
        stage.heal(loss).await;
        if let Some(lost) = stage.is_lost(member).await {
            return Ok(Finding::Broken(format!("after a power loss {lost}")));
        }
        stage.settled(&all).await?;
        if let Some(difference) = difference(&stage, &all).await? {
            return Ok(Finding::Broken(difference));
        }
    }
    Ok(Finding::Kept(
        "the member came back each time and holds the same".to_owned(),
    ))
}
