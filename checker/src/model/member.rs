//! One member as the model sees it: the core's state, the disk under it, and what is on its way there.

use std::sync::Arc;

use protocol::config::{Config, MemberConfig, MemberId, MemberSet};
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Token, Vote};
use protocol::state::{Durable, Mode, Role, State};

use super::bounds::Bounds;

/// A member: volatile part, durable part, and the queue between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// What the core holds in memory.
    pub state: State,
    /// What a power cut leaves.
    pub disk: Durable,
    /// Durable writes that were asked for and not done, oldest first. A power cut loses them.
    pub pending: Vec<Pending>,
}

/// A durable write on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pending {
    /// The vote record.
    Vote(Vote),
    /// New entries of the oplog, oldest first.
    Entries(Vec<OpTime>),
    /// The oplog is cut after this entry.
    Cut(OpTime),
    /// The configuration.
    Config(Arc<Config>),
}

/// What has become durable, to be told to the core.
pub enum Confirmed {
    /// A record.
    Token(Token),
    /// The oplog, up to this entry.
    Flushed(OpTime),
}

impl Member {
    /// The members of a freshly initiated set: each has the first entry, durably.
    pub fn initial(bounds: &Bounds) -> Vec<Self> {
        let mut config = Config::ordinary(bounds.members as u8);
        for arbiter in &mut config.members[bounds.members - bounds.arbiters..] {
            *arbiter = MemberConfig {
                arbiter: true,
                ..arbiter.clone()
            };
        }
        let data = bounds.members - bounds.arbiters;
        for row in &mut config.members[data - bounds.voteless..data] {
            (row.votes, row.priority_milli) = (false, 0);
        }
        if bounds.probes {
            config.members[data - 1].priority_milli *= 5;
        }
        let config = Arc::new(if bounds.reconfigures() {
            config
        } else {
            config.forced()
        });
        let vote = Vote {
            term: Term(1),
            candidate: None,
        };
        let oplog = |member: &MemberConfig| {
            let mine = if usize::from(member.id.0) + 1 == bounds.members {
                bounds.ahead
            } else {
                0
            };
            let first = (!member.arbiter).then_some(FIRST_ENTRY);
            let later = (0..mine).map(|place| OpTime {
                term: Term(1),
                ts: protocol::optime::Timestamp {
                    secs: 1,
                    inc: 2 + place,
                },
            });
            protocol::oplog::Oplog::new(OpTime::NULL, first.into_iter().chain(later))
        };
        let disk = |member: &MemberConfig| Durable {
            me: member.id,
            config: Arc::clone(&config),
            vote: if bounds.ahead > 0 { vote } else { Vote::NONE },
            oplog: oplog(member),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        };
        config
            .members
            .iter()
            .map(|member| Member::recovered(disk(member)))
            .collect()
    }

    /// A member that starts from its disk.
    pub fn recovered(disk: Durable) -> Self {
        let mut member = Member {
            state: State::recover(disk.clone()),
            disk,
            pending: Vec::new(),
        };
        member.forget_hints();
        member
    }

    /// Queues what an output wants durable.
    pub fn queue(&mut self, output: &Output) {
        match output {
            Output::PersistVote(vote) => self.pending.push(Pending::Vote(*vote)),
            Output::PersistConfig(config) => self.pending.push(Pending::Config(Arc::clone(config))),
            Output::RollBack { to, .. } => self.pending.push(Pending::Cut(*to)),
            Output::Append { entries, .. } => match self.pending.last_mut() {
                // One flush takes all that is at hand.
                Some(Pending::Entries(queued)) => queued.extend(entries),
                _ => self.pending.push(Pending::Entries(entries.clone())),
            },
            _ => {}
        }
    }

    /// Makes the oldest pending write durable.
    pub fn persist(&mut self) -> Option<Confirmed> {
        if self.pending.is_empty() {
            return None;
        }
        Some(match self.pending.remove(0) {
            Pending::Vote(vote) => {
                self.disk.vote = vote;
                Confirmed::Token(Token::Vote(vote))
            }
            Pending::Config(config) => {
                let id = config.id;
                self.disk.config = config;
                Confirmed::Token(Token::Config(id))
            }
            Pending::Cut(to) => {
                self.disk.oplog.truncate_after(to);
                Confirmed::Token(Token::RollBack(to))
            }
            Pending::Entries(entries) => {
                for entry in &entries {
                    self.disk.oplog.append(*entry);
                }
                Confirmed::Flushed(self.disk.oplog.last())
            }
        })
    }

    /// Forgets what steers choices and is never counted, so that states that differ in nothing else are one.
    ///
    /// The model makes every choice in every state anyway: it may pull from anybody, stand at any time and
    /// report to anybody.
    pub fn forget_hints(&mut self) {
        let state = &mut self.state;
        state.forget_views();
        state.parked.clear();
        state.fetch_missed = false;
        state.report_due = false;
        state.frozen = false;
        state.takeover = None;
        state.config_waiter = None;
        if state.config.id.term == Term::NONE {
            // No reconfiguration in this model: who has the present one is asked by nobody.
            state.installed = MemberSet::EMPTY;
        }
        // For whom a durable vote was given is asked by nobody: it is gone, even for the same candidate.
        if self.pending.is_empty() && !matches!(state.role, Role::Candidate { .. }) {
            for vote in [&mut state.vote, &mut state.vote_durable, &mut self.disk.vote] {
                vote.candidate = None;
            }
        }
        // Told to clients, compared by nobody.
        state.rollback_id = 0;
        self.disk.rollback_id = 0;
        match state.role {
            // Its source was chosen by the core itself.
            Role::Primary(Mode::CatchUp { .. }) => {}
            Role::Primary(_) => state.sync_source = None,
            _ => {
                state.sync_source = None;
                state.primary = None;
                // Kept to be passed on to the own source; here everybody reports to the primary directly.
                state.progress.fill(None);
            }
        }
    }

    /// Each configuration that it knows of, always in the same order.
    pub fn each_config(&mut self, mut visit: impl FnMut(&mut Arc<Config>)) {
        visit(&mut self.state.config);
        visit(&mut self.disk.config);
        if let Some(pending) = &mut self.state.config_pending {
            visit(&mut pending.config);
        }
        for pending in &mut self.pending {
            if let Pending::Config(config) = pending {
                visit(config);
            }
        }
    }

    /// Its id, which is its position.
    pub fn id(&self) -> MemberId {
        self.disk.me
    }
}

/// `{op: "n", o: {msg: "initiating set"}}`, which all members have.
pub const FIRST_ENTRY: OpTime = OpTime {
    term: protocol::optime::Term::INITIAL,
    ts: protocol::optime::Timestamp { secs: 1, inc: 1 },
};
