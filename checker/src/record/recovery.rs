//! How long the clients suffered from a fault, read out of the history.

use super::fault::FaultRecord;
use crate::history::{Event, Phase};

/// Fills in what [`super::fault::Recovery`] leaves open: the time from the application, and from the healing,
/// to the first `ok` of an operation that began after it. An operation that began before may have been
/// answered by the member that is now gone, so it proves no recovery.
pub fn measure(faults: &mut [FaultRecord], history: &[Event]) {
    let answered = Answered::new(history);
    for fault in faults {
        let recovery = &mut fault.recovery;
        if recovery.first_ok_after_apply_ns.is_none() {
            recovery.first_ok_after_apply_ns = fault.applied_ns.and_then(|at_ns| answered.after(at_ns));
        }
        if recovery.first_ok_after_heal_ns.is_none() {
            recovery.first_ok_after_heal_ns = fault.healed_ns.and_then(|at_ns| answered.after(at_ns));
        }
    }
}

/// Operations that ended `ok`, by their begin, each with the earliest end of it and all later ones.
struct Answered {
    begins: Vec<(u64, u64)>,
}

impl Answered {
    fn new(history: &[Event]) -> Self {
        let mut open = std::collections::BTreeMap::new();
        let mut begins = Vec::new();
        for event in history {
            match event.phase {
                Phase::Invoke { .. } => {
                    open.insert(event.operation, event.time_ns);
                }
                Phase::Ok { .. } => {
                    begins.extend(
                        open.remove(&event.operation)
                            .map(|start_ns| (start_ns, event.time_ns)),
                    );
                }
                Phase::Fail { .. } | Phase::Info { .. } => drop(open.remove(&event.operation)),
            }
        }
        begins.sort_unstable();
        let mut earliest = u64::MAX;
        for (_, end_ns) in begins.iter_mut().rev() {
            earliest = earliest.min(*end_ns);
            *end_ns = earliest;
        }
        Self { begins }
    }

    fn after(&self, at_ns: u64) -> Option<u64> {
        let first = self.begins.partition_point(|(start_ns, _)| *start_ns < at_ns);
        self.begins.get(first).map(|(_, end_ns)| end_ns - at_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_began_before_proves_nothing() {
        let answered = Answered {
            begins: vec![(1, 12), (8, 12), (20, 30)],
        };
        assert_eq!(answered.after(5), Some(7));
        assert_eq!(answered.after(9), Some(21));
        assert_eq!(answered.after(21), None);
    }
}
