//! Runs checks by name. A check that panics is an `unknown`, never silence and never green.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use nix::time::{ClockId, clock_gettime};

use super::{
    Anomaly, Budget, CHECKS, Check, Verdict,
    witness::{Projection, smallest},
};
use crate::history::History;

/// One verdict per name, in order. A name that is not in [`CHECKS`] gets `unknown`.
pub fn judge(history: &History, names: &[&str], budget: &Budget) -> Vec<Verdict> {
    names
        .iter()
        .map(|name| match CHECKS.iter().find(|check| check.name == *name) {
            Some(check) => run(check, history, budget),
            None => Verdict::unknown(name, 0, format!("there is no check named {name}")),
        })
        .collect()
}

/// Runs one check, measures it, and catches its panic.
fn run(check: &Check, history: &History, budget: &Budget) -> Verdict {
    let before_ms = cpu_ms();
    let mut verdict = match catch_unwind(AssertUnwindSafe(|| explained(check, history, budget))) {
        Ok(verdict) => verdict,
        Err(panic) => Verdict::unknown(
            check.name,
            0,
            format!(
                "the check itself crashed, which is a bug of the checker: {}",
                text(&*panic)
            ),
        ),
    };
    verdict.spent_ms = cpu_ms().saturating_sub(before_ms);
    verdict
}

/// The verdict, with witnesses of which nothing can be left out. (Registers have a notion of their own, and shrink by
/// themselves.)
fn explained(check: &Check, history: &History, budget: &Budget) -> Verdict {
    let mut verdict = (check.run)(history, budget);
    let named = |anomaly: &Anomaly| check.anomalies.contains(&anomaly.kind.as_str());
    debug_assert!(
        verdict.anomalies.iter().all(named),
        "a name that is not told: {:?}",
        verdict.anomalies
    );
    if check.name != "linearizable" && !verdict.anomalies.is_empty() {
        let projection = Projection::of(history, &verdict.anomalies);
        smallest(&mut verdict, |kept| (check.run)(&projection.only(kept), budget));
    }
    verdict
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

/// CPU time of this process; 0 where the clock is missing.
fn cpu_ms() -> u64 {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(0, |time| {
        u64::try_from(time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Validity;

    #[test]
    fn an_unknown_name_and_a_crash_are_loud() {
        let verdicts = judge(&History::default(), &["no-such-check"], &Budget::default());
        assert_eq!(verdicts[0].validity, Validity::Unknown);
        let crashing = Check {
            name: "crashing",
            promise: "",
            complexity: "",
            source: "",
            anomalies: &[],
            run: |_, _| panic!("index out of bounds"),
        };
        let verdict = run(&crashing, &History::default(), &Budget::default());
        assert_eq!(verdict.validity, Validity::Unknown);
        assert!(
            verdict.summary.contains("index out of bounds"),
            "{}",
            verdict.summary
        );
    }

    #[test]
    fn every_workload_names_checks_that_exist() {
        for workload in workloads::catalogue::WORKLOADS {
            for name in workload.checks {
                assert!(
                    CHECKS.iter().any(|check| check.name == *name),
                    "{}: {name}",
                    workload.name
                );
            }
        }
    }
}
