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

    /// Takes note of what one step promised or decided.
    pub fn record(&mut self, before: &State, outputs: &[Output], after: &State) {
        if after.is_primary() && !(before.is_primary() && before.term == after.term) {
            match self.elected.binary_search(&after.term) {
                // Nobody wins twice himself: his vote for himself is durable before he asks for others.
                Ok(_) => self.elected_twice = Some(after.term),
                Err(place) => self.elected.insert(place, after.term),
            }
        }
        for output in outputs {
            match *output {
                Output::CommitPoint(point) if after.is_primary() => self.commit(after, point),
                Output::Complete {
                    id,
                    outcome: Outcome::Done,
                } => self.acknowledge(before, after, outputs, id),
                _ => {}
            }
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

    fn commit(&mut self, primary: &State, point: OpTime) {
        let last = self.committed.last().map_or(OpTime::NULL, |(entry, _)| *entry);
        if point <= last {
            self.branched |= !self.is_committed(point);
        } else if last.is_null() || primary.oplog.contains(last) {
            let newer = primary.oplog.iter().rev().take_while(|entry| *entry > last);
            let first_new = self.committed.len();
            self.committed.extend(
                newer
                    .filter(|entry| *entry <= point)
                    .map(|entry| (entry, primary.term)),
            );
            self.committed[first_new..].reverse();
        } else {
            self.branched = true;
        }
    }

    fn acknowledge(&mut self, before: &State, after: &State, outputs: &[Output], id: RequestId) {
        if id.0 & READ_MISSES_A_WRITE != 0 {
            self.stale_read = true;
        }
        if id.0 & READ != 0 {
            return;
        }
        // A write may be acknowledged in the very step that appends it: then it never was seen waiting.
        let waited = before.waiting.iter().find(|waiting| waiting.id == id);
        let optime = match waited {
            Some(waiting) if waiting.concern.w == W::Majority => waiting.optime,
            Some(_) => return,
            None if outputs
                .iter()
                .any(|output| matches!(output, Output::Append { .. })) =>
            {
                after.oplog.last()
            }
            None => return,
        };
        if let Err(place) = self.acknowledged.binary_search(&optime) {
            self.acknowledged.insert(place, optime);
        }
    }
}

/// Marks a request id as a read: its completion acknowledges no write.
pub const READ: u64 = 1 << 62;
/// Marks a linearizable read that, when it took its value, missed a write acknowledged before it began. Such a
/// read must end without success.
pub const READ_MISSES_A_WRITE: u64 = 1 << 63;
