//! A log that is newer by the clock and older by its term does not win.

use std::time::Duration;

use bson::{Bson, Timestamp, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError},
};
use crate::nemesis::fault::Fault;

pub(super) const PROBE: Probe = Probe {
    name: "later-clock-does-not-win",
    promise: "a vote compares terms before times: entries of a deposed primary's fast clock elect it over nobody (R-29, I-03)",
    hold: |ground| Box::pin(hold(ground)),
};

/// How far ahead the deposed primary names its entries, in seconds.
const AHEAD_SECS: u32 = 3_600;
/// How long the member that must not win tries.
const TRIES: Duration = Duration::from_secs(4);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let old = stage.leader().await?;
    let others = stage.others(&[old]);
    let (new, voter) = (others[0], others[1]);
    let cut = stage.cut_off(&[old]).await?;
    let hello = stage.have(old, "admin", doc! { "hello": 1 }).await?;
    let Some(Bson::Timestamp(now)) = hello.get("operationTime") else {
        return Err(StageError::Refused {
            member: old,
            answer: hello,
        });
    };
    let ahead = Timestamp {
        time: now.time + AHEAD_SECS,
        increment: 1,
    };
    let lonely = doc! {
        "insert": "c", "documents": [{ "_id": "old" }], "writeConcern": { "w": 1 },
        "$clusterTime": { "clusterTime": ahead },
    };
    stage.have(old, DATABASE, lonely).await?;
    stage.elect(new).await?;
    stage
        .insert(new, "c", vec![doc! { "_id": "acknowledged" }], "majority")
        .await?;
    stage
        .until("the deposed primary to know it", async || {
            (!stage.leads(old).await).then_some(())
        })
        .await?;
    // The voter has the write, and gives it to nobody: it is kept from serving, not from voting.
    stage
        .have(voter, "admin", doc! { "replSetMaintenance": true })
        .await?;
    let dead = stage.strike(Fault::Kill { members: vec![new] }).await?;
    stage.heal(cut).await;
    let won = stage.elect_within(old, TRIES).await;
    let has_it = !stage
        .find(old, "c", doc! { "_id": "acknowledged" })
        .await
        .unwrap_or_default()
        .is_empty();
    stage.heal(dead).await;
    let broken = won && !has_it;
    let words = || {
        format!(
            "n{old} leads with n{voter}'s vote and lacks a write that a majority has, for its own clock was ahead"
        )
    };
    Ok(Finding::unless(
        broken.then(words),
        "the deposed primary was not elected",
    ))
}
