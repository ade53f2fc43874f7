//! What holds values, who puts them there, and who looks.

use workloads::operation::{Action, Key, Observed, Value};

use crate::history::Op;

/// What holds values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holder {
    Register,
    Set,
    List,
    Log,
    Queue,
}

/// What an action looks at.
pub(super) const fn looked_at(action: &Action) -> Option<(Holder, Key)> {
    match action {
        Action::Read { key } => Some((Holder::Register, *key)),
        Action::ReadSet { key } => Some((Holder::Set, *key)),
        Action::ReadList { key } => Some((Holder::List, *key)),
        Action::ReadLog { key } => Some((Holder::Log, *key)),
        _ => None,
    }
}

/// What an action writes, and where.
pub(super) fn written(action: &Action) -> Vec<(Holder, Key, Value)> {
    match action {
        Action::Write { key, value } | Action::Cas { key, value, .. } => {
            vec![(Holder::Register, *key, *value)]
        }
        Action::Add { key, value } => vec![(Holder::Set, *key, *value)],
        Action::AddMany { key, values } => values.iter().map(|value| (Holder::Set, *key, *value)).collect(),
        Action::Append { key, value } => vec![(Holder::List, *key, *value)],
        Action::AppendMany { keys, value } => keys.iter().map(|key| (Holder::List, *key, *value)).collect(),
        Action::Log { key, value } => vec![(Holder::Log, *key, *value)],
        Action::Enqueue { key, value } => vec![(Holder::Queue, *key, *value)],
        _ => Vec::new(),
    }
}

/// The values that a look showed, with their holder.
pub(super) fn shown(op: &Op) -> Vec<(Holder, Key, Value)> {
    let key = op.request.action.key();
    match (op.observed(), looked_at(&op.request.action)) {
        (Some(Observed::Register(Some(value))), _) => vec![(Holder::Register, key, *value)],
        (Some(Observed::Swapped { was: Some(value), .. }), _) => vec![(Holder::Register, key, *value)],
        (Some(Observed::Job(Some(value))), _) => vec![(Holder::Queue, key, *value)],
        (Some(Observed::Elements(elements) | Observed::Unordered(elements)), Some((holder, key))) => {
            elements.iter().map(|value| (holder, key, *value)).collect()
        }
        _ => Vec::new(),
    }
}
