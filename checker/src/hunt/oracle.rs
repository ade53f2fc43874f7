//! Who may say that a bug was caught.
//!
//! A bug that breaks elections makes nearly everything fail in the end. It counts as caught only by an oracle that
//! names a guarantee which this bug breaks, not by any failure.

use crate::{
    checks::{Validity, Verdict},
    run::traces,
};

/// Where an oracle may sit. Checks of histories are the same in simulated and in real clusters, and keep their prefix.
const WORLDS: [&str; 3] = ["model:", "simulate:", "trace:"];

/// The guarantee that an oracle speaks of, whichever world it sits in: `model:I-01`, `simulate:I-01` and `trace:I-01` are
/// one.
pub fn guarantee(oracle: &str) -> &str {
    let plain = WORLDS.iter().find_map(|world| oracle.strip_prefix(world));
    plain.unwrap_or(oracle)
}

/// Whether `seen` names a guarantee of those that must be named.
pub fn is_right(seen: &str, named: &[impl AsRef<str>]) -> bool {
    named
        .iter()
        .any(|oracle| guarantee(oracle.as_ref()) == guarantee(seen))
}

/// The oracles that have spoken in a live run, the order kept, each once.
pub fn of_verdicts(verdicts: &[Verdict]) -> Vec<(String, String)> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for verdict in verdicts
        .iter()
        .filter(|verdict| verdict.validity == Validity::Invalid)
    {
        if verdict.check == traces::NAME {
            for anomaly in &verdict.anomalies {
                add(&mut seen, format!("trace:{}", anomaly.kind), &anomaly.words);
            }
        } else {
            add(&mut seen, format!("check:{}", verdict.check), &verdict.summary);
        }
    }
    seen
}

fn add(seen: &mut Vec<(String, String)>, oracle: String, words: &str) {
    if seen.iter().all(|(known, _)| *known != oracle) {
        seen.push((oracle, words.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Anomaly;

    #[test]
    fn a_guarantee_is_one_in_all_worlds_and_any_failure_is_not_enough() {
        let named = ["model:I-01", "check:no-lost-write"];
        for right in [
            "model:I-01",
            "simulate:I-01",
            "trace:I-01",
            "I-01",
            "check:no-lost-write",
        ] {
            assert!(is_right(right, &named), "{right}");
        }
        for wrong in ["trace:I-10", "check:settles", "trace:mismatch"] {
            assert!(!is_right(wrong, &named), "{wrong}");
        }
    }

    #[test]
    fn each_broken_promise_of_the_steps_is_an_oracle_of_its_own() {
        let anomaly = |kind: &str| Anomaly {
            kind: kind.to_owned(),
            key: None,
            words: format!("{kind} in words"),
            operations: Vec::new(),
        };
        let steps = Verdict::invalid(
            traces::NAME,
            1,
            vec![anomaly("I-01"), anomaly("I-07"), anomaly("I-01")],
        );
        let other = Verdict::valid("settles", 1, String::new());
        let seen: Vec<String> = of_verdicts(&[steps, other])
            .into_iter()
            .map(|(oracle, _)| oracle)
            .collect();
        assert_eq!(seen, ["trace:I-01", "trace:I-07"]);
    }
}
