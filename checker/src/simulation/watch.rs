//! The invariants, kept up to date step by step: the same promises as [`crate::invariants`] asks of whole
//! states, here each in a time that does not grow with the log, so that every step of millions can be judged.

use std::collections::BTreeMap;

use std::sync::Arc;

use protocol::config::{Config, ConfigId, MemberId};
use protocol::input::RequestId;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::{OpTime, Term};
use protocol::output::{ReadPoint, Vote};
use protocol::state::{Durable, State};

use super::contents::{Contents, Written};
use super::machine::Machine;
use super::violation::Violation;
use crate::invariants::ghosts::Ghosts;
use crate::invariants::{active_configs_overlap, cluster};

/// What the world remembers and no member does: who was elected, what was committed.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    elected: BTreeMap<Term, (MemberId, OpTime)>,
    /// The committed history, oldest first.
    chain: Vec<OpTime>,
    /// By term: the newest entry that was committed by a primary of that same term.
    direct: BTreeMap<Term, OpTime>,
    /// Every configuration that was ever in force anywhere.
    configs: BTreeMap<ConfigId, Arc<Config>>,
}

/// A verdict on one thing seen.
pub type Judged = Result<(), Violation>;

impl Watch {
    /// Every member has this entry from the start.
    pub fn begin_with(&mut self, first: OpTime) {
        self.chain.push(first);
        self.direct.insert(first.term, first);
    }

    /// I-01, I-03: a member has won an election.
    pub fn elected(&mut self, winner: &State) -> Judged {
        let tip = winner.last_written();
        if let Some((other, _)) = self.elected.insert(winner.term, (winner.me, tip)) {
            return broken(
                "I-01",
                format!(
                    "members {} and {} were both elected in term {}",
                    other.0, winner.me.0, winner.term.0
                ),
            );
        }
        // The committed history is one branch, so its newest entry of an older term speaks for all.
        match self.direct.range(..winner.term).next_back() {
            Some((_, newest)) if !winner.oplog.contains(*newest) => broken(
                "I-03",
                format!(
                    "member {} was elected in term {} without the committed entry {newest}",
                    winner.me.0, winner.term.0
                ),
            ),
            _ => Ok(()),
        }
    }

    /// I-03, I-04, I-10: a primary says that everything up to `point` is committed.
    pub fn committed<'a>(
        &mut self,
        primary: &State,
        point: OpTime,
        contents: &Contents,
        disks: impl Iterator<Item = &'a Durable>,
    ) -> Judged {
        let top = self.chain.last().copied().unwrap_or(OpTime::NULL);
        if point > top {
            if !contents.is_ancestor(top, point) {
                return broken(
                    "I-04",
                    format!("{point} is committed beside {top}: neither contains the other"),
                );
            }
            let old = self.chain.len();
            let mut entry = point;
            while entry > top {
                self.chain.push(entry);
                entry = contents.get(entry).map_or(OpTime::NULL, |written| written.parent);
            }
            self.chain[old..].reverse();
        } else if !self.is_committed(point) {
            return broken(
                "I-04",
                format!("{point} is committed but is no part of the committed history up to {top}"),
            );
        }
        let newest = self.direct.entry(primary.term).or_insert(point);
        *newest = (*newest).max(point);
        for (term, (winner, tip)) in self.elected.range(primary.term.next()..) {
            if !contents.is_ancestor(point, *tip) {
                return broken(
                    "I-03",
                    format!(
                        "{point} is committed, but member {} was elected in term {} without it",
                        winner.0, term.0
                    ),
                );
            }
        }
        backed_by_majority(primary, point, disks)
    }

    /// I-07: a member believes that everything up to `point` is committed.
    pub fn believed(&self, member: MemberId, point: OpTime) -> Judged {
        if self.is_committed(point) {
            return Ok(());
        }
        broken(
            "I-07",
            format!("member {} takes {point} for committed, and it is not", member.0),
        )
    }

    /// I-10: the client of a majority write hears that it is done.
    pub fn acknowledged(&self, id: RequestId, optime: OpTime) -> Judged {
        if self.is_committed(optime) {
            return Ok(());
        }
        broken(
            "I-10",
            format!(
                "request {} was acknowledged as majority-committed, and {optime} is not",
                id.0
            ),
        )
    }

    /// I-11, I-19: a read is served.
    pub fn served(&self, state: &State, at: ReadPoint) -> Judged {
        if !state.member_state.is_readable() {
            return broken(
                "I-19",
                format!("member {} serves a read as {:?}", state.me.0, state.member_state),
            );
        }
        match at {
            ReadPoint::At(point) if !self.is_committed(point) => broken(
                "I-11",
                format!(
                    "member {} serves a majority read at {point}, which is not committed",
                    state.me.0
                ),
            ),
            _ => Ok(()),
        }
    }

    /// I-05, I-06, I-08: a member takes back everything after `to`.
    pub fn taken_back(&self, state: &State, to: OpTime) -> Judged {
        let me = state.me.0;
        if state.is_primary() {
            return broken("I-08", format!("member {me} rolls back to {to} as primary"));
        }
        let lost = state.oplog.iter().rev().take_while(|entry| *entry > to);
        let committed = |entry: &OpTime| self.direct.get(&entry.term).is_some_and(|newest| entry <= newest);
        if let Some(entry) = lost.into_iter().find(committed) {
            return broken(
                "I-05",
                format!("member {me} rolls back to {to} and loses {entry}, which is committed"),
            );
        }
        // Who copies the data anew knows a commit point that may not lie on the branch that it has copied.
        if state.initial_sync.is_none() && to < state.commit_point.min(state.last_written()) {
            return broken(
                "I-06",
                format!(
                    "member {me} rolls back to {to}, before its own commit point {}",
                    state.commit_point
                ),
            );
        }
        Ok(())
    }

    /// I-02, I-15: `optime` is written after `parent`, whoever writes it.
    pub fn appended(
        &self,
        member: MemberId,
        optime: OpTime,
        parent: OpTime,
        known: Option<Written>,
    ) -> Judged {
        match known {
            Some(written) if written.parent != parent => broken(
                "I-02",
                format!(
                    "{optime} follows {parent} at member {} and {} elsewhere",
                    member.0, written.parent
                ),
            ),
            _ => Ok(()),
        }
    }

    /// I-14: a vote, or a request for votes, leaves a member.
    pub fn said(&self, message: &Message, disk: &Durable) -> Judged {
        let vote = match message.body {
            Body::VoteResponse {
                dry_run: false,
                asked,
                granted: true,
            } => Vote {
                term: asked,
                candidate: Some(message.to),
            },
            Body::VoteRequest { dry_run: false, .. } => Vote {
                term: message.term,
                candidate: Some(message.from),
            },
            _ => return Ok(()),
        };
        if disk.vote == vote || disk.vote.term > vote.term {
            return Ok(());
        }
        broken(
            "I-14",
            format!(
                "member {} speaks of its vote in term {}, which is not on its disk",
                message.from.0, vote.term.0
            ),
        )
    }

    /// I-16, I-17: a configuration has come into force at a member.
    pub fn installed(&mut self, machines: &[Machine], state: &State) -> Judged {
        let config = self
            .configs
            .entry(state.config.id)
            .or_insert_with(|| Arc::clone(&state.config));
        if config.members != state.config.members {
            let (version, term) = (config.id.version, config.id.term.0);
            return broken(
                "I-17",
                format!("there are two configurations of version {version} and term {term}"),
            );
        }
        let members: Vec<_> = machines
            .iter()
            .map(|machine| cluster::Member {
                state: machine.up.then_some(&machine.state),
                disk: machine.disk.durable(),
                majority_read: None,
            })
            .collect();
        let cluster = cluster::Cluster {
            members: &members,
            ghosts: &Ghosts::default(),
        };
        match active_configs_overlap::disjoint_majorities(&cluster) {
            Some(words) => broken("I-16", words),
            None => Ok(()),
        }
    }

    /// The newest committed entry.
    #[must_use]
    pub fn newest_committed(&self) -> OpTime {
        self.chain.last().copied().unwrap_or(OpTime::NULL)
    }

    fn is_committed(&self, point: OpTime) -> bool {
        point.is_null() || self.chain.binary_search(&point).is_ok()
    }
}

/// What is compared before and after a step.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    term: Term,
    primary_of: Option<Term>,
    durable: OpTime,
    commit_point: OpTime,
    config: ConfigId,
}

impl Before {
    /// Remembers.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self {
            term: state.term,
            primary_of: state.is_primary().then_some(state.term),
            durable: state.durable,
            commit_point: state.commit_point,
            config: state.config.id,
        }
    }

    /// Has it become primary since?
    #[must_use]
    pub fn won(&self, after: &State) -> bool {
        after.is_primary() && self.primary_of != Some(after.term)
    }

    /// Has another configuration come into force?
    #[must_use]
    pub fn installed(&self, after: &State) -> bool {
        self.config != after.config.id
    }

    /// Has it ceased to be the primary of its term since?
    #[must_use]
    pub fn lost(&self, after: &State) -> bool {
        self.primary_of
            .is_some_and(|term| !after.is_primary() || after.term != term)
    }

    /// I-08, I-09, I-13, I-15: what holds over each step of one life.
    pub fn judge(&self, after: &State, disk: &Durable) -> Judged {
        let me = after.me.0;
        if self.installed(after) && !after.config.id.is_newer_than(self.config) {
            return broken(
                "R-106",
                format!("member {me} goes back to an older configuration"),
            );
        }
        if after.term < self.term {
            return broken(
                "I-15",
                format!(
                    "member {me} went back from term {} to {}",
                    self.term.0, after.term.0
                ),
            );
        }
        if after.commit_point < self.commit_point {
            return broken(
                "I-13",
                format!(
                    "member {me} took its commit point back from {} to {}",
                    self.commit_point, after.commit_point
                ),
            );
        }
        if after.durable != self.durable && !after.durable.is_null() && !disk.oplog.contains(after.durable) {
            return broken(
                "I-09",
                format!(
                    "member {me} takes {} for durable, and its disk lacks it",
                    after.durable
                ),
            );
        }
        if after.is_primary() && after.rollback.is_some() {
            return broken("I-08", format!("member {me} is primary while it rolls back"));
        }
        if after.is_primary() && after.member_state != MemberState::Primary {
            return broken(
                "I-19",
                format!("member {me} leads and says it is {:?}", after.member_state),
            );
        }
        Ok(())
    }
}

fn backed_by_majority<'a>(
    primary: &State,
    point: OpTime,
    disks: impl Iterator<Item = &'a Durable>,
) -> Judged {
    let config = &primary.config;
    if !config.majority_journaled {
        return Ok(());
    }
    // By place, not by what the disk says of itself: it may have been emptied. A member that threw its data away after
    // it had acknowledged the entry is bound all the same: it is in no quorum until it holds the entry again.
    let holds = |(place, disk): &(usize, &Durable)| {
        let voter = u8::try_from(*place)
            .ok()
            .and_then(|id| config.member(MemberId(id)))
            .is_some_and(|member| member.is_voter() && !member.arbiter);
        let bound = match disk.unsynced {
            Some(flag) => flag.forgot || point <= flag.target,
            None => disk.config.is_none(),
        };
        voter && (bound || disk.oplog.contains(point) || point < disk.oplog.base())
    };
    let durable = disks.enumerate().filter(holds).count();
    if durable < config.write_majority() {
        return broken(
            "I-10",
            format!(
                "{point} is committed and durable on {durable} members, not on {}",
                config.write_majority()
            ),
        );
    }
    Ok(())
}

fn broken(oracle: &str, words: String) -> Judged {
    Err(Violation::new(oracle, words))
}
