//! A set that grows by a machine, and shrinks again.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use tokio::time::{Instant, sleep};

use super::{
    effects::Effects,
    membership::one_try,
    operator::{self, AGAIN},
    processes,
};
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// How long the change is tried, while nobody leads or the configuration before is not committed.
const TRIED: Duration = Duration::from_secs(6);
/// How long the member may take to be out again.
const OUT: Duration = Duration::from_secs(25);
/// How long one try of removing it is waited for.
const OUT_WAIT_MS: u64 = 3_000;

/// `myState` of a secondary, and of a member that copies the data.
const SECONDARY: i64 = 2;
const COPYING: i64 = 5;

/// A machine that has become a member, or was refused.
#[derive(Debug)]
pub(super) struct Enrolled {
    member: Member,
    refusal: Option<String>,
    effects: Effects,
}

impl Enrolled {
    /// Its row was seen in the primary's configuration.
    pub(super) fn has_struck(&self) -> bool {
        self.refusal.is_none()
    }
}

/// Adds the machine's row.
pub(super) async fn enroll(rig: &mut Rig, member: Member, wait_ms: u64) -> Result<Enrolled, ClusterError> {
    let host = rig.seats()[usize::from(member)].advertised.to_string();
    let row = doc! {"_id": i32::from(member), "host": host};
    let refusal = until_in_force(rig, member, wait_ms, TRIED, Some(row)).await?;
    Ok(Enrolled {
        member,
        refusal,
        effects: Effects::default(),
    })
}

/// Removes it, and gives its machine back empty.
pub(super) async fn heal(rig: &mut Rig, enrolled: Enrolled) -> (Effects, Result<(), ClusterError>) {
    let Enrolled {
        member,
        refusal,
        mut effects,
    } = enrolled;
    effects.add("commands_refused", u64::from(refusal.is_some()));
    effects.add("rows_added", u64::from(refusal.is_none()));
    effects.struck = refusal.is_none();
    effects.remarks.extend(refusal);
    if effects.struck {
        let state = operator::state(rig, member).await.ok().flatten();
        effects.add("copies_finished", u64::from(state == Some(SECONDARY)));
        effects.add("copies_cut_short", u64::from(state == Some(COPYING)));
    }
    // Also after a refusal: a change that was not committed in time may be later.
    let removed = remove(rig, member).await;
    (effects, removed)
}

async fn remove(rig: &mut Rig, member: Member) -> Result<(), ClusterError> {
    if let Some(words) = until_in_force(rig, member, OUT_WAIT_MS, OUT, None).await? {
        return Err(ClusterError::Refused {
            member,
            command: "replSetReconfig",
            words,
        });
    }
    let taken = processes::kill(rig, &[member]).await?;
    rig.empty(member)?;
    processes::give_back(rig, taken).await.1
}

/// Asks until the row is as wanted; after `patience` the last refusal.
async fn until_in_force(
    rig: &mut Rig,
    member: Member,
    wait_ms: u64,
    patience: Duration,
    row: Option<Document>,
) -> Result<Option<String>, ClusterError> {
    let began = Instant::now();
    loop {
        let tried = one_try(rig, member, wait_ms, |_| row.clone()).await?;
        if tried.refusal.is_none() || began.elapsed() > patience {
            return Ok(tried.refusal);
        }
        sleep(AGAIN).await;
    }
}
