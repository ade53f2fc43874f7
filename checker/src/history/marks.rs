//! What the majority-committed oplog says of the operations: each write carries its operation's number as a mark.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use workloads::operation::{Action, Completion, Observed, Value};

use super::{History, Op};

/// The marks of an oplog, read after everything was healed and quiet (`marks.json`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The oplog reaches back to the set's founding: a mark that is not in it was never committed.
    pub complete: bool,
    /// In the order of the oplog.
    pub entries: Vec<Mark>,
}

/// One oplog entry of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The operation's number in the history.
    pub operation: u64,
    /// The collection that it changed, without the database.
    pub collection: String,
    /// `_id` of the document.
    pub id: i64,
    /// What the document held afterwards: a register's value, a counter's count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// It was majority-committed before the first final read was asked. Later ones may still be rolled back.
    pub committed: bool,
}

/// How many operations of unknown end were decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// They took effect.
    pub happened: u64,
    /// They did not, and never will.
    pub never: u64,
    /// They stay unknown.
    pub left: u64,
}

impl Resolution {
    /// In a sentence; `None` when no write was of unknown end.
    pub fn words(&self) -> Option<String> {
        let all = self.happened + self.never + self.left;
        (all > 0).then(|| {
            format!(
                "of {all} writes of unknown end the committed oplog shows that {} took effect and {} never did; \
                 {} stay unknown",
                self.happened, self.never, self.left
            )
        })
    }
}

impl Marks {
    /// Operation to its entries, in the order of the oplog.
    pub fn by_operation(&self) -> BTreeMap<u64, Vec<&Mark>> {
        let mut by_operation: BTreeMap<u64, Vec<&Mark>> = BTreeMap::new();
        for mark in &self.entries {
            by_operation.entry(mark.operation).or_default().push(mark);
        }
        by_operation
    }

    /// Decides writes of unknown end. Sound because (1) an entry that is majority-committed is never rolled back, so
    /// its operation took effect, between its call and the first final read; (2) an operation without an entry in a
    /// complete oplog, read after the last read of the history, was seen by nobody who asked for majority or more.
    /// Of an operation with several entries only those whose entries are all there count as done.
    pub fn resolve(&self, history: &mut History) -> Resolution {
        let by_operation = self.by_operation();
        let quiet = quiet_place(history);
        let mut resolution = Resolution::default();
        for op in history
            .ops
            .iter_mut()
            .filter(|op| op.is_info() && is_marked(&op.request.action))
        {
            let entries = by_operation.get(&op.number).map_or(&[][..], Vec::as_slice);
            let end = match entries {
                [] if self.complete => Some(Completion::Fail("never reached the committed oplog".to_owned())),
                entries
                    if entries.len() >= op.request.action.documents()
                        && entries.iter().all(|mark| mark.committed) =>
                {
                    done(&op.request.action, entries)
                }
                _ => None,
            };
            match end {
                Some(end) => {
                    let happened = matches!(end, Completion::Ok(_));
                    resolution.happened += u64::from(happened);
                    resolution.never += u64::from(!happened);
                    (op.completion, op.returned) = (end, quiet);
                }
                None => resolution.left += 1,
            }
        }
        history.notes.extend(resolution.words());
        resolution
    }
}

/// Whether every execution of it leaves a mark in the oplog. (A removed job leaves only its `_id`.)
pub fn is_marked(action: &Action) -> bool {
    !action.is_read() && !matches!(action, Action::Dequeue { .. })
}

/// A place after everything that was asked before the final reads, and before those.
fn quiet_place(history: &History) -> u32 {
    let first_final = history.ops.iter().filter(|op| op.last).map(|op| op.call).min();
    let newest = history.ops.iter().flat_map(|op| {
        let returned = Some(op.returned).filter(|returned| *returned != Op::NEVER);
        [Some(op.call), returned]
    });
    let newest = newest.flatten().max().unwrap_or(0);
    match first_final {
        // The place before is that of a completion: final reads are asked when all clients have stopped.
        Some(first) if first > 0 && history.ops.iter().all(|op| op.call != first - 1) => first - 1,
        _ => newest.saturating_add(1).min(Op::NEVER - 1),
    }
}

/// The end of an operation whose entries are these.
fn done(action: &Action, entries: &[&Mark]) -> Option<Completion> {
    let held = entries.first().and_then(|mark| mark.value);
    Some(match action {
        Action::Cas { expect, value, .. } => {
            if held? == *value {
                let (was, swapped) = (*expect, true);
                Completion::Ok(Observed::Swapped { was, swapped })
            } else {
                Completion::Fail("the committed oplog shows that it did not match".to_owned())
            }
        }
        Action::Increment { .. } => Completion::Ok(Observed::Count(held?)),
        Action::Stamp { .. } => return None,
        _ => Completion::Ok(Observed::Done),
    })
}

#[cfg(test)]
mod tests {
    use workloads::operation::{Concerns, Operation};

    use super::*;

    const WRITE: Action = Action::Write { key: 0, value: 5 };
    const CAS: Action = Action::Cas {
        key: 0,
        expect: Some(4),
        value: 6,
    };

    #[test]
    fn only_what_the_oplog_proves_is_decided() {
        let ops = || {
            vec![
                info(0, 0, WRITE),
                info(1, 1, CAS),
                info(2, 2, WRITE),
                info(3, 3, WRITE),
                read(7, 9),
            ]
        };
        let marks = Marks {
            complete: true,
            entries: vec![mark(0, 5, true), mark(1, 6, true), mark(2, 5, false)],
        };
        let mut history = History {
            ops: ops(),
            ..History::default()
        };
        let resolution = marks.resolve(&mut history);
        assert_eq!(
            resolution,
            Resolution {
                happened: 2,
                never: 1,
                left: 1
            }
        );
        let swapped = Observed::Swapped {
            was: Some(4),
            swapped: true,
        };
        assert_eq!(history.ops[0].observed(), Some(&Observed::Done));
        assert_eq!(history.ops[1].observed(), Some(&swapped));
        assert!(history.ops[2].is_info(), "it may be rolled back");
        assert!(history.ops[3].is_fail());
        assert_eq!(history.ops[0].returned, 8, "before the first final read");
        assert!(history.notes[0].starts_with("of 4 writes"), "{:?}", history.notes);

        let partial = Marks {
            complete: false,
            ..marks
        };
        let mut history = History {
            ops: ops(),
            ..History::default()
        };
        assert_eq!(
            partial.resolve(&mut history),
            Resolution {
                happened: 2,
                never: 0,
                left: 2
            }
        );
    }

    #[test]
    fn a_compare_that_did_not_match_had_no_effect() {
        let marks = Marks {
            complete: true,
            entries: vec![mark(0, 3, true)],
        };
        let mut history = History {
            ops: vec![info(0, 0, CAS)],
            ..History::default()
        };
        assert_eq!(
            marks.resolve(&mut history),
            Resolution {
                happened: 0,
                never: 1,
                left: 0
            }
        );
        let dequeue = info(0, 0, Action::Dequeue { key: 0 });
        let mut history = History {
            ops: vec![dequeue],
            ..History::default()
        };
        assert_eq!(marks.resolve(&mut history), Resolution::default());
        assert!(history.ops[0].is_info());
    }

    fn mark(operation: u64, value: Value, committed: bool) -> Mark {
        Mark {
            operation,
            collection: "registers".to_owned(),
            id: 0,
            value: Some(value),
            committed,
        }
    }

    fn read(from: u32, to: u32) -> Op {
        Op {
            last: true,
            call: to,
            returned: to + 1,
            completion: Completion::Ok(Observed::Register(None)),
            ..info(from.into(), to, Action::Read { key: 0 })
        }
    }

    fn info(number: u64, call: u32, action: Action) -> Op {
        Op {
            number,
            process: call,
            last: false,
            member: None,
            call,
            returned: Op::NEVER,
            call_ns: 0,
            return_ns: 0,
            request: Operation {
                action,
                concerns: Concerns::MAJORITY,
                causal: false,
            },
            completion: Completion::Info(String::new()),
        }
    }
}
