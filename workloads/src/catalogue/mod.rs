//! The list of workloads.

mod across_lists;
mod bulk_insert;
mod cas_register;
mod causal_session;
mod counter;
mod hot_keys;
mod list_append;
mod monotonic_timestamps;
mod oplog_tail;
mod queue;
mod register;
mod secondary_reads;
mod set;
mod unique_claims;
mod weak_writes;

use crate::workload::Workload;

/// Every workload, the ones that promise most first.
pub const WORKLOADS: &[Workload] = &[
    register::WORKLOAD,
    cas_register::WORKLOAD,
    list_append::WORKLOAD,
    across_lists::WORKLOAD,
    oplog_tail::WORKLOAD,
    set::WORKLOAD,
    bulk_insert::WORKLOAD,
    counter::WORKLOAD,
    causal_session::WORKLOAD,
    secondary_reads::WORKLOAD,
    queue::WORKLOAD,
    unique_claims::WORKLOAD,
    monotonic_timestamps::WORKLOAD,
    weak_writes::WORKLOAD,
];

/// The workload of that name.
pub fn find(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        operation::{Action, Operation},
        workload::Parameters,
    };

    #[test]
    fn names_are_unique_and_found() {
        let names: BTreeSet<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), WORKLOADS.len());
        for workload in WORKLOADS {
            assert_eq!(find(workload.name).map(|found| found.about), Some(workload.about));
            assert!(
                !workload.checks.is_empty(),
                "{} is judged by nobody",
                workload.name
            );
        }
    }

    #[test]
    fn same_seed_same_operations_and_other_seed_others() {
        for workload in WORKLOADS {
            let once = draw(workload, 7);
            assert_eq!(once, draw(workload, 7), "{}", workload.name);
            assert_ne!(once, draw(workload, 8), "{}", workload.name);
        }
    }

    #[test]
    fn written_values_are_unique_and_never_zero() {
        for workload in WORKLOADS {
            let mut written = BTreeSet::new();
            for operation in draw(workload, 11) {
                for value in written_by(&operation.action) {
                    assert!(value != 0 && written.insert(value), "{}: {value}", workload.name);
                }
            }
        }
    }

    /// Two workloads of one run must not write the same documents: a value would have two writers.
    #[test]
    fn workloads_of_one_run_keep_out_of_each_others_way() {
        let mut owners: BTreeMap<(&str, u32), &str> = BTreeMap::new();
        for (workload, seed) in WORKLOADS
            .iter()
            .flat_map(|workload| (0..20).map(move |seed| (workload, seed)))
        {
            for operation in draw(workload, seed) {
                for place in places(&operation.action) {
                    let owner = *owners.entry(place).or_insert(workload.name);
                    assert_eq!(owner, workload.name, "{place:?}");
                }
            }
        }
    }

    /// The seed decides how many keys there are and how much is read.
    #[test]
    fn key_counts_and_mixes_come_from_the_seed() {
        for workload in WORKLOADS {
            let mut shapes = BTreeSet::new();
            for seed in 0..30 {
                let drawn = draw(workload, seed);
                let keys: BTreeSet<u32> = drawn.iter().map(|operation| operation.action.key()).collect();
                let looks = |operation: &&Operation| {
                    operation.action.is_read() || matches!(operation.action, Action::Dequeue { .. })
                };
                let reads = drawn[..400].iter().filter(looks).count();
                shapes.insert((keys.len(), reads / 10));
            }
            // One kind of operation: the keys alone differ.
            let least = match workload.name {
                "monotonic-timestamps" | "unique-claims" => 2,
                _ => 5,
            };
            assert!(shapes.len() >= least, "{}: {shapes:?}", workload.name);
        }
    }

    #[test]
    fn several_processes_meet_on_one_key() {
        for workload in WORKLOADS {
            let drawn = draw(workload, 3);
            let met = drawn
                .windows(2)
                .filter(|pair| pair[0].action.key() == pair[1].action.key());
            assert!(
                met.count() * 5 > drawn.len(),
                "{}: too little contention",
                workload.name
            );
        }
    }

    fn written_by(action: &Action) -> Vec<i64> {
        match action {
            Action::Write { value, .. }
            | Action::Cas { value, .. }
            | Action::Add { value, .. }
            | Action::Append { value, .. }
            | Action::AppendMany { value, .. }
            | Action::Log { value, .. }
            | Action::Enqueue { value, .. } => vec![*value],
            Action::AddMany { values, .. } => values.clone(),
            _ => Vec::new(),
        }
    }

    /// The collection and the key of each document that it changes.
    fn places(action: &Action) -> Vec<(&'static str, u32)> {
        let family = match action {
            Action::Write { .. } | Action::Cas { .. } => "register",
            Action::Add { .. } | Action::AddMany { .. } => "set",
            Action::AppendMany { keys, .. } => return keys.iter().map(|key| ("list", *key)).collect(),
            Action::Append { .. } => "list",
            Action::Log { .. } => "log",
            Action::Increment { .. } => "counter",
            Action::Enqueue { .. } | Action::Dequeue { .. } => "queue",
            Action::Claim { .. } => "names",
            Action::Stamp { .. } => "stamp",
            _ => return Vec::new(),
        };
        vec![(family, action.key())]
    }

    fn draw(workload: &Workload, seed: u64) -> Vec<Operation> {
        let mut generator = (workload.generator)(Parameters {
            seed,
            processes: 8,
            members: 3,
            concerns: workload.concerns,
        });
        let mut drawn: Vec<Operation> = (0..400).map(|turn| generator.next(turn % 8)).collect();
        drawn.extend(generator.final_reads());
        drawn
    }
}
