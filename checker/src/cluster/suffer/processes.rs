//! Kill, polite stop, pause.

use std::time::{Duration, Instant};

use super::effects::Effects;
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// How long a polite stop may take before SIGKILL follows.
const GRACE: Duration = Duration::from_secs(10);

/// Members taken away, and what was measured on the way.
#[derive(Debug)]
pub(super) struct Taken {
    /// Those that are down and to be started again.
    pub(super) down: Vec<Member>,
    /// Those that are stopped and to be continued.
    pub(super) paused: Vec<Member>,
    pub(super) since: Instant,
    pub(super) effects: Effects,
}

impl Taken {
    pub(super) fn nobody() -> Self {
        Self {
            down: Vec::new(),
            paused: Vec::new(),
            since: Instant::now(),
            effects: Effects::default(),
        }
    }
}

/// Kills the members, all of which must run.
pub(super) async fn kill(rig: &mut Rig, members: &[Member]) -> Result<Taken, ClusterError> {
    kill_and(rig, members, |_| {}).await
}

/// The same; `then` is done between the signals and the deaths.
pub(super) async fn kill_and(
    rig: &mut Rig,
    members: &[Member],
    then: impl FnOnce(&Rig),
) -> Result<Taken, ClusterError> {
    let mut taken = Taken::nobody();
    if let Some(down) = members.iter().find(|member| !rig.process(**member).is_running()) {
        return Err(ClusterError::NotRunning {
            what: format!("n{down} is down already"),
        });
    }
    // All signals first: they die together, not one after the other has been mourned. One that cannot be
    // signalled has just ended by itself, and its status below tells.
    for member in members {
        let _ = rig.process(*member).send_kill();
    }
    then(rig);
    for member in members {
        rig.excuse(*member);
        match rig.process(*member).killed().await {
            Ok(gone) => {
                taken.effects.add("processes_gone", u64::from(gone.was_killed()));
                taken.down.push(*member);
                rig.network.set_pid(*member, None);
            }
            Err(error) => return Err(undo(rig, taken, *member, error).await),
        }
    }
    taken.effects.struck = taken.effects.get("processes_gone") == members.len() as u64;
    Ok(taken)
}

/// Asks the members to end.
pub(super) async fn terminate(rig: &mut Rig, members: &[Member]) -> Result<Taken, ClusterError> {
    let mut taken = Taken::nobody();
    for member in members {
        rig.excuse(*member);
        match rig.process(*member).terminate(GRACE).await {
            Ok(gone) => {
                taken.effects.add("processes_gone", 1);
                taken.effects.add("processes_deaf", u64::from(gone.was_killed()));
                taken.effects.add("took_ms", gone.took.as_millis() as u64);
                taken.down.push(*member);
                rig.network.set_pid(*member, None);
            }
            Err(error) => return Err(undo(rig, taken, *member, error).await),
        }
    }
    if taken.effects.get("processes_deaf") > 0 {
        taken
            .effects
            .remarks
            .push("SIGTERM was not heeded, SIGKILL followed".to_owned());
    }
    taken.effects.struck = !taken.down.is_empty();
    Ok(taken)
}

/// Stops the members.
pub(super) async fn pause(rig: &mut Rig, members: &[Member]) -> Result<Taken, ClusterError> {
    let mut taken = Taken::nobody();
    for member in members {
        rig.excuse(*member);
        match rig.process(*member).pause().await {
            Ok(()) => taken.paused.push(*member),
            Err(error) => return Err(undo(rig, taken, *member, error).await),
        }
    }
    Ok(taken)
}

/// Starts and continues what was taken. A member that was started by somebody else meanwhile is left alone.
pub(super) async fn give_back(rig: &mut Rig, taken: Taken) -> (Effects, Result<(), ClusterError>) {
    let Taken {
        down,
        paused,
        since,
        mut effects,
    } = taken;
    let mut healed = Ok(());
    if !down.is_empty() {
        effects.add("down_ms", since.elapsed().as_millis() as u64);
    }
    for member in down {
        rig.blame(member);
        if !rig.process(member).is_running() {
            healed = healed.and(rig.restart(member));
        }
    }
    let mut stood_still = !paused.is_empty();
    for member in paused {
        rig.blame(member);
        match rig.process(member).resume().await {
            Ok(pause) => {
                effects.add("processes_stopped", 1);
                effects.add("stopped_ms", pause.lasted.as_millis() as u64);
                effects.add("cpu_ticks_while_stopped", pause.cpu_ticks);
                stood_still &= pause.cpu_ticks == 0;
            }
            Err(error) => {
                stood_still = false;
                healed = healed.and(Err(error));
            }
        }
    }
    effects.struck |= stood_still;
    (effects, healed)
}

async fn undo(rig: &mut Rig, taken: Taken, failed: Member, error: ClusterError) -> ClusterError {
    rig.blame(failed);
    // What goes wrong here is the smaller trouble: the first error is told.
    let _ = give_back(rig, taken).await;
    error
}
