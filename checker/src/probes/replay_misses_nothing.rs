//! What a crash left in the oplog only is applied again, from the first entry on.

use std::time::{Duration, Instant};

use bson::doc;

use super::{
    ground::Ground,
    likeness::difference,
    probe::{Finding, Probe},
    stage::{Stage, StageError},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "replay-misses-nothing",
    promise: "a member that was killed has every entry's change when it is back (R-88, R-97)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Longer than the server keeps its data in memory only: the replay then begins in the middle of these writes.
const WRITING: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let victim = stage.others(&[leader])[0];
    let began = Instant::now();
    let mut id = 0;
    while began.elapsed() < WRITING {
        stage
            .insert(leader, "c", vec![doc! { "_id": id }], "majority")
            .await?;
        id += 1;
        tokio::time::sleep(PAUSE).await;
    }
    let all: Vec<Member> = stage.members().collect();
    // The two that are left may commit without it: what it is to have, it has.
    stage.settled(&all).await?;
    let dead = stage
        .strike(Fault::Kill {
            members: vec![victim],
        })
        .await?;
    stage.heal(dead).await;
    if let Some(lost) = stage.is_lost(victim).await {
        return Ok(Finding::Broken(format!("after a crash {lost}")));
    }
    stage.settled(&all).await?;
    let difference = difference(&stage, &all).await?;
    Ok(Finding::unless(difference, "the member came back with all of it"))
}
