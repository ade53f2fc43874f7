//! A history of some of its operations.

use std::collections::BTreeSet;

use workloads::operation::{Action, Completion, Key, Observed, Value};

use crate::{
    checks::{
        Anomaly,
        holders::{Holder, shown, written},
        linearizable::{FastMap, FastSet},
    },
    history::{History, Op},
};

/// The operations of some violations, and what belongs to them.
///
/// To *leave out* an operation is to look at the history of the others. What it wrote is taken out of what they saw; a
/// look at a register or a job that showed only that is left out too. Where an operation's effect cannot be taken out
/// of what others saw (increments, claims of a name, takes of unknown end), it stays, and its end becomes unknown. If
/// some order explains a history, the same order explains what is left: so what is left refutes only what was wrong.
pub(in crate::checks) struct Projection {
    /// By call.
    ops: Vec<Op>,
    /// Who wrote what some of them saw.
    owners: FastMap<(Holder, Key, Value), Vec<u64>>,
    initial: Option<Value>,
}

impl Projection {
    /// Gathers what the anomalies name. Two passes over the history.
    pub(in crate::checks) fn of(history: &History, anomalies: &[Anomaly]) -> Self {
        let named: BTreeSet<u64> = anomalies
            .iter()
            .flat_map(|anomaly| anomaly.operations.iter().copied())
            .collect();
        let mut seen: FastSet<(Holder, Key, Value)> = FastSet::default();
        let mut shared: BTreeSet<Shared> = BTreeSet::new();
        for op in history.ops.iter().filter(|op| named.contains(&op.number)) {
            seen.extend(shown(op));
            shared.extend(Shared::of(&op.request.action));
        }
        let mut owners: FastMap<(Holder, Key, Value), Vec<u64>> = FastMap::default();
        let mut ops = Vec::new();
        for op in &history.ops {
            for place in written(&op.request.action) {
                if seen.contains(&place) {
                    owners.entry(place).or_default().push(op.number);
                }
            }
            let belongs = Shared::of(&op.request.action).is_some_and(|place| shared.contains(&place));
            if belongs || named.contains(&op.number) {
                ops.push(op.clone());
            }
        }
        Self {
            ops,
            owners,
            initial: history.initial,
        }
    }

    /// The history of these operations.
    pub(in crate::checks) fn only(&self, kept: &BTreeSet<u64>) -> History {
        let ops = self.ops.iter().filter_map(|op| {
            if kept.contains(&op.number) {
                self.without_others(op, kept)
            } else {
                of_unknown_end(op)
            }
        });
        History {
            ops: ops.collect(),
            initial: self.initial,
            notes: Vec::new(),
        }
    }

    /// The operation, without what others wrote; none when nothing is left of it.
    fn without_others(&self, op: &Op, kept: &BTreeSet<u64>) -> Option<Op> {
        let is_left = |place: &(Holder, Key, Value)| {
            let owners = self.owners.get(place);
            owners.is_none_or(|owners| owners.iter().any(|owner| kept.contains(owner)))
        };
        let mut left = op.clone();
        let places = shown(op);
        if let Completion::Ok(Observed::Elements(elements) | Observed::Unordered(elements)) =
            &mut left.completion
        {
            *elements = places
                .iter()
                .filter(|place| is_left(place))
                .map(|place| place.2)
                .collect();
            return Some(left);
        }
        if places.iter().all(is_left) {
            return Some(left);
        }
        // A compare-and-set whose pre-image is gone still wrote.
        match (&op.request.action, op.observed()) {
            (Action::Cas { key, value, .. }, Some(Observed::Swapped { swapped: true, .. })) => {
                let (key, value) = (*key, *value);
                left.request.action = Action::Write { key, value };
                left.completion = Completion::Ok(Observed::Done);
                Some(left)
            }
            _ => None,
        }
    }
}

/// What several operations change together, so that none can be taken out of what the others saw.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    Counter(Key),
    Name(Key, Value),
    Queue(Key),
}

impl Shared {
    const fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Increment { key, .. } | Action::ReadCounter { key } => Some(Self::Counter(*key)),
            Action::Claim { key, value } => Some(Self::Name(*key, *value)),
            Action::Dequeue { key } => Some(Self::Queue(*key)),
            _ => None,
        }
    }
}

/// What stays of an operation that is left out.
fn of_unknown_end(op: &Op) -> Option<Op> {
    let stays = match op.request.action {
        Action::Increment { .. } => !op.is_fail(),
        Action::Claim { .. } => !op.is_fail() && op.observed() != Some(&Observed::Taken),
        Action::Dequeue { .. } => op.is_info(),
        _ => false,
    };
    stays.then(|| Op {
        returned: Op::NEVER,
        completion: Completion::Info("left out".to_owned()),
        ..op.clone()
    })
}
