//! Our histories in Jepsen's format, so that others can judge them.

use std::{collections::BTreeSet, fmt::Write};

use workloads::operation::{Action, Completion, Observed, Value};

use crate::history::{History, Op};

/// One map a line, as in a `history.edn` of Jepsen. With more than one key, values are `[key value]`, as
/// `jepsen.independent` has them. Lists become transactions of one micro-operation, as Elle wants them.
pub fn export_jepsen_edn(history: &History) -> String {
    let keys: BTreeSet<u32> = history.ops.iter().map(|op| op.request.action.key()).collect();
    let style = Style {
        independent: keys.len() > 1,
    };
    let mut events: Vec<(u32, &Op, bool)> = Vec::with_capacity(history.ops.len() * 2);
    for op in &history.ops {
        events.push((op.call, op, false));
        if op.returned != Op::NEVER {
            events.push((op.returned, op, true));
        } else if op.return_ns != u64::MAX {
            // The place of an `info` is not kept: it says nothing, so it may come as late as possible.
            events.push((Op::NEVER, op, true));
        }
    }
    events.sort_by_key(|(place, op, _)| (*place, op.number));
    let mut text = String::new();
    for (index, (_, op, is_end)) in events.into_iter().enumerate() {
        let (kind, time_ns) = match (&op.completion, is_end) {
            (_, false) => ("invoke", op.call_ns),
            (
                Completion::Ok(
                    Observed::Refused | Observed::Swapped { swapped: false, .. } | Observed::Taken,
                ),
                true,
            ) => ("fail", op.return_ns),
            (Completion::Ok(_), true) => ("ok", op.return_ns),
            (Completion::Fail(_), true) => ("fail", op.return_ns),
            (Completion::Info(_), true) => ("info", op.return_ns),
        };
        let (function, value) = style.function_and_value(op, is_end.then(|| op.observed()).flatten());
        let process = op.process;
        writeln!(
            text,
            "{{:index {index}, :time {time_ns}, :process {process}, :type :{kind}, :f :{function}, :value {value}}}"
        )
        .expect("a string takes every text");
    }
    text
}

struct Style {
    independent: bool,
}

impl Style {
    fn function_and_value(&self, op: &Op, seen: Option<&Observed>) -> (&'static str, String) {
        let key = op.request.action.key();
        let (function, value) = match (&op.request.action, seen) {
            (Action::Read { .. }, Some(Observed::Register(found))) => ("read", nil_or(*found)),
            (Action::Read { .. }, _) => ("read", "nil".to_owned()),
            (Action::Write { value, .. }, _) => ("write", value.to_string()),
            (Action::Stamp { value, .. }, _) => ("stamp", value.to_string()),
            (Action::Cas { expect, value, .. }, _) => ("cas", format!("[{} {value}]", nil_or(*expect))),
            (Action::Add { value, .. }, _) => ("add", value.to_string()),
            (Action::AddMany { values, .. }, _) => ("add-many", list(values)),
            (Action::ReadSet { .. }, Some(Observed::Elements(found))) => ("read", list(found)),
            (Action::ReadSet { .. }, _) => ("read", "nil".to_owned()),
            (Action::Append { value, .. }, _) => return ("txn", format!("[[:append {key} {value}]]")),
            (Action::AppendMany { keys, value }, _) => {
                let appends = keys.iter().map(|key| format!("[:append {key} {value}]"));
                return ("txn", format!("[{}]", appends.collect::<Vec<_>>().join(" ")));
            }
            (Action::ReadList { .. }, Some(Observed::Elements(found))) => {
                return ("txn", format!("[[:r {key} {}]]", list(found)));
            }
            (Action::ReadList { .. }, _) => return ("txn", format!("[[:r {key} nil]]")),
            (Action::Log { value, .. }, _) => ("log", value.to_string()),
            (Action::ReadLog { .. }, Some(Observed::Elements(found) | Observed::Unordered(found))) => {
                ("read-log", list(found))
            }
            (Action::ReadLog { .. }, _) => ("read-log", "nil".to_owned()),
            (Action::Increment { by, .. }, _) => ("add", by.to_string()),
            (Action::ReadCounter { .. }, Some(Observed::Count(count))) => ("read", count.to_string()),
            (Action::ReadCounter { .. }, _) => ("read", "nil".to_owned()),
            (Action::Enqueue { value, .. }, _) => ("enqueue", value.to_string()),
            (Action::Dequeue { .. }, Some(Observed::Job(job))) => ("dequeue", nil_or(*job)),
            (Action::Dequeue { .. }, _) => ("dequeue", "nil".to_owned()),
            (Action::Claim { value, .. }, _) => ("claim", value.to_string()),
        };
        if self.independent {
            (function, format!("[{key} {value}]"))
        } else {
            (function, value)
        }
    }
}

fn nil_or(value: Option<Value>) -> String {
    value.map_or_else(|| "nil".to_owned(), |value| value.to_string())
}

fn list(elements: &[Value]) -> String {
    let elements: Vec<String> = elements.iter().map(Value::to_string).collect();
    format!("[{}]", elements.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bench::{Flaw, Shape, Values, generate},
        history::foreign::{Initial, JepsenHistory, parse_jepsen_edn},
    };

    #[test]
    fn what_is_exported_is_read_back_the_same() {
        for keys in [1, 3] {
            let shape = Shape {
                seed: 5,
                operations: 300,
                keys,
                clients: 4,
                info_percent: 5,
                values: Values::Unique,
                flaw: Flaw::None,
            };
            let history = generate(&shape);
            let text = export_jepsen_edn(&history);
            let JepsenHistory::Single(back) = parse_jepsen_edn(&text, Initial::Nothing).unwrap() else {
                panic!("registers are no transactions");
            };
            assert_eq!(back.ops.len(), history.ops.len());
            for (ours, theirs) in history.ops.iter().zip(&back.ops) {
                assert_eq!(ours.request, theirs.request);
                assert_eq!(ours.observed(), theirs.observed());
                assert_eq!(ours.call, theirs.call);
                assert_eq!(ours.returned, theirs.returned);
            }
        }
    }
}
