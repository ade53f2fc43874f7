//! A member that lacks what a majority has does not win.

use std::time::Duration;

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError},
};
use crate::nemesis::fault::Fault;

pub(super) const PROBE: Probe = Probe {
    name: "stale-member-does-not-win",
    promise: "nobody is elected who lacks an acknowledged write, even if he is the only one who stands (R-29, I-03)",
    hold: |ground| Box::pin(hold(ground)),
};

/// How long the member that must not win tries.
const TRIES: Duration = Duration::from_secs(4);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let others = stage.others(&[leader]);
    let (voter, stale) = (others[0], others[1]);
    let cut = stage.cut_off(&[stale]).await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": "acknowledged" }], "majority")
        .await?;
    // The voter has the write, and gives it to nobody: it is kept from serving, not from voting.
    stage
        .have(voter, "admin", doc! { "replSetMaintenance": true })
        .await?;
    let dead = stage
        .strike(Fault::Kill {
            members: vec![leader],
        })
        .await?;
    stage.heal(cut).await;
    let won = stage.elect_within(stale, TRIES).await;
    let has_it = !stage
        .find(stale, "c", doc! { "_id": "acknowledged" })
        .await
        .unwrap_or_default()
        .is_empty();
    stage.heal(dead).await;
    let words = || format!("n{stale} leads with n{voter}'s vote and lacks a write that a majority has");
    Ok(Finding::unless(
        (won && !has_it).then(words),
        "the stale member was not elected",
    ))
}
