//! A wall clock that jumps ends no time-out.

use std::time::Duration;

use bson::{Document, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError, within},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "clock-jump-elects-nobody",
    promise: "a jump of a wall clock ends no time-out: nobody stands or steps down for it (R-16, R-51)",
    hold: |ground| Box::pin(hold(ground)),
};

/// How far the clock jumps.
const JUMP_MS: i64 = 3_600_000;
/// How long it is watched: some election timeouts.
const WATCHED: Duration = Duration::from_secs(3);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let others = stage.others(&[leader]);
    let before = term(&stage, leader).await?;
    // A primary that believes to have heard nobody for an hour steps down; a secondary stands.
    for member in [others[0], leader] {
        let jump = Fault::ClockJump {
            member,
            offset_ms: JUMP_MS,
        };
        let jumped = stage.strike(jump).await?;
        let risen = within(WATCHED, async || {
            let now = term(&stage, leader).await.ok()?;
            (now > before || !stage.leads(leader).await).then_some(now)
        })
        .await;
        stage.heal(jumped).await;
        if let Some(now) = risen {
            return Ok(Finding::Broken(format!(
                "the clock of n{member} jumped, and n{leader}, primary of term {before}, lost its office: the term is {now}"
            )));
        }
    }
    Ok(Finding::Kept("the primary stayed in its term".to_owned()))
}

async fn term(stage: &Stage, member: Member) -> Result<i64, StageError> {
    let status: Document = stage
        .have(member, "admin", doc! { "replSetGetStatus": 1 })
        .await?;
    Ok(status.get_i64("term").unwrap_or(-1))
}
