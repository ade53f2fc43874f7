//! A simulation in which nothing happens proves nothing: every rule fires, every interesting thing happens.

use checker::simulation::facts::Facts;
use checker::simulation::{Options, simulate_many};
use protocol::rules::NEXT;

const SEEDS: std::ops::Range<u64> = 0..200;

#[test]
fn every_rule_fires_and_everything_interesting_happens() {
    let mut fired = [0; NEXT.len()];
    let mut facts = Facts::default();
    simulate_many(SEEDS, 2, &Options::default(), |outcome| {
        for (sum, count) in fired.iter_mut().zip(outcome.fired) {
            *sum += count;
        }
        facts.add(&outcome.facts);
        true
    });
    let idle: Vec<&str> = NEXT
        .iter()
        .zip(fired)
        .filter(|(_, count)| *count == 0)
        .map(|(rule, _)| rule.name)
        .collect();
    assert_eq!(idle, Vec::<&str>::new(), "rules that never fired");
    let missed: Vec<&str> = facts
        .rows()
        .into_iter()
        .filter(|(_, count)| *count == 0)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(missed, Vec::<&str>::new(), "what was never reached");
}
