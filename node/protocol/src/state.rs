//! One member, whole: data only. The rules live outside it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::concern::WriteConcern;
use crate::config::{Config, ConfigId, MemberConfig, MemberId, MemberSet};
use crate::initial_sync::{InitialSync, SyncStage, Unsynced};
use crate::input::RequestId;
use crate::message::{MemberState, Position};
use crate::oplog::Oplog;
use crate::optime::{OpTime, Term};
use crate::output::Vote;

/// What a member is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Pulls, or waits.
    Follower,
    /// Asks whether it would win.
    DryRun {
        /// Who said yes, itself included.
        granted: MemberSet,
    },
    /// Stands in its own new term. Its own vote counts once it is durable.
    Candidate {
        /// Who said yes.
        granted: MemberSet,
    },
    /// Leads its term.
    Primary(Mode),
}

/// How far a primary has come (§3.6, §3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Elected, fetches what others are ahead; takes no writes (MongoDB's `LeaderElect`).
    CatchUp {
        /// Who has answered a heartbeat since the election.
        heard: MemberSet,
        /// The newest entry anybody was seen to have.
        target: OpTime,
    },
    /// Takes writes.
    Writable,
    /// The operator wants it to step down once somebody has caught up; takes no writes, still commits.
    SteppingDown {
        /// Who waits.
        id: RequestId,
        /// At the deadline, step down even if nobody has caught up.
        force: bool,
    },
}

/// What this member last heard of another one: hints for choosing, never counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seen {
    /// Spoke within the election timeout.
    pub up: bool,
    /// Its state.
    pub state: MemberState,
    /// Its newest entry.
    pub written: OpTime,
    /// Whom it pulls from.
    pub sync_source: Option<MemberId>,
    /// Its configuration.
    pub config: ConfigId,
    /// Why it is not to be pulled from; until [`Timer::Forgive`](crate::timer::Timer::Forgive).
    pub denied: Option<Denial>,
}

impl Seen {
    /// Nothing heard yet.
    pub const NOTHING: Self = Self {
        up: false,
        state: MemberState::Unknown,
        written: OpTime::NULL,
        sync_source: None,
        config: ConfigId::NONE,
        denied: None,
    };
}

/// Why a member is not to be pulled from for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Denial {
    /// It has nothing for this member.
    Behind,
    /// It did not answer.
    Silent,
    /// Its oplog begins after what this member has.
    TooFresh,
}

/// Why a member plans to stand against a primary that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Takeover {
    /// The operator prefers it; so many members are preferred to it.
    Priority(u8),
    /// The primary lacks what it has.
    CatchUp,
}

/// A fetch that waits for news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Parked {
    /// Who asked.
    pub member: MemberId,
    /// For what follows this.
    pub after: OpTime,
    /// The commit point it knows.
    pub commit_point: OpTime,
    /// Answer at the end of this turn even if there is nothing new.
    pub urgent: bool,
}

/// A client that waits for its write concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Waiting {
    /// Who.
    pub id: RequestId,
    /// The last entry it waits for.
    pub optime: OpTime,
    /// Until when.
    pub concern: WriteConcern,
}

/// A linearizable read whose value was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WaitingRead {
    /// Who.
    pub id: RequestId,
    /// Nothing newer was read.
    pub seen: OpTime,
    /// The first question that was asked after its value was taken.
    pub round: u64,
    /// Who has answered it or a later one; by position in `config`.
    pub vouched: MemberSet,
}

/// The search for the common point with a sync source whose branch won (R-91…R-94).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rollback {
    /// Asking `source`; all candidates newer than or equal to `searched` were offered.
    Searching {
        /// Who is asked.
        source: MemberId,
        /// Newest candidate of the open request.
        asked: OpTime,
        /// Oldest candidate offered so far.
        searched: OpTime,
    },
    /// The cut after this entry is being made durable.
    Cutting(OpTime),
}

/// A configuration on its way to disk: not in force before it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PendingConfig {
    /// It.
    pub config: Arc<Config>,
    /// This member's id in it, if any.
    pub me: Option<MemberId>,
    /// This member founds the set with it.
    pub initiates: bool,
    /// The operator who waits for it.
    pub asked_by: Option<RequestId>,
}

impl PendingConfig {
    /// The id that the member goes by once this is in force. Out of the set it keeps its old one, unless that is
    /// another's now: then one that nobody has.
    #[must_use]
    pub fn identity(&self, old: MemberId) -> MemberId {
        let taken = |id| self.config.position(id).is_some();
        self.me.unwrap_or_else(|| {
            let free = || (0..=u8::MAX).rev().map(MemberId).find(|id| !taken(*id));
            if taken(old) { free().unwrap_or(old) } else { old }
        })
    }
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// Its id in `config`.
    pub me: MemberId,
    /// The configuration in force (durable).
    pub config: Arc<Config>,
    /// The configuration that is being made durable.
    pub config_pending: Option<PendingConfig>,
    /// Its term. Durable through the vote record and the oplog.
    pub term: Term,
    /// Its newest vote; on its way to disk.
    pub vote: Vote,
    /// The vote record on disk.
    pub vote_durable: Vote,
    /// Its oplog, as written.
    pub oplog: Oplog,
    /// The newest entry that survives a power cut. Monotone except in rollback and restart.
    pub durable: OpTime,
    /// Rises durably before data is taken back.
    pub rollback_id: u32,
    /// Its role.
    pub role: Role,
    /// The state it reports.
    pub member_state: MemberState,
    /// Everything up to here is majority-committed, as far as it knows.
    pub commit_point: OpTime,
    /// First entry of its own term, once it wrote one as primary: nothing older may move the commit point.
    pub first_of_term: Option<OpTime>,
    /// The primary of `term`, if heard of.
    pub primary: Option<MemberId>,
    /// Whom it pulls from.
    pub sync_source: Option<MemberId>,
    /// The sync source missed one deadline already.
    pub fetch_missed: bool,
    /// The rollback under way.
    pub rollback: Option<Rollback>,
    /// How far the others are, in this term; by position in `config`.
    pub progress: Vec<Option<Position>>,
    /// What it heard of the others; by position in `config`.
    pub seen: Vec<Seen>,
    /// Fetches that wait for news.
    pub parked: Vec<Parked>,
    /// Clients that wait for their write concern, oldest first.
    pub waiting: Vec<Waiting>,
    /// Linearizable reads that wait for their proof, oldest first.
    pub reads: Vec<WaitingRead>,
    /// Number of the newest question whether this is still the primary; it only rises within a life.
    pub read_round: u64,
    /// Its position changed since it last told its sync source.
    pub report_due: bool,
    /// May not stand: stepped down or frozen.
    pub frozen: bool,
    /// It plans to stand against the primary; the timer of that name runs.
    pub takeover: Option<Takeover>,
    /// As primary: who has said, in this term, that the present configuration is in force there (R-104, C1); by
    /// position in `config`.
    pub installed: MemberSet,
    /// As primary: the newest entry that was committed in an earlier configuration (R-104, C2).
    pub inherited: OpTime,
    /// The operator who waits until a majority has the present configuration.
    pub config_waiter: Option<RequestId>,
    /// The operator wants no reads here.
    pub maintenance: bool,
    /// Every source's oplog begins after this member's newest entry, or the rollback to its branch is too large
    /// it needs a full resync.
    pub stale: bool,
    /// It copies the set's data.
    pub initial_sync: Option<Box<InitialSync>>,
    /// The flag of initial sync, as it is on disk.
    pub unsynced: Option<Unsynced>,
    /// Which life of the member this is: a number that no other life has.
    pub life: u64,
}

/// What survives a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Durable {
    /// Its id, once it was in a configuration.
    pub me: MemberId,
    /// The configuration.
    pub config: Arc<Config>,
    /// The vote record.
    pub vote: Vote,
    /// The oplog, cut to what was flushed.
    pub oplog: Oplog,
    /// The rollback id.
    pub rollback_id: u32,
    /// The flag of initial sync: unless it says that the data are whole, oplog and data are to be thrown away.
    pub unsynced: Option<Unsynced>,
    /// Which life begins with it.
    pub life: u64,
}

impl State {
    /// A member as it starts from what its disk holds: follower, nothing known of the others, commit
    /// point unknown, term the newest that the disk proves.
    #[must_use]
    pub fn recover(durable: Durable) -> Self {
        let Durable {
            me,
            config,
            vote,
            oplog,
            rollback_id,
            unsynced,
            life,
        } = durable;
        let oplog = if unsynced.is_some_and(|flag| !flag.whole) {
            Oplog::default()
        } else {
            oplog
        };
        let members = config.members.len();
        let last = oplog.last();
        let mut state = Self {
            me,
            term: Term::INITIAL.max(vote.term).max(last.term).max(config.id.term),
            vote,
            vote_durable: vote,
            durable: last,
            oplog,
            rollback_id,
            role: Role::Follower,
            member_state: MemberState::Startup,
            commit_point: OpTime::NULL,
            first_of_term: None,
            primary: None,
            sync_source: None,
            fetch_missed: false,
            rollback: None,
            progress: vec![None; members],
            seen: vec![Seen::NOTHING; members],
            parked: Vec::new(),
            waiting: Vec::new(),
            reads: Vec::new(),
            read_round: 0,
            report_due: false,
            frozen: false,
            takeover: None,
            installed: MemberSet::EMPTY,
            inherited: OpTime::NULL,
            config_waiter: None,
            maintenance: false,
            stale: false,
            initial_sync: unsynced.map(|flag| {
                let stage = if flag.whole {
                    SyncStage::Settling
                } else {
                    SyncStage::Waiting
                };
                Box::new(InitialSync::new(flag, stage))
            }),
            unsynced,
            life,
            config,
            config_pending: None,
        };
        state.member_state = state.resting_state();
        state
    }

    /// What the disk would hold if the member lost power now.
    #[must_use]
    pub fn durable(&self) -> Durable {
        let mut oplog = self.oplog.clone();
        oplog.truncate_after(self.durable);
        Durable {
            me: self.me,
            config: Arc::clone(&self.config),
            vote: self.vote_durable,
            oplog,
            rollback_id: self.rollback_id,
            unsynced: self.unsynced,
            life: self.life,
        }
    }

    /// The state of a member that is neither primary nor in trouble.
    #[must_use]
    pub fn resting_state(&self) -> MemberState {
        match self.config.member(self.me) {
            None if self.config.is_none() => MemberState::Startup,
            None => MemberState::Removed,
            Some(member) if member.arbiter => MemberState::Arbiter,
            Some(_) if self.initial_sync.is_some() => MemberState::Startup2,
            // Nothing to read before the first entry has come.
            Some(_) if self.oplog.last().is_null() => MemberState::Startup2,
            Some(_) if self.maintenance || self.stale => MemberState::Recovering,
            Some(_) => MemberState::Secondary,
        }
    }

    /// Its own row of the configuration.
    #[must_use]
    pub fn my_config(&self) -> Option<&MemberConfig> {
        self.config.member(self.me)
    }

    /// Its position in the configuration.
    #[must_use]
    pub fn my_position(&self) -> Option<usize> {
        self.config.position(self.me)
    }

    /// Newest entry written.
    #[must_use]
    pub fn last_written(&self) -> OpTime {
        self.oplog.last()
    }

    /// Leads, in whatever mode.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Primary(_))
    }

    /// Takes writes.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.role == Role::Primary(Mode::Writable)
    }

    /// As primary: a majority has said that it has the present configuration.
    #[must_use]
    pub fn has_majority_installed(&self) -> bool {
        let mut installed = self.installed;
        if let Some(me) = self.my_position() {
            installed.insert(me);
        }
        self.config.is_majority(installed)
    }

    /// Its own position, as it reports it.
    #[must_use]
    pub fn my_report(&self) -> Position {
        Position {
            member: self.me,
            term: self.term,
            written: self.last_written(),
            durable: self.durable,
        }
    }

    /// Ids and positions of the other members.
    pub fn others(&self) -> impl Iterator<Item = (usize, MemberId)> + '_ {
        let me = self.me;
        self.config
            .members
            .iter()
            .enumerate()
            .map(|(position, member)| (position, member.id))
            .filter(move |(_, id)| *id != me)
    }

    /// Forgets every hint about the others, as if all had just been heard of. Hints steer choices and never
    /// count; the model uses this to keep its states few.
    pub fn forget_views(&mut self) {
        let config = self.config.id;
        let up = Seen {
            up: true,
            state: MemberState::Secondary,
            config,
            ..Seen::NOTHING
        };
        self.seen.fill(up);
    }
}
