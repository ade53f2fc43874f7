//! The named timers. The core knows names only; the shell and the simulator turn them into deadlines, and the
//! model lets any of them fire.

use serde::{Deserialize, Serialize};

use crate::config::MemberId;
use crate::state::Denial;

/// A timer's name. Setting an armed timer arms it afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// No primary was heard of for the election timeout plus jitter.
    Election,
    /// Time for the next heartbeat to this member.
    Heartbeat(MemberId),
    /// Nothing came from this member for the election timeout.
    Silence(MemberId),
    /// The primary's connection broke a moment ago, and nobody else is known to lead: time to ask around. Short and
    /// drawn, so that not all ask at once.
    Suspicion,
    /// The sync source owes an answer for half the election timeout.
    Fetch,
    /// Look for a sync source again.
    SyncSource,
    /// The operator prefers this member to the primary; so many are preferred to this one: the election
    /// timeout, once more for each of them.
    PriorityTakeover(u8),
    /// The new primary still lacks what this member has.
    CatchUpTakeover,
    /// The new primary has waited long enough for those who are ahead.
    CatchUp,
    /// The operator's step-down waited long enough for a caught-up secondary.
    StepDown,
    /// The member may stand again after a step-down or freeze.
    Unfreeze,
    /// Report the position even if nothing changed: half the election timeout.
    KeepAlive,
    /// This member may be pulled from again.
    Forgive(MemberId, Denial),
    /// In initial sync: ask again for what was not answered.
    Sync,
    /// A member that is kept behind looks whether the next entries are old enough.
    Ripen,
}
