//! Transactions of a Jepsen history: over lists (`:append`, `:r`), or over registers (`:w`, `:r`).

use std::collections::HashMap;

use workloads::operation::{Action, Concerns, Key, Observed, Operation, Value};

use super::{
    edn::Edn,
    jepsen_edn::Initial,
    jepsen_keys::Keys,
    jepsen_line::{Kind, Line},
    jepsen_single::{Content, finish},
    transactions::{MicroOp, RegisterStep, RegisterTransaction, Transaction},
};
use crate::history::{Event, History, HistoryError, Op, Pairing, Phase};

/// Whether the line is one of a transaction.
pub(super) fn is_transaction(line: &Line) -> bool {
    matches!(&*line.function, "txn" | "append" | "r" | "w")
}

/// All transactions of a history, their steps as they were written.
pub(super) struct Steps {
    events: Vec<StepEvent>,
    /// Their steps are reads and writes of registers.
    pub(super) is_of_registers: bool,
}

/// One line.
struct StepEvent {
    line: u64,
    process: u32,
    kind: Kind,
    steps: Vec<Step>,
}

enum Step {
    Append(Key, Value),
    Write(Key, Value),
    /// A read that has seen nothing yet, or nothing at all.
    ReadNil(Key),
    ReadList(Key, Vec<Value>),
    ReadValue(Key, Value),
}

/// Reads the steps of all lines, and pairs these.
pub(super) fn transactions(lines: Vec<Line>, keys: &mut Keys) -> Result<Steps, HistoryError> {
    let mut events = Vec::with_capacity(lines.len());
    let mut open: HashMap<u32, u64> = HashMap::new();
    let (mut lists, mut registers) = (None, None);
    for (number, line) in (0u64..).zip(lines) {
        if !is_transaction(&line) {
            let function = &line.function;
            let reason = format!("the :f is :{function} among transactions; judge them apart");
            return Err(line.malformed(reason));
        }
        let (process, operation) = (line.process, number);
        let before = if line.kind == Kind::Invoke {
            open.insert(process, number)
        } else {
            let Some(_) = open.remove(&process) else {
                return Err(HistoryError::CompletionWithoutInvocation {
                    line: line.line,
                    process,
                    operation,
                });
            };
            None
        };
        if let Some(open) = before {
            return Err(HistoryError::TwoOpen {
                line: line.line,
                process,
                operation,
                open,
            });
        }
        // What an end without success says of its steps is of no use, and often missing.
        let steps = match line.kind {
            Kind::Invoke | Kind::Ok => steps(&line, keys)?,
            Kind::Fail | Kind::Info => Vec::new(),
        };
        for step in &steps {
            match step {
                Step::Append(..) | Step::ReadList(..) => lists = lists.or(Some(line.line)),
                Step::Write(..) | Step::ReadValue(..) => registers = registers.or(Some(line.line)),
                Step::ReadNil(_) => {}
            }
        }
        if let (Some(list), Some(register)) = (lists, registers) {
            return Err(line.malformed(format!(
                "steps over lists (line {list}) and over registers (line {register}) in one history; judge them apart"
            )));
        }
        events.push(StepEvent {
            line: line.line,
            process,
            kind: line.kind,
            steps,
        });
    }
    Ok(Steps {
        events,
        is_of_registers: registers.is_some(),
    })
}

impl Steps {
    /// Whether each transaction is a read or a write of one register.
    pub(super) fn is_of_single_steps(&self) -> bool {
        self.events
            .iter()
            .all(|event| matches!(event.kind, Kind::Fail | Kind::Info) || event.steps.len() == 1)
    }

    /// The transactions over registers that happened, or may have.
    pub(super) fn registers(self, initial: Initial) -> Vec<RegisterTransaction> {
        let mut transactions: Vec<Option<RegisterTransaction>> = Vec::new();
        let mut open: HashMap<u32, usize> = HashMap::new();
        for (place, event) in (0u32..).zip(self.events) {
            let is_ok = event.kind == Kind::Ok;
            let steps = event.steps.into_iter().filter_map(|step| match step {
                Step::Write(key, value) | Step::Append(key, value) => {
                    Some(RegisterStep::Write { key, value })
                }
                Step::ReadValue(key, value) if is_ok => Some(RegisterStep::Read {
                    key,
                    found: Some(value),
                }),
                Step::ReadNil(key) if is_ok && initial == Initial::Nothing => {
                    Some(RegisterStep::Read { key, found: None })
                }
                _ => None,
            });
            let steps: Vec<RegisterStep> = steps.collect();
            if event.kind == Kind::Invoke {
                open.insert(event.process, transactions.len());
                transactions.push(Some(RegisterTransaction {
                    number: place.into(),
                    call: place,
                    returned: Op::NEVER,
                    steps,
                }));
                continue;
            }
            let position = open.remove(&event.process);
            let Some(transaction) = position.map(|position| &mut transactions[position]) else {
                continue;
            };
            match (event.kind, transaction.as_mut()) {
                (Kind::Ok, Some(happened)) => (happened.returned, happened.steps) = (place, steps),
                (Kind::Fail, _) => *transaction = None,
                _ => {}
            }
        }
        transactions.into_iter().flatten().collect()
    }

    /// The transactions over lists.
    pub(super) fn lists(self) -> Vec<Transaction> {
        let mut transactions: Vec<Transaction> = Vec::new();
        let mut open: HashMap<u32, usize> = HashMap::new();
        for (place, event) in (0u32..).zip(self.events) {
            let micro_ops = event.steps.into_iter().map(|step| match step {
                Step::Append(key, value) | Step::Write(key, value) => MicroOp::Append { key, value },
                Step::ReadNil(key) | Step::ReadValue(key, _) => MicroOp::Read {
                    key,
                    found: (event.kind == Kind::Ok).then(Vec::new),
                },
                Step::ReadList(key, found) => MicroOp::Read {
                    key,
                    found: Some(found),
                },
            });
            let micro_ops = micro_ops.collect();
            if event.kind == Kind::Invoke {
                open.insert(event.process, transactions.len());
                transactions.push(Transaction {
                    number: place.into(),
                    process: event.process,
                    call: place,
                    returned: Op::NEVER,
                    refused: false,
                    micro_ops,
                });
                continue;
            }
            let Some(position) = open.remove(&event.process) else {
                continue;
            };
            let transaction = &mut transactions[position];
            match event.kind {
                Kind::Ok => (transaction.returned, transaction.micro_ops) = (place, micro_ops),
                Kind::Fail => (transaction.returned, transaction.refused) = (place, true),
                Kind::Info | Kind::Invoke => {}
            }
        }
        transactions
    }
}

/// Transactions of one step over registers: nothing but registers.
pub(super) fn registers(steps: &Steps, initial: Initial, keys: &Keys) -> Result<History, HistoryError> {
    let mut pairing = Pairing::default();
    let mut open: HashMap<u32, (u64, Action)> = HashMap::new();
    for (index, event) in (0..).zip(&steps.events) {
        let malformed = |reason: &str| HistoryError::Malformed {
            line: event.line,
            reason: reason.to_owned(),
        };
        let step = match &event.steps[..] {
            [step] => Some(step),
            [] if matches!(event.kind, Kind::Fail | Kind::Info) => None,
            _ => return Err(malformed("a transaction of several steps among those of one")),
        };
        let (operation, phase) = match (event.kind, step, open.remove(&event.process)) {
            (Kind::Invoke, Some(step), _) => {
                let action = match step {
                    Step::Write(key, value) | Step::Append(key, value) => Action::Write {
                        key: *key,
                        value: *value,
                    },
                    Step::ReadNil(key) | Step::ReadList(key, _) | Step::ReadValue(key, _) => {
                        Action::Read { key: *key }
                    }
                };
                open.insert(event.process, (index, action.clone()));
                let request = Operation {
                    action,
                    concerns: Concerns::LINEARIZABLE,
                    causal: false,
                };
                (index, Phase::Invoke { request, last: false })
            }
            (Kind::Ok, Some(step), Some((operation, action))) => {
                let (key, observed) = match step {
                    Step::ReadValue(key, value) => (*key, Some(Observed::Register(Some(*value)))),
                    Step::ReadNil(key) if initial == Initial::Nothing => {
                        (*key, Some(Observed::Register(None)))
                    }
                    Step::ReadNil(key) | Step::ReadList(key, _) => (*key, None),
                    Step::Write(key, _) | Step::Append(key, _) => (*key, Some(Observed::Done)),
                };
                if key != action.key() {
                    return Err(malformed(
                        "the transaction ends with another key than it began with",
                    ));
                }
                let phase = match observed {
                    Some(observed) => Phase::Ok {
                        observed,
                        member: None,
                    },
                    None => Phase::Fail {
                        error: "a nil read tells nothing".to_owned(),
                    },
                };
                (operation, phase)
            }
            (kind, _, Some((operation, action))) => {
                let error = format!("{kind:?}").to_lowercase();
                // A read of unknown end changed nothing, and its process may go on.
                if kind == Kind::Info && !action.is_read() {
                    (operation, Phase::Info { error })
                } else {
                    (operation, Phase::Fail { error })
                }
            }
            (_, _, None) => return Err(malformed("nothing is open that could end")),
        };
        let event_of = Event {
            index,
            time_ns: index,
            process: event.process,
            operation,
            phase,
        };
        pairing.push(event.line, event_of)?;
    }
    let mut history = pairing.finish();
    finish(&mut history, initial, Content::Registers, keys);
    Ok(history)
}

fn steps(line: &Line, keys: &mut Keys) -> Result<Vec<Step>, HistoryError> {
    // `jepsen.independent`: the key first, then the transaction.
    let (outer, all) = match line.value.sequence() {
        Some([outer, Edn::Sequence(all)]) if outer.sequence().is_none() => (Some(outer), &all[..]),
        Some(all) => (None, all),
        None => return Err(line.malformed("a transaction must be a vector of steps [:f key value]")),
    };
    let mut step = |micro: &Edn| {
        let wrong = || {
            line.malformed(format!(
                "a step must be [:append key value], [:r key list], [:w key value] or [:r key value] with integers as \
                 values, and is {micro}"
            ))
        };
        let Some([function, key, value]) = micro.sequence() else {
            return Err(wrong());
        };
        let key = match outer {
            Some(outer) => keys.number(&Edn::Sequence(vec![outer.clone(), key.clone()])),
            None => keys.number(key),
        };
        match (function.name(), value) {
            (Some("append"), Edn::Int(value)) => Ok(Step::Append(key, *value)),
            (Some("w"), Edn::Int(value)) => Ok(Step::Write(key, *value)),
            (Some("r"), Edn::Nil) => Ok(Step::ReadNil(key)),
            (Some("r"), Edn::Int(value)) => Ok(Step::ReadValue(key, *value)),
            (Some("r"), Edn::Sequence(found)) => {
                let found: Option<Vec<Value>> = found.iter().map(Edn::int).collect();
                Ok(Step::ReadList(key, found.ok_or_else(wrong)?))
            }
            _ => Err(wrong()),
        }
    };
    all.iter().map(&mut step).collect()
}
