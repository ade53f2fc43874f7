//! Members restarted from another binary.

use std::{fs, path::PathBuf};

use super::{
    effects::Effects,
    processes::{self, Taken},
};
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// Members that are down, and the binaries that they are to run next.
#[derive(Debug)]
pub(super) struct Swapped {
    pub(super) taken: Taken,
    next: Vec<(Member, PathBuf)>,
}

/// Stops the members politely; each will start from the binary that it did not run.
pub(super) async fn swap(rig: &mut Rig, members: &[Member]) -> Result<Swapped, ClusterError> {
    let taken = processes::terminate(rig, members).await?;
    let mut next = Vec::new();
    for member in members {
        let [one, other] = rig.programs.clone();
        let launch = rig.process(*member).launch_mut();
        launch.program = if launch.program == one { other } else { one };
        next.push((*member, launch.program.clone()));
    }
    Ok(Swapped { taken, next })
}

/// Starts them, and asks the kernel which binary runs.
pub(super) async fn heal(rig: &mut Rig, swapped: Swapped) -> (Effects, Result<(), ClusterError>) {
    let (mut effects, healed) = processes::give_back(rig, swapped.taken).await;
    let two = rig.programs[0] != rig.programs[1];
    for (member, program) in swapped.next {
        let runs = rig
            .pid(member)
            .and_then(|pid| fs::read_link(format!("/proc/{pid}/exe")).ok());
        let program = fs::canonicalize(&program).unwrap_or(program);
        let changed = runs.is_some_and(|runs| runs == program);
        effects.add("binaries_changed", u64::from(changed && two));
        effects.struck &= changed;
    }
    (effects, healed)
}
