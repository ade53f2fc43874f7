//! The names of new files survive a power loss.

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference,
    probe::{Finding, Probe},
    stage::{Plan, Stage, StageError},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "new-segment-survives-power-loss",
    promise: "what was acknowledged is there after a power loss, whichever new file holds it (R-61, R-97)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Documents written, and the size of one: many segments of a small oplog.
const DOCUMENTS: i32 = 80;
/// See [`DOCUMENTS`].
const DOCUMENT_BYTES: usize = 20_000;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let plan = Plan {
        power: true,
        strict_names: true,
        arguments: vec!["--oplogSize", "4"],
        ..Plan::default()
    };
    let mut stage = Stage::start(ground, plan).await?;
    let leader = stage.leader().await?;
    let member = stage.others(&[leader])[0];
    for id in 0..DOCUMENTS {
        let document = doc! { "_id": id, "filler": "x".repeat(DOCUMENT_BYTES) };
        stage.insert(leader, "c", vec![document], 3).await?;
    }
    let loss = Fault::PowerLoss {
        members: vec![member],
        keep_permille: 0,
        seed: 1,
    };
    let loss = stage.strike(loss).await?;
    stage.heal(loss).await;
    if let Some(lost) = stage.is_lost(member).await {
        return Ok(Finding::Broken(format!("after a power loss {lost}")));
    }
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;
    let difference = difference(&stage, &all).await?;
    Ok(Finding::unless(
        difference,
        "the member came back with all that it had acknowledged",
    ))
}
