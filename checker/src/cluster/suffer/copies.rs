//! Members that copy all data anew: on an empty machine, or by command.

use std::time::Duration;

use mongodb::bson::doc;
use tokio::time::{Instant, sleep};

use super::{
    effects::Effects,
    operator::{self, AGAIN, ask},
    processes::{self, Taken},
};
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// How long a member may take until it answers as one that can be told to copy.
const ASKED: Duration = Duration::from_secs(15);

/// `myState` of a secondary.
const SECONDARY: i64 = 2;
/// `myState` of a member that has data and does not serve them.
const RECOVERING: i64 = 3;

/// The machine is lost; the member is started again, without anything, when the fault is healed.
pub(super) async fn wipe(rig: &mut Rig, member: Member) -> Result<Taken, ClusterError> {
    let mut taken = processes::kill(rig, &[member]).await?;
    match rig.empty(member) {
        Ok((files, bytes)) => {
            taken.effects.add("files_removed", files);
            taken.effects.add("bytes_removed", bytes);
            taken.effects.struck &= files > 0;
        }
        Err(error) => {
            taken.effects.struck = false;
            taken.effects.remarks.push(error.to_string());
        }
    }
    Ok(taken)
}

/// Tells a running member to throw its data away and to copy the set's.
pub(super) async fn resync(rig: &mut Rig, member: Member) -> Result<Effects, ClusterError> {
    let mut effects = Effects::default();
    let began = Instant::now();
    let mut words = format!("n{member} did not answer");
    while began.elapsed() < ASKED && rig.process(member).is_running() {
        let state = operator::state(rig, member).await?;
        if matches!(state, Some(SECONDARY | RECOVERING)) {
            match ask(rig, member, "admin", "resync", doc! {"resync": 1}).await? {
                Ok(_) => {
                    effects.add("was_recovering", u64::from(state == Some(RECOVERING)));
                    effects.add("copies_begun", 1);
                    effects.struck = true;
                    return Ok(effects);
                }
                Err(refusal) => words = refusal,
            }
        }
        sleep(AGAIN).await;
    }
    effects.add("commands_refused", 1);
    effects.remarks.push(words);
    Ok(effects)
}
