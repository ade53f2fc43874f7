//! When what happened: before, during and after the faults, and the quiet end.

use crate::{
    history::Op,
    record::{
        fault::{FaultRecord, Recovery},
        run::{OperationCounts, PhaseRecord},
    },
};
use workloads::operation::Completion;

/// The borders between the phases, nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Borders {
    /// Clients begin to ask.
    pub traffic_ns: u64,
    /// The first fault may strike.
    pub faults_ns: u64,
    /// All faults are healed.
    pub healed_ns: u64,
    /// Clients have stopped.
    pub quiet_ns: u64,
    /// The final reads are done.
    pub end_ns: u64,
}

impl Borders {
    /// The phases with the ends of the operations that began in them.
    pub fn phases(&self, ops: &[Op]) -> Vec<PhaseRecord> {
        let phase = |name: &str, start_ns: u64, end_ns: u64| PhaseRecord {
            name: name.to_owned(),
            start_ns,
            end_ns,
            counts: count(ops.iter().filter(|op| (start_ns..end_ns).contains(&op.call_ns))),
        };
        vec![
            phase("before", self.traffic_ns, self.faults_ns),
            phase("during", self.faults_ns, self.healed_ns),
            phase("after", self.healed_ns, self.quiet_ns),
            phase("final", self.quiet_ns, self.end_ns),
        ]
    }
}

/// How the operations ended.
pub fn count<'a>(ops: impl Iterator<Item = &'a Op>) -> OperationCounts {
    ops.fold(OperationCounts::default(), |mut counts, op| {
        match op.completion {
            Completion::Ok(_) => counts.ok += 1,
            Completion::Fail(_) => counts.fail += 1,
            Completion::Info(_) => counts.info += 1,
        }
        counts
    })
}

/// Fills in how long the clients suffered from each fault.
pub fn fill_recovery(faults: &mut [FaultRecord], ops: &[Op]) {
    let first_ok_after = |from_ns: u64| {
        let after = ops.iter().filter(|op| op.is_ok() && op.call_ns >= from_ns);
        after.map(|op| op.return_ns - from_ns).min()
    };
    for fault in faults {
        fault.recovery = Recovery {
            first_ok_after_apply_ns: fault.applied_ns.and_then(first_ok_after),
            first_ok_after_heal_ns: fault.healed_ns.and_then(first_ok_after),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::fault::Fault;
    use workloads::operation::{Action, Concerns, Observed, Operation};

    #[test]
    fn an_operation_counts_where_it_began() {
        let borders = Borders {
            traffic_ns: 0,
            faults_ns: 10,
            healed_ns: 20,
            quiet_ns: 30,
            end_ns: 40,
        };
        let phases = borders.phases(&[op(5, 15), op(10, 12), op(35, 36)]);
        let counts: Vec<u64> = phases.iter().map(|phase| phase.counts.ok).collect();
        assert_eq!(counts, [1, 1, 0, 1]);
    }

    #[test]
    fn recovery_counts_requests_that_began_after_the_deed() {
        let mut faults = [FaultRecord {
            index: 0,
            nemesis: String::new(),
            fault: Fault::Kill { members: vec![0] },
            planned_ns: 9,
            applied_ns: Some(10),
            healed_ns: Some(100),
            took_effect: true,
            effect: std::collections::BTreeMap::new(),
            words: String::new(),
            recovery: Recovery::default(),
        }];
        fill_recovery(&mut faults, &[op(5, 11), op(20, 60), op(12, 50)]);
        assert_eq!(faults[0].recovery.first_ok_after_apply_ns, Some(40));
        assert_eq!(faults[0].recovery.first_ok_after_heal_ns, None);
    }

    fn op(call_ns: u64, return_ns: u64) -> Op {
        Op {
            number: 0,
            process: 0,
            last: false,
            member: None,
            call: 0,
            returned: 0,
            call_ns,
            return_ns,
            request: Operation {
                action: Action::Write { key: 1, value: 2 },
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            },
            completion: Completion::Ok(Observed::Done),
        }
    }
}
