//! What no member stores but every invariant needs: who was ever elected, what was ever committed, what
//! clients were ever told. A ghost is written at the instant an output leaves the core.

use protocol::concern::W;
use protocol::input::RequestId;
use protocol::optime::{OpTime, Term};
use protocol::output::{Outcome, Output};
use protocol::state::State;

/// The memory of the world. All lists are sorted, so equal memories are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghosts {
    /// Terms in which an election was won.
    pub elected: Vec<Term>,
    /// A second member won an election of this term.
    pub elected_twice: Option<Term>,
    /// The committed history, oldest first: each entry with the term of the primary that committed it.
    pub committed: Vec<(OpTime, Term)>,
    /// A primary committed an entry that does not continue the committed history (or is no part of it).
    pub branched: bool,
    /// Last entries of the writes that were acknowledged with `w: "majority"`.
    pub acknowledged: Vec<OpTime>,
    /// A linearizable read was answered although it missed a write acknowledged before it began.
    pub stale_read: bool,
}

impl Ghosts {
    /// Before anything happened: the entries that all members start with are committed.
    pub fn starting_with(entries: impl IntoIterator<Item = OpTime>) -> Self {
        let committed = entries.into_iter().map(|entry| (entry, entry.term)).collect();
        Ghosts {
            committed,
            ..Ghosts::default()
        }
    }

    /// Takes note of what a step decided or promised.
    pub fn hear(&mut self, tiding: &Tiding) {
        match tiding {
            // Nobody wins twice himself: his vote for himself is durable before he asks for others.
            Tiding::Elected(term) => match self.elected.binary_search(term) {
                Ok(_) => self.elected_twice = Some(*term),
                Err(place) => self.elected.insert(place, *term),
            },
            Tiding::Committed { term, point, oplog } => self.commit(*term, *point, oplog),
            Tiding::Acknowledged(optime) => {
                if let Err(place) = self.acknowledged.binary_search(optime) {
                    self.acknowledged.insert(place, *optime);
                }
            }
            Tiding::StaleRead => self.stale_read = true,
        }
    }

    /// Whether this entry is part of the committed history.
    pub fn is_committed(&self, optime: OpTime) -> bool {
        optime.is_null()
            || self
                .committed
                .binary_search_by_key(&optime, |(entry, _)| *entry)
                .is_ok()
    }

    fn commit(&mut self, term: Term, point: OpTime, oplog: &[OpTime]) {
        let last = self.committed.last().map_or(OpTime::NULL, |(entry, _)| *entry);
        if point <= last {
            self.branched |= !self.is_committed(point);
        } else if last.is_null() || oplog.binary_search(&last).is_ok() {
            let newer = oplog.partition_point(|entry| *entry <= last);
            self.committed
                .extend(oplog[newer..].iter().map(|entry| (*entry, term)));
        } else {
            self.branched = true;
        }
    }
}

/// What a step decided or promised: all that ghosts take note of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tiding {
    /// A member won the election of this term.
    Elected(Term),
    /// A primary took everything up to an entry for committed.
    Committed {
        /// Its term.
        term: Term,
        /// The entry.
        point: OpTime,
        /// Its oplog up to there, oldest first.
        oplog: Vec<OpTime>,
    },
    /// A client heard that a majority has all up to here.
    Acknowledged(OpTime),
    /// A linearizable read was answered although it missed a write.
    StaleRead,
}

impl Tiding {
    /// Those of one step, in order.
    pub fn of(before: &State, outputs: &[Output], after: &State) -> Vec<Self> {
        let mut tidings = Vec::new();
        if after.is_primary() && !(before.is_primary() && before.term == after.term) {
            tidings.push(Self::Elected(after.term));
        }
        for output in outputs {
            match *output {
                Output::CommitPoint(point) if after.is_primary() => {
                    let base = Some(after.oplog.base()).filter(|base| !base.is_null());
                    let oplog = base.into_iter().chain(after.oplog.iter());
                    tidings.push(Self::Committed {
                        term: after.term,
                        point,
                        oplog: oplog.take_while(|entry| *entry <= point).collect(),
                    });
                }
                Output::Complete {
                    id,
                    outcome: Outcome::Done,
                } => {
                    if id.0 & READ_MISSES_A_WRITE != 0 {
                        tidings.push(Self::StaleRead);
                    }
                    tidings.extend(acknowledged(before, after, outputs, id).map(Self::Acknowledged));
                }
                _ => {}
            }
        }
        tidings
    }
}

/// The last entry that the client of this request now knows a majority to have.
fn acknowledged(before: &State, after: &State, outputs: &[Output], id: RequestId) -> Option<OpTime> {
    if id.0 & READ != 0 {
        // What an answered linearizable read may have seen is promised for good, as an acknowledged write is. Whether one
        // that never waited is right is another invariant's question.
        let waiting = before.reads.iter().find(|read| read.id == id);
        return waiting.map(|read| read.seen);
    }
    // A write may be acknowledged in the very step that appends it: then it never was seen waiting.
    let appends = |output: &Output| matches!(output, Output::Append { .. });
    match before.waiting.iter().find(|waiting| waiting.id == id) {
        Some(waiting) => (waiting.concern.w == W::Majority).then_some(waiting.optime),
        None => outputs.iter().any(appends).then(|| after.oplog.last()),
    }
}

/// Marks a request id as a read: what its completion promises is what it has seen.
pub const READ: u64 = 1 << 62;
/// Marks a linearizable read that, when it took its value, missed a write acknowledged before it began. Such a
/// read must end without success.
pub const READ_MISSES_A_WRITE: u64 = 1 << 63;
