//! The checks that judge more than a history (what the oplog holds, what the members hold, when the faults were), on as
//! much of it as a long run leaves, and on the same with one flaw.

use std::time::Duration;

use workloads::operation::{Action, Completion};

use super::{
    families::{CheckRow, Family},
    family_world::generate_family,
    meter::measured,
};
use crate::{
    checks::{Disturbance, ReplicaDump, exactly_once, recovery, replicas_equal},
    history::{History, Mark, Marks, Op},
};

/// Operations between two disturbances, about.
const QUIET: u32 = 2_000;
/// Members that are compared.
const MEMBERS: usize = 3;

/// Measures these checks.
pub fn measure_beside_history(operations: u32, seed: u64) -> Vec<CheckRow> {
    let history = generate_family(Family::Sessions, operations, seed, None);
    vec![
        by_oplog(&history),
        by_disturbances(history),
        by_members(operations),
    ]
}

fn by_oplog(history: &History) -> CheckRow {
    let marked = |op: &Op| match op.request.action {
        Action::Write { key, value } => Some(Mark {
            operation: op.number,
            collection: "registers".to_owned(),
            id: key.into(),
            value: Some(value),
            committed: true,
        }),
        _ => None,
    };
    let mut marks = Marks {
        complete: true,
        entries: history.ops.iter().filter_map(marked).collect(),
    };
    let right = measured(|| exactly_once(history, &marks).validity);
    let twice = marks.entries[marks.entries.len() / 10 * 7].clone();
    marks.entries.push(twice);
    CheckRow {
        check: "exactly-once",
        about: "Sessions and their oplog".to_owned(),
        operations: history.ops.len() as u32,
        right,
        flawed: measured(|| exactly_once(history, &marks).validity),
    }
}

fn by_disturbances(mut history: History) -> CheckRow {
    let end_ns = history.ops.iter().map(|op| op.call_ns).max().unwrap_or(0);
    let step_ns = u64::from(QUIET) * 2_000;
    let at = |number: u64| number * step_ns;
    let disturbances: Vec<Disturbance> = (0..end_ns / step_ns)
        .map(|number| Disturbance {
            words: format!("disturbance {number}"),
            at_ns: at(number),
            until_ns: at(number + 1),
        })
        .collect();
    let limit = Duration::from_nanos(step_ns / 2);
    let right = measured(|| recovery(&history, &disturbances, limit).validity);
    let dark = at(disturbances.len() as u64 / 10 * 7);
    for op in &mut history.ops {
        if (dark..dark + step_ns).contains(&op.call_ns) {
            op.completion = Completion::Fail("NotWritablePrimary".to_owned());
        }
    }
    CheckRow {
        check: "recovery",
        about: format!("Sessions with {} disturbances", disturbances.len()),
        operations: history.ops.len() as u32,
        right,
        flawed: measured(|| recovery(&history, &disturbances, limit).validity),
    }
}

fn by_members(documents: u32) -> CheckRow {
    let dump = |member: usize| ReplicaDump {
        member: format!("n{member}"),
        collections: [(
            "run.registers".to_owned(),
            (0..documents)
                .map(|id| (id.to_string(), u64::from(id) * 3))
                .collect(),
        )]
        .into(),
        oplog: (0..documents)
            .map(|place| ((1, u64::from(place)), u64::from(place) * 7))
            .collect(),
        stands_at: None,
    };
    let mut dumps: Vec<ReplicaDump> = (0..MEMBERS).map(dump).collect();
    let right = measured(|| replicas_equal(&dumps).validity);
    if let Some(documents) = dumps[MEMBERS - 1].collections.values_mut().next()
        && let Some(hash) = documents.values_mut().next_back()
    {
        *hash += 1;
    }
    CheckRow {
        check: "replicas-equal",
        about: format!("{MEMBERS} members, as many documents and entries each"),
        operations: documents,
        right,
        flawed: measured(|| replicas_equal(&dumps).validity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_accepted_and_the_flaw_is_found() {
        for row in measure_beside_history(20_000, 3) {
            assert!(row.is_right(), "{row:?}");
        }
    }
}
