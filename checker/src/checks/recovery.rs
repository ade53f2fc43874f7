//! `recovery`: after each fault and each heal, clients succeed again within the time that the node's settings
//! allow. Judged from the history and the faults' times: the live runner calls it. It has no budget: it sorts the successes
//! once, and looks each disturbance up (a million operations take some hundredths of a second).

use std::time::Duration;

use super::{Anomaly, Verdict};
use crate::history::History;

const NAME: &str = "recovery";

/// A moment from which success is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// In words: `partition of n0 healed`.
    pub words: String,
    /// When, nanoseconds since the start of the run.
    pub at_ns: u64,
    /// When the next disturbance came or the run ended: nothing is owed after it.
    pub until_ns: u64,
}

/// Demands an operation that was called after each disturbance and succeeded within `limit`. A disturbance that
/// was followed by another one sooner than `limit` demands nothing.
pub fn recovery(history: &History, disturbances: &[Disturbance], limit: Duration) -> Verdict {
    let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    let mut successes: Vec<(u64, u64)> = history
        .ops
        .iter()
        .filter(|op| op.is_ok())
        .map(|op| (op.call_ns, op.return_ns))
        .collect();
    successes.sort_unstable();
    // From each call on, the first return.
    let mut first_return = vec![u64::MAX; successes.len() + 1];
    for (position, (_, returned)) in successes.iter().enumerate().rev() {
        first_return[position] = first_return[position + 1].min(*returned);
    }
    let mut anomalies = Vec::new();
    let (mut judged, mut slowest_ns) = (0u64, 0);
    for disturbance in disturbances {
        let owed_until = disturbance.at_ns.saturating_add(limit_ns);
        let begin = successes.partition_point(|(call, _)| *call < disturbance.at_ns);
        let first = first_return[begin];
        if first <= owed_until {
            judged += 1;
            slowest_ns = slowest_ns.max(first - disturbance.at_ns);
        } else if disturbance.until_ns >= owed_until {
            judged += 1;
            let after = if first == u64::MAX {
                "no operation succeeded".to_owned()
            } else {
                format!(
                    "the first success came after {} ms",
                    (first - disturbance.at_ns) / 1_000_000
                )
            };
            let words = format!(
                "{}: {after}; {} ms are allowed",
                disturbance.words,
                limit.as_millis()
            );
            anomalies.push(Anomaly {
                kind: "slow-recovery".to_owned(),
                key: None,
                words,
                operations: Vec::new(),
            });
        }
    }
    let operations = successes.len() as u64;
    if !anomalies.is_empty() {
        return Verdict::invalid(NAME, operations, anomalies);
    }
    if judged == 0 && !disturbances.is_empty() {
        let reason = "every disturbance was followed by another one before success was owed".to_owned();
        return Verdict::unknown(NAME, operations, reason);
    }
    let summary = format!(
        "{judged} disturbances, slowest recovery {} ms",
        slowest_ns / 1_000_000
    );
    Verdict::valid(NAME, operations, summary)
}

#[cfg(test)]
mod tests {
    use workloads::operation::{Action, Observed};

    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{history, ok},
    };

    #[test]
    fn late_success_is_found_and_a_new_fault_excuses() {
        // The fixtures give each place a thousand nanoseconds.
        let read = |call| ok(call, call + 1, Action::Read { key: 0 }, Observed::Register(None));
        let history = history(vec![read(1), read(50)]);
        let judge = |at_ns, until_ns| {
            let disturbance = Disturbance {
                words: "heal".to_owned(),
                at_ns,
                until_ns,
            };
            recovery(&history, &[disturbance], Duration::from_nanos(20_000)).validity
        };
        assert_eq!(judge(500, 90_000), Validity::Valid);
        assert_eq!(judge(45_000, 90_000), Validity::Valid);
        assert_eq!(judge(5_000, 90_000), Validity::Invalid);
        assert_eq!(judge(60_000, 90_000), Validity::Invalid);
        assert_eq!(judge(5_000, 9_000), Validity::Unknown);
    }
}
