//! The findings as text: a line each.

use super::probe::{Answer, Probe, Tier};

/// The highest tier of which everything, and everything below, works; nothing if not even the lowest does.
pub fn tier(probes: &[Probe]) -> Option<Tier> {
    let whole = |tier: &Tier| {
        probes
            .iter()
            .filter(|probe| probe.tier == *tier)
            .all(Probe::works)
    };
    [Tier::T0, Tier::T1, Tier::T2]
        .into_iter()
        .take_while(whole)
        .last()
}

/// A line per probe, and one that sums up.
pub fn tell(probes: &[Probe]) -> String {
    let mut text = String::new();
    for probe in probes {
        let word = if probe.works() { "works" } else { "no" };
        text.push_str(&format!(
            "{} {word:<5} {}: {}\n",
            probe.tier, probe.name, probe.enables
        ));
        if let Answer::Not { why, remedy } = &probe.answer {
            text.push_str(&format!("         why: {why}\n         to enable: {remedy}\n"));
        }
    }
    text.push_str(&match tier(probes) {
        Some(tier) => format!("This machine is whole up to tier {tier}.\n"),
        None => "Not even tier T0 is whole here: live runs will be poor.\n".to_owned(),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_below_counts_for_all_above() {
        assert_eq!(
            tier(&[
                probe(Tier::T0, true),
                probe(Tier::T1, false),
                probe(Tier::T2, true)
            ]),
            Some(Tier::T0)
        );
        assert_eq!(tier(&[probe(Tier::T0, false), probe(Tier::T1, true)]), None);
    }

    #[test]
    fn says_why_not_and_what_would_help() {
        let text = tell(&[probe(Tier::T0, true), probe(Tier::T1, false)]);
        assert!(
            text.contains("T0 works it: all") && text.contains("why: it is shut"),
            "{text}"
        );
        assert!(
            text.contains("to enable: open it") && text.contains("tier T0"),
            "{text}"
        );
    }

    fn probe(tier: Tier, works: bool) -> Probe {
        let answer = if works {
            Answer::Works
        } else {
            Answer::Not {
                why: "it is shut".to_owned(),
                remedy: "open it",
            }
        };
        Probe {
            name: "it",
            tier,
            enables: "all",
            answer,
        }
    }
}
