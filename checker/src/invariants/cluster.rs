//! What an invariant looks at: every member, its disk, and what has been promised so far.

use protocol::input::Input;
use protocol::optime::OpTime;
use protocol::output::Output;
use protocol::state::{Durable, State};

use super::ghosts::Ghosts;

/// The version of a set's first configuration.
const FOUNDED: u32 = 1;

/// All members at one instant.
pub struct Cluster<'a> {
    /// By position in the configuration.
    pub members: &'a [Member<'a>],
    /// What clients were told and what was decided.
    pub ghosts: &'a Ghosts,
}

/// One member at one instant.
pub struct Member<'a> {
    /// Its state; `None` while the process is down.
    pub state: Option<&'a State>,
    /// What its disk holds, as the world knows it and not as the member believes.
    pub disk: &'a Durable,
    /// Where a majority read would look here now; `None` if it would be refused.
    pub majority_read: Option<OpTime>,
}

/// One step of one member.
pub struct Step<'a> {
    /// The member before.
    pub before: &'a State,
    /// What happened to it.
    pub input: &'a Input,
    /// What it asked for.
    pub outputs: &'a [Output],
    /// The member after.
    pub after: &'a State,
}

impl<'a> Cluster<'a> {
    /// The members that are up.
    pub fn states(&self) -> impl Iterator<Item = &'a State> {
        self.members.iter().filter_map(|member| member.state)
    }

    /// The members that lead, in whatever mode.
    pub fn primaries(&self) -> impl Iterator<Item = &'a State> {
        self.states().filter(|state| state.is_primary())
    }

    /// No vote has changed since the set was founded. Afterwards the majority that holds an entry is one of an earlier
    /// configuration, and of the present one only before the next change (R-104, C2).
    pub fn is_as_founded(&self) -> bool {
        let mut disks = self.members.iter().map(|member| member.disk);
        disks.all(|disk| disk.config.id.version == FOUNDED)
    }

    /// Data-bearing voters whose disk holds this entry.
    pub fn durable_on(&self, optime: OpTime) -> usize {
        let holds = |member: &&Member<'_>| {
            let counts = member
                .disk
                .config
                .member(member.disk.me)
                .is_some_and(|me| me.is_voter() && !me.arbiter);
            counts && member.disk.oplog.contains(optime)
        };
        self.members.iter().filter(holds).count()
    }
}
