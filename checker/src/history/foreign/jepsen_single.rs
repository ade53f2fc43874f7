//! Registers, sets, counters and queues of a Jepsen history.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use workloads::operation::{Action, Concerns, Key, Observed, Operation, Value};

use super::{
    edn::Edn,
    jepsen_edn::Initial,
    jepsen_keys::Keys,
    jepsen_line::{Kind, Line},
};
use crate::history::{Event, History, HistoryError, Pairing, Phase};

/// Pairs the lines, each of which is given back as soon as it is read; what `:add` and `:read` mean is told by the values
/// that were read.
pub(super) fn single(lines: Vec<Line>, initial: Initial, keys: &mut Keys) -> Result<History, HistoryError> {
    let traits = Traits::of(&lines, initial);
    let mut pairing = Pairing::default();
    let mut open: HashMap<u32, Open> = HashMap::new();
    for (index, line) in (0..).zip(lines) {
        let (operation, phase) = if line.kind == Kind::Invoke {
            let action = traits.action(&line, keys)?;
            let function = line.function.clone();
            let invoked = Open {
                number: index,
                function,
                action: action.clone(),
            };
            open.insert(line.process, invoked);
            let request = Operation {
                action,
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            };
            (index, Phase::Invoke { request, last: false })
        } else {
            let Some(open) = open.remove(&line.process) else {
                return Err(HistoryError::CompletionWithoutInvocation {
                    line: line.line,
                    process: line.process,
                    operation: index,
                });
            };
            (open.number, traits.end(&line, &open, keys)?)
        };
        let event = Event {
            index,
            time_ns: index,
            process: line.process,
            operation,
            phase,
        };
        pairing.push(line.line, event)?;
    }
    let mut history = pairing.finish();
    finish(&mut history, initial, traits.content, keys);
    Ok(history)
}

/// What holds of the history as a whole.
pub(super) fn finish(history: &mut History, initial: Initial, content: Content, keys: &Keys) {
    history.initial = match initial {
        Initial::ZeroAndNilUnknown => Some(0),
        Initial::Nothing => None,
        Initial::Value(value) => Some(value),
    };
    for op in &mut history.ops {
        // A queue that was found empty had been emptied: what was put in before has been taken by someone.
        op.last = op.observed() == Some(&Observed::Job(None));
    }
    match content {
        Content::Registers => {
            let initial = history.initial;
            let initial = initial.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            history
                .notes
                .push(format!("registers are taken to hold {initial} at first"));
        }
        Content::Sets => mark_last_reads(history),
        Content::Counters => history
            .notes
            .push("counters are taken to hold 0 at first".to_owned()),
    }
    history.notes.extend(keys.note());
}

/// An operation whose end has not come.
struct Open {
    number: u64,
    function: Rc<str>,
    action: Action,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Registers,
    Sets,
    Counters,
}

/// What the whole file is about.
struct Traits {
    independent: bool,
    content: Content,
    initial: Initial,
}

impl Traits {
    fn of(lines: &[Line], initial: Initial) -> Self {
        let is_pair = |value: &Edn| value.sequence().is_some_and(|pair| pair.len() == 2);
        let second_is_pair = |value: &Edn| matches!(value.sequence(), Some([_, second]) if is_pair(second));
        let added = lines.iter().find(|line| &*line.function == "add");
        let independent = match added {
            Some(added) => is_pair(&added.value),
            None => lines.iter().any(|line| match &*line.function {
                "cas" => second_is_pair(&line.value),
                _ => is_pair(&line.value),
            }),
        };
        let reads = lines
            .iter()
            .filter(|line| &*line.function == "read" && line.kind == Kind::Ok);
        let mut found = reads.map(|line| match line.value.sequence() {
            Some([_, value]) if independent => value,
            _ => &line.value,
        });
        let content = match added {
            None => Content::Registers,
            Some(_) if found.any(|value| value.int().is_some()) => Content::Counters,
            Some(_) => Content::Sets,
        };
        Self {
            independent,
            content,
            initial,
        }
    }

    /// The key, and the value that belongs to it.
    fn split<'a>(&self, line: &'a Line, keys: &mut Keys) -> Result<(Key, &'a Edn), HistoryError> {
        if !self.independent {
            return Ok((0, &line.value));
        }
        match line.value.sequence() {
            Some([key, value]) => Ok((keys.number(key), value)),
            _ => Err(line.malformed("the value must be [key value], as elsewhere in this history")),
        }
    }

    fn action(&self, line: &Line, keys: &mut Keys) -> Result<Action, HistoryError> {
        let (key, value) = self.split(line, keys)?;
        let int_or_nil = |value: &Edn| {
            if *value == Edn::Nil {
                Ok(None)
            } else {
                int(line, value).map(Some)
            }
        };
        Ok(match (&*line.function, self.content) {
            ("read", Content::Registers) => Action::Read { key },
            ("read", Content::Sets) => Action::ReadSet { key },
            ("read", Content::Counters) => Action::ReadCounter { key },
            ("write", Content::Registers) => Action::Write {
                key,
                value: int(line, value)?,
            },
            ("add", Content::Counters) => Action::Increment {
                key,
                by: int(line, value)?,
            },
            ("add", _) => Action::Add {
                key,
                value: int(line, value)?,
            },
            ("cas", Content::Registers) => match value.sequence() {
                Some([expect, new]) => Action::Cas {
                    key,
                    expect: int_or_nil(expect)?,
                    value: int(line, new)?,
                },
                _ => return Err(line.malformed("the value of :cas must be [old new]")),
            },
            ("enqueue", Content::Registers) => Action::Enqueue {
                key,
                value: int(line, value)?,
            },
            ("dequeue", Content::Registers) => Action::Dequeue { key },
            ("write" | "cas" | "enqueue" | "dequeue", _) => {
                let reason =
                    "a history with :add is of sets or counters; judge its registers and queues apart";
                return Err(line.malformed(reason));
            }
            (other, _) => {
                return Err(line.malformed(format!(
                    "the :f is :{other}; what is judged are :read :write :cas, :add, :enqueue :dequeue and :txn. Take \
                     lines of others out, or give them the :process :nemesis"
                )));
            }
        })
    }

    fn end(&self, line: &Line, open: &Open, keys: &mut Keys) -> Result<Phase, HistoryError> {
        if line.function != open.function {
            let (invoked, ended) = (&open.function, &line.function);
            return Err(line.malformed(format!(":{invoked} is open, and :{ended} ends")));
        }
        let fail = |error: &str| {
            Ok(Phase::Fail {
                error: error.to_owned(),
            })
        };
        match line.kind {
            Kind::Fail => return fail(":fail"),
            // A read of unknown end changed nothing, and its process may go on.
            Kind::Info if open.action.is_read() => return fail(":info"),
            Kind::Info => {
                return Ok(Phase::Info {
                    error: ":info".to_owned(),
                });
            }
            Kind::Ok | Kind::Invoke => {}
        }
        let (key, value) = self.split(line, keys)?;
        if key != open.action.key() {
            return Err(line.malformed("the operation ends with another key than it began with"));
        }
        let observed = match &open.action {
            Action::Read { .. } => match value {
                Edn::Int(value) => Observed::Register(Some(*value)),
                Edn::Nil if self.initial == Initial::Nothing => Observed::Register(None),
                Edn::Nil => return fail("a nil read tells nothing"),
                _ => {
                    return Err(
                        line.malformed(format!("a read value must be an integer or nil, and is {value}"))
                    );
                }
            },
            Action::ReadCounter { .. } => Observed::Count(int(line, value)?),
            Action::ReadSet { .. } => {
                let elements = value
                    .sequence()
                    .ok_or_else(|| line.malformed("a set read must be a collection"))?;
                let elements: Result<Vec<Value>, _> =
                    elements.iter().map(|element| int(line, element)).collect();
                Observed::Elements(elements?)
            }
            Action::Dequeue { .. } if *value == Edn::Nil => Observed::Job(None),
            Action::Dequeue { .. } => Observed::Job(Some(int(line, value)?)),
            Action::Cas { expect, .. } => Observed::Swapped {
                was: *expect,
                swapped: true,
            },
            _ => Observed::Done,
        };
        Ok(Phase::Ok {
            observed,
            member: None,
        })
    }
}

fn int(line: &Line, value: &Edn) -> Result<Value, HistoryError> {
    value.int().ok_or_else(|| {
        line.malformed(format!(
            "a value must be an integer of 64 bits, and is {value}; number the values before"
        ))
    })
}

/// A set workload of Jepsen ends with a read: the last one of each key that was answered.
fn mark_last_reads(history: &mut History) {
    let mut done = BTreeSet::new();
    for op in history.ops.iter_mut().rev() {
        if op.is_ok() && op.request.action.is_read() && done.insert(op.request.action.key()) {
            op.last = true;
        }
    }
}
