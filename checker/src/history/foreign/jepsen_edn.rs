//! Jepsen's and Knossos' own format: maps of `:process :type :f :value`.

use std::collections::{BTreeSet, HashMap};

use workloads::operation::{Action, Concerns, Observed, Operation, Value};

use super::{
    edn::{Edn, parse_maps},
    transactions::{MicroOp, Transaction},
};
use crate::history::{Event, History, HistoryError, Op, Pairing, Phase};

/// What registers hold at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// As in Knossos' collection: 0, and a nil read tells nothing.
    #[default]
    ZeroAndNilUnknown,
    /// Nothing, and a nil read says so.
    Nothing,
    /// This value, and a nil read tells nothing.
    Value(Value),
}

/// What was found in the file.
#[derive(Clone, Debug)]
pub enum JepsenHistory {
    /// Registers and sets, one operation at a time.
    Single(History),
    /// Transactions over lists (`:f :txn` with `:append` and `:r`).
    Transactions(Vec<Transaction>),
}

/// Reads registers (`:read`, `:write`, `:cas`; values `[key value]` when they come from `jepsen.independent`),
/// sets (`:add`, `:read` of a collection), and transactions over lists. Operations of the nemesis are passed over.
///
/// # Errors
/// The first thing wrong, with its line.
pub fn parse_jepsen_edn(text: &str, initial: Initial) -> Result<JepsenHistory, HistoryError> {
    let maps = parse_maps(text)?;
    let mut lines = Vec::with_capacity(maps.len());
    let mut processes: HashMap<String, u32> = HashMap::new();
    let mut last_index: Option<i64> = None;
    for (line, map) in &maps {
        numbers_make_sense(*line, map, &mut last_index)?;
        if let Some(client) = Line::of(*line, map, &mut processes)? {
            lines.push(client);
        }
    }
    if lines
        .iter()
        .any(|line| matches!(line.function, "txn" | "append" | "r"))
    {
        return Ok(JepsenHistory::Transactions(transactions(&lines)?));
    }
    let traits = Traits {
        independent: lines.iter().any(|line| {
            matches!(line.function, "read" | "write")
                && line.value.sequence().is_some_and(|pair| pair.len() == 2)
        }) && !lines
            .iter()
            .any(|line| line.function == "add" && line.value.int().is_some()),
        set: lines.iter().any(|line| line.function == "add"),
        initial,
    };
    let mut pairing = Pairing::default();
    let mut open: HashMap<u32, (u64, Action)> = HashMap::new();
    for (index, line) in (0..).zip(&lines) {
        let (operation, phase) = match line.kind {
            Kind::Invoke => {
                let action = traits.action(line)?;
                open.insert(line.process, (index, action.clone()));
                let request = Operation {
                    action,
                    concerns: Concerns::LINEARIZABLE,
                    causal: false,
                };
                (index, Phase::Invoke { request, last: false })
            }
            end => {
                let (operation, action) = open
                    .remove(&line.process)
                    .unwrap_or((index, Action::Read { key: 0 }));
                (operation, traits.end(line, end, &action)?)
            }
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
    history.initial = match initial {
        Initial::ZeroAndNilUnknown => Some(0),
        Initial::Nothing => None,
        Initial::Value(value) => Some(value),
    };
    if traits.set {
        mark_last_reads(&mut history);
    } else {
        let initial = history
            .initial
            .map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        history
            .notes
            .push(format!("registers are taken to hold {initial} at first"));
    }
    Ok(JepsenHistory::Single(history))
}

/// `:time` and `:index`, where they are there: integers, and indices rise. (Times of different threads may cross.)
fn numbers_make_sense(line: u64, map: &Edn, last_index: &mut Option<i64>) -> Result<(), HistoryError> {
    for name in ["time", "index"] {
        if !matches!(map.get(name), None | Some(Edn::Int(_) | Edn::Nil)) {
            return Err(HistoryError::Malformed {
                line,
                reason: format!("the :{name} must be an integer"),
            });
        }
    }
    if let Some(index) = map.get("index").and_then(Edn::int) {
        if let Some(last) = *last_index
            && index <= last
        {
            return Err(HistoryError::IndexOutOfOrder {
                line,
                found: u64::try_from(index).unwrap_or(0),
                expected: u64::try_from(last).map_or(0, |last| last + 1),
            });
        }
        *last_index = Some(index);
    }
    Ok(())
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

/// One line of a client.
struct Line<'a> {
    line: u64,
    process: u32,
    kind: Kind,
    function: &'a str,
    value: &'a Edn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl<'a> Line<'a> {
    /// `None` for the nemesis.
    fn of(
        line: u64,
        map: &'a Edn,
        processes: &mut HashMap<String, u32>,
    ) -> Result<Option<Self>, HistoryError> {
        let malformed = |reason: &str| HistoryError::Malformed {
            line,
            reason: reason.to_owned(),
        };
        let process = match map.get("process") {
            Some(Edn::Int(number)) => number.to_string(),
            Some(Edn::Keyword(name) | Edn::Text(name)) if name == "nemesis" => return Ok(None),
            Some(Edn::Keyword(name) | Edn::Text(name)) => name.clone(),
            _ => return Err(malformed("no :process")),
        };
        let fresh = u32::try_from(processes.len()).map_err(|_| malformed("too many processes"))?;
        let process = *processes.entry(process).or_insert(fresh);
        let kind = match map.get("type") {
            Some(Edn::Keyword(name)) => match name.as_str() {
                "invoke" => Kind::Invoke,
                "ok" => Kind::Ok,
                "fail" => Kind::Fail,
                "info" => Kind::Info,
                _ => return Err(malformed(":type must be :invoke, :ok, :fail or :info")),
            },
            _ => return Err(malformed("no :type")),
        };
        let Some(Edn::Keyword(function)) = map.get("f") else {
            return Err(malformed("no :f"));
        };
        let value = map.get("value").unwrap_or(&Edn::Nil);
        Ok(Some(Self {
            line,
            process,
            kind,
            function,
            value,
        }))
    }

    fn malformed(&self, reason: &str) -> HistoryError {
        HistoryError::Malformed {
            line: self.line,
            reason: reason.to_owned(),
        }
    }
}

/// What the whole file is about.
struct Traits {
    independent: bool,
    set: bool,
    initial: Initial,
}

impl Traits {
    /// The key, and the value that belongs to it.
    fn split<'a>(&self, line: &Line<'a>) -> Result<(u32, &'a Edn), HistoryError> {
        if !self.independent {
            return Ok((0, line.value));
        }
        match line.value.sequence() {
            Some([key, value]) => {
                let key = key.int().and_then(|key| u32::try_from(key).ok());
                Ok((
                    key.ok_or_else(|| line.malformed("a key must be a small number"))?,
                    value,
                ))
            }
            _ => Err(line.malformed("the value must be [key value], as elsewhere in this history")),
        }
    }

    fn action(&self, line: &Line<'_>) -> Result<Action, HistoryError> {
        let (key, value) = self.split(line)?;
        let int = |value: &Edn| {
            value
                .int()
                .ok_or_else(|| line.malformed("a value must be an integer"))
        };
        let int_or_nil = |value: &Edn| {
            if *value == Edn::Nil {
                Ok(None)
            } else {
                int(value).map(Some)
            }
        };
        match line.function {
            "read" if self.set => Ok(Action::ReadSet { key }),
            "read" => Ok(Action::Read { key }),
            "write" => Ok(Action::Write {
                key,
                value: int(value)?,
            }),
            "add" => Ok(Action::Add {
                key,
                value: int(value)?,
            }),
            "cas" => match value.sequence() {
                Some([expect, new]) => Ok(Action::Cas {
                    key,
                    expect: int_or_nil(expect)?,
                    value: int(new)?,
                }),
                _ => Err(line.malformed("the value of :cas must be [old new]")),
            },
            _ => Err(line.malformed("the :f is none of :read :write :cas :add :txn")),
        }
    }

    fn end(&self, line: &Line<'_>, kind: Kind, action: &Action) -> Result<Phase, HistoryError> {
        let unknown = |error: &str| {
            Ok(Phase::Fail {
                error: error.to_owned(),
            })
        };
        let observed = match kind {
            Kind::Fail => return unknown(":fail"),
            // A read of unknown end changed nothing, and its process may go on.
            Kind::Info if action.is_read() => return unknown(":info"),
            Kind::Info => {
                return Ok(Phase::Info {
                    error: ":info".to_owned(),
                });
            }
            Kind::Ok | Kind::Invoke => match action {
                Action::Read { .. } => {
                    let (_, value) = self.split(line)?;
                    match value {
                        Edn::Int(value) => Observed::Register(Some(*value)),
                        Edn::Nil if self.initial == Initial::Nothing => Observed::Register(None),
                        Edn::Nil => return unknown("a nil read tells nothing"),
                        _ => return Err(line.malformed("a read value must be an integer or nil")),
                    }
                }
                Action::ReadSet { .. } => {
                    let (_, value) = self.split(line)?;
                    let elements = value
                        .sequence()
                        .ok_or_else(|| line.malformed("a set read must be a collection"))?;
                    let elements: Option<Vec<Value>> = elements.iter().map(Edn::int).collect();
                    Observed::Elements(elements.ok_or_else(|| line.malformed("elements must be integers"))?)
                }
                Action::Cas { expect, .. } => Observed::Swapped {
                    was: *expect,
                    swapped: true,
                },
                _ => Observed::Done,
            },
        };
        Ok(Phase::Ok {
            observed,
            member: None,
        })
    }
}

fn transactions(lines: &[Line<'_>]) -> Result<Vec<Transaction>, HistoryError> {
    let mut transactions: Vec<Transaction> = Vec::new();
    let mut open: HashMap<u32, usize> = HashMap::new();
    for (place, line) in (0u32..).zip(lines) {
        if line.kind == Kind::Invoke {
            if let Some(position) = open.insert(line.process, transactions.len()) {
                return Err(HistoryError::TwoOpen {
                    line: line.line,
                    process: line.process,
                    operation: place.into(),
                    open: transactions[position].number,
                });
            }
            let (process, number) = (line.process, place.into());
            let micro_ops = micro_ops(line)?;
            transactions.push(Transaction {
                number,
                process,
                call: place,
                returned: Op::NEVER,
                refused: false,
                micro_ops,
            });
            continue;
        }
        let Some(position) = open.remove(&line.process) else {
            return Err(HistoryError::CompletionWithoutInvocation {
                line: line.line,
                process: line.process,
                operation: place.into(),
            });
        };
        let transaction = &mut transactions[position];
        match line.kind {
            Kind::Ok => {
                transaction.returned = place;
                transaction.micro_ops = micro_ops(line)?;
            }
            Kind::Fail => {
                transaction.returned = place;
                transaction.refused = true;
            }
            Kind::Info | Kind::Invoke => {}
        }
    }
    Ok(transactions)
}

fn micro_ops(line: &Line<'_>) -> Result<Vec<MicroOp>, HistoryError> {
    let all = line
        .value
        .sequence()
        .ok_or_else(|| line.malformed("a transaction must be a vector"))?;
    all.iter()
        .map(|micro| {
            let wrong = || line.malformed("a micro-operation must be [:append key value] or [:r key list]");
            let Some([Edn::Keyword(function), key, value]) = micro.sequence() else {
                return Err(wrong());
            };
            let key = key
                .int()
                .and_then(|key| u32::try_from(key).ok())
                .ok_or_else(wrong)?;
            match (function.as_str(), value) {
                ("append", Edn::Int(value)) => Ok(MicroOp::Append { key, value: *value }),
                ("r", Edn::Nil) if line.kind == Kind::Ok => Ok(MicroOp::Read {
                    key,
                    found: Some(Vec::new()),
                }),
                ("r", Edn::Nil) => Ok(MicroOp::Read { key, found: None }),
                ("r", Edn::Sequence(found)) => {
                    let found: Option<Vec<Value>> = found.iter().map(Edn::int).collect();
                    Ok(MicroOp::Read {
                        key,
                        found: Some(found.ok_or_else(wrong)?),
                    })
                }
                _ => Err(wrong()),
            }
        })
        .collect()
}
