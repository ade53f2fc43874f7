//! The list of workloads.

mod causal_session;
mod counter;
mod hot_keys;
mod list_append;
mod monotonic_timestamps;
mod queue;
mod register;
mod set;
mod unique_claims;

use crate::workload::Workload;

/// Every workload, the ones that promise most first.
pub const WORKLOADS: &[Workload] = &[
    register::WORKLOAD,
    list_append::WORKLOAD,
    set::WORKLOAD,
    counter::WORKLOAD,
    causal_session::WORKLOAD,
    queue::WORKLOAD,
    unique_claims::WORKLOAD,
    monotonic_timestamps::WORKLOAD,
];

/// The workload of that name.
pub fn find(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
                let value = match operation.action {
                    Action::Write { value, .. }
                    | Action::Cas { value, .. }
                    | Action::Add { value, .. }
                    | Action::Append { value, .. }
                    | Action::Enqueue { value, .. } => value,
                    _ => continue,
                };
                assert!(value != 0 && written.insert(value), "{}: {value}", workload.name);
            }
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
