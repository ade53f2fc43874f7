//! Faults that an operator asks for: step down, do not stand, shut down.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};

use super::{effects::Effects, operator, processes::Taken};
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// How long a process may take to go after it was asked to; then SIGKILL follows.
const GRACE: Duration = Duration::from_secs(10);

/// What was asked, and what came of it.
#[derive(Debug)]
pub(super) struct Asked {
    member: Member,
    /// The command that takes it back, if one does.
    undo: Option<Document>,
    /// The member had a reason not to: the set had changed between the look at it and the command.
    refusal: Option<String>,
}

impl Asked {
    /// It was heeded.
    pub(super) fn has_struck(&self) -> bool {
        self.refusal.is_none()
    }
}

/// The member gives its primary-ship away.
pub(super) async fn step_down(rig: &mut Rig, member: Member, seconds: u64) -> Result<Asked, ClusterError> {
    let period = i64::try_from(seconds).unwrap_or(i64::MAX);
    let catch_up = period.min(1);
    let command = doc! {"replSetStepDown": period, "secondaryCatchUpPeriodSecs": catch_up, "force": true};
    let refusal = ask(rig, member, "replSetStepDown", command).await?;
    let undo = Some(doc! {"replSetFreeze": 0});
    Ok(Asked {
        member,
        undo,
        refusal,
    })
}

/// The member stands for election, without waiting for its time-out.
pub(super) async fn step_up(rig: &mut Rig, member: Member) -> Result<Asked, ClusterError> {
    let refusal = ask(rig, member, "replSetStepUp", doc! {"replSetStepUp": 1}).await?;
    Ok(Asked {
        member,
        undo: None,
        refusal,
    })
}

/// The member does not stand for election.
pub(super) async fn freeze(rig: &mut Rig, member: Member, seconds: u64) -> Result<Asked, ClusterError> {
    let period = i64::try_from(seconds).unwrap_or(i64::MAX);
    let refusal = ask(rig, member, "replSetFreeze", doc! {"replSetFreeze": period}).await?;
    let undo = Some(doc! {"replSetFreeze": 0});
    Ok(Asked {
        member,
        undo,
        refusal,
    })
}

/// The members end, one after the other: each may hand over to one that stays.
pub(super) async fn shut_down(rig: &mut Rig, members: &[Member]) -> Result<Taken, ClusterError> {
    let mut taken = Taken::nobody();
    for member in members {
        let asked = Instant::now();
        rig.excuse(*member);
        // It may be gone before its answer is; whether it went tells.
        let command = doc! {"shutdown": 1, "force": true, "timeoutSecs": 1};
        let refusal = ask(rig, *member, "shutdown", command).await?;
        let (gone, deaf) = match rig.process(*member).wait(GRACE).await {
            Ok(gone) => (gone, false),
            Err(_) => (rig.process(*member).kill().await?, true),
        };
        taken.effects.add("processes_gone", u64::from(!gone.was_killed()));
        taken.effects.add("processes_deaf", u64::from(deaf));
        taken.effects.add(
            "took_ms",
            u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
        if deaf && let Some(words) = refusal {
            taken.effects.remarks.push(words);
        }
        taken.down.push(*member);
        rig.network.set_pid(*member, None);
    }
    taken.effects.struck = taken.effects.get("processes_gone") > 0;
    Ok(taken)
}

/// Takes it back where that is possible.
pub(super) async fn heal(rig: &mut Rig, asked: Asked) -> (Effects, Result<(), ClusterError>) {
    let mut effects = Effects::default();
    effects.add("commands_heeded", u64::from(asked.refusal.is_none()));
    effects.add("commands_refused", u64::from(asked.refusal.is_some()));
    effects.struck = asked.refusal.is_none();
    effects.remarks.extend(asked.refusal);
    if let Some(undo) = asked.undo
        && rig.process(asked.member).is_running()
        && !rig.process(asked.member).is_paused()
    {
        // A member that leads again refuses this, and needs it no more.
        let _ = ask(rig, asked.member, "undo", undo).await;
    }
    (effects, Ok(()))
}

/// What the member answered if it was no; an error when it could not be asked at all.
async fn ask(
    rig: &Rig,
    member: Member,
    name: &'static str,
    command: Document,
) -> Result<Option<String>, ClusterError> {
    Ok(operator::ask(rig, member, "admin", name, command).await?.err())
}
