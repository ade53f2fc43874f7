//! Operations in words, for witnesses.

use workloads::operation::{Action, Completion, Observed, Value};

use crate::history::Op;

/// `#12 write 5 to key 1`, `#15 read key 1 → 5`, `#16 (unknown end) write 7 to key 1`.
pub(super) fn describe(op: &Op) -> String {
    let end = match &op.completion {
        Completion::Ok(_) => "",
        Completion::Fail(_) => " (refused)",
        Completion::Info(_) => " (unknown end)",
    };
    format!(
        "#{}{end} {}{}",
        op.number,
        asked(&op.request.action),
        op.observed().map_or_else(String::new, seen)
    )
}

/// Several, one after the other.
pub(super) fn describe_all<'a>(ops: impl IntoIterator<Item = &'a Op>) -> String {
    ops.into_iter().map(describe).collect::<Vec<_>>().join("; ")
}

/// A register's value.
pub(super) fn value(value: Option<Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

fn asked(action: &Action) -> String {
    match action {
        Action::Read { key } => format!("read key {key}"),
        Action::Write { key, value } => format!("write {value} to key {key}"),
        Action::Cas {
            key,
            expect,
            value: new,
        } => {
            format!("compare-and-set key {key} from {} to {new}", value(*expect))
        }
        Action::Add { key, value } => format!("add {value} to set {key}"),
        Action::AddMany { key, values } => format!(
            "add {} values from {} to set {key}",
            values.len(),
            value(values.first().copied())
        ),
        Action::ReadSet { key } => format!("read set {key}"),
        Action::Append { key, value } => format!("append {value} to list {key}"),
        Action::AppendMany { keys, value } => format!("append {value} to the lists {keys:?}"),
        Action::Log { key, value } => format!("insert {value} into log {key}"),
        Action::ReadLog { key } => format!("follow log {key}"),
        Action::ReadList { key } => format!("read list {key}"),
        Action::Increment { key, by } => format!("add {by} to counter {key}"),
        Action::ReadCounter { key } => format!("read counter {key}"),
        Action::Enqueue { key, value } => format!("enqueue {value} in queue {key}"),
        Action::Dequeue { key } => format!("dequeue from queue {key}"),
        Action::Claim { key, value } => format!("claim {value} in {key}"),
        Action::Stamp { key, value } => format!("write {value} to key {key} for its time"),
    }
}

/// How many elements of a long read are shown.
const ELEMENTS_SHOWN_MAX: usize = 8;

fn seen(observed: &Observed) -> String {
    match observed {
        Observed::Done => String::new(),
        Observed::Register(found) => format!(" → {}", value(*found)),
        Observed::Swapped { swapped: true, .. } => " → swapped".to_owned(),
        Observed::Swapped { was, swapped: false } => format!(" → not swapped, found {}", value(*was)),
        Observed::Refused => " → not swapped".to_owned(),
        Observed::Elements(elements) | Observed::Unordered(elements)
            if elements.len() <= ELEMENTS_SHOWN_MAX =>
        {
            format!(" → {elements:?}")
        }
        Observed::Elements(elements) | Observed::Unordered(elements) => {
            format!(" → {} elements", elements.len())
        }
        Observed::Count(count) => format!(" → {count}"),
        Observed::Job(job) => format!(" → {}", value(*job)),
        Observed::Taken => " → taken".to_owned(),
        Observed::Stamped(time) => format!(" → time ({}, {})", time >> 32, time & 0xffff_ffff),
    }
}
