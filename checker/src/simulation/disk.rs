//! One member's disk: what is durable, and what was asked for and is still on its way.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::initial_sync::Unsynced;
use protocol::input::Input;
use protocol::oplog::Oplog;
use protocol::optime::OpTime;
use protocol::output::{Token, Vote};
use protocol::state::Durable;

use super::contents::{Contents, Store};

/// A durable write that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The vote record.
    Vote(Vote),
    /// The configuration, and which member this is in it.
    Config(Arc<Config>, Option<MemberId>),
    /// Entries at the end of the oplog.
    Append(Vec<OpTime>),
    /// The cut of the oplog and the risen rollback id.
    Cut {
        /// The common point.
        to: OpTime,
        /// The new rollback id.
        rollback_id: u32,
    },
    /// The flag of initial sync; with it the clone, once it is whole.
    Unsynced(Option<Unsynced>, Option<Store>),
    /// No data, and an oplog that begins after this entry.
    Begin(OpTime),
    /// Nothing: the oplog was applied to the clone.
    Applied,
}

/// How much of what was asked for, and never confirmed, reached the disk before a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survival {
    /// This many whole requests, oldest first.
    pub requests: usize,
    /// And of the next one, if it appends, this many entries.
    pub entries: usize,
}

impl Survival {
    /// Only what was confirmed.
    pub const NOTHING: Self = Self {
        requests: 0,
        entries: 0,
    };
    /// Everything that was asked for (kill −9: the page cache lives on).
    pub const EVERYTHING: Self = Self {
        requests: usize::MAX,
        entries: 0,
    };
}

/// A disk. Requests become durable in their order; a crash keeps a prefix of them.
#[derive(Clone, Debug)]
pub struct Disk {
    durable: Durable,
    /// Documents that the oplog does not hold any more, or never held.
    kept: Store,
    pending: VecDeque<Request>,
}

impl Disk {
    /// A disk that holds `durable`.
    #[must_use]
    pub fn new(durable: Durable) -> Self {
        Self {
            durable,
            kept: Store::default(),
            pending: VecDeque::new(),
        }
    }

    /// What survives for certain.
    #[must_use]
    pub fn durable(&self) -> &Durable {
        &self.durable
    }

    /// What a process finds when it starts: half a clone is thrown away.
    pub fn start(&mut self, life: u32) -> Durable {
        self.durable.life = u64::from(life);
        if self.durable.unsynced.is_some_and(|flag| !flag.whole) {
            self.durable.oplog = Oplog::default();
            self.kept = Store::default();
        }
        self.durable.clone()
    }

    /// The documents that are on disk beside the oplog.
    #[must_use]
    pub fn kept(&self) -> &Store {
        &self.kept
    }

    /// The cap drops the entries up to this one; their documents stay.
    pub fn drop_through(&mut self, through: OpTime, contents: &Contents) {
        let dropped = self.durable.oplog.iter().take_while(|entry| *entry <= through);
        for entry in dropped {
            if let Some(change) = contents.get(entry).and_then(|written| written.change) {
                self.kept.apply(entry, change);
            }
        }
        self.durable.oplog.drop_through(through);
    }

    /// How many requests are on their way.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// One more durable write is asked for.
    pub fn request(&mut self, request: Request) {
        self.pending.push_back(request);
    }

    /// A flush has made the oldest requests durable: what the member hears of the first of them, and how many
    /// requests that covers. A run of appends is reported as one; no more than `limit` requests are covered.
    pub fn confirm(&mut self, limit: usize) -> Option<(usize, Input)> {
        let first = self.pending.pop_front().filter(|_| limit > 0)?;
        let mut covered = 1;
        let mut confirmation = self.keep(first);
        while covered < limit && matches!(confirmation, Input::Flushed(_)) {
            let Some(Request::Append(_)) = self.pending.front() else {
                break;
            };
            let Some(next) = self.pending.pop_front() else {
                break;
            };
            confirmation = self.keep(next);
            covered += 1;
        }
        Some((covered, confirmation))
    }

    /// The power goes: what was on its way survives as far as `survival` says.
    pub fn crash(&mut self, survival: Survival) {
        let whole = survival.requests.min(self.pending.len());
        for _ in 0..whole {
            if let Some(request) = self.pending.pop_front() {
                self.keep(request);
            }
        }
        // A torn append: some of its records are whole.
        if let Some(Request::Append(entries)) = self.pending.pop_front() {
            for entry in entries.into_iter().take(survival.entries) {
                self.durable.oplog.append(entry);
            }
        }
        self.pending.clear();
    }

    fn keep(&mut self, request: Request) -> Input {
        match request {
            Request::Vote(vote) => {
                self.durable.vote = vote;
                Input::Persisted(Token::Vote(vote))
            }
            Request::Config(config, me) => {
                let id = config.id;
                self.durable.config = config;
                self.durable.me = me.unwrap_or(self.durable.me);
                Input::Persisted(Token::Config(id))
            }
            Request::Append(entries) => {
                for entry in entries {
                    self.durable.oplog.append(entry);
                }
                Input::Flushed(self.durable.oplog.last())
            }
            Request::Cut { to, rollback_id } => {
                self.durable.oplog.truncate_after(to);
                self.durable.rollback_id = rollback_id;
                Input::Persisted(Token::RollBack(to))
            }
            Request::Unsynced(flag, clone) => {
                self.durable.unsynced = flag;
                if let Some(clone) = clone {
                    self.kept = clone;
                }
                Input::Persisted(Token::Unsynced(flag))
            }
            Request::Begin(begin) => {
                self.durable.oplog = Oplog::new(begin, []);
                self.kept = Store::default();
                Input::Persisted(Token::Begun(begin))
            }
            Request::Applied => Input::CloneApplied,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_a_prefix_of_what_was_asked_for() {
        let entry = |inc| OpTime::new(1, 1, inc);
        let mut disk = Disk::new(empty());
        disk.request(Request::Append(vec![entry(1)]));
        disk.request(Request::Append(vec![entry(2), entry(3)]));
        disk.request(Request::Cut {
            to: entry(1),
            rollback_id: 1,
        });
        let mut torn = disk.clone();
        torn.crash(Survival {
            requests: 1,
            entries: 1,
        });
        assert_eq!(torn.durable().oplog.last(), entry(2));
        assert_eq!(disk.confirm(2), Some((2, Input::Flushed(entry(3)))));
        disk.crash(Survival::NOTHING);
        assert_eq!(disk.durable().oplog.last(), entry(3));
        assert_eq!(disk.pending(), 0);
    }

    fn empty() -> Durable {
        Durable {
            me: MemberId(0),
            config: Arc::new(Config::ordinary(1)),
            vote: Vote::NONE,
            oplog: Oplog::default(),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        }
    }
}
