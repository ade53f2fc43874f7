//! The short models, explored before a run that nobody asked anything else of.

use std::{collections::BTreeMap, time::Instant};

use protocol::{member::Rules, rules::NEXT};
use stateright::{Expectation, Model};

use crate::{
    console::Console,
    model::{
        bare::BreadthFirst,
        check::{Answer, Finding, check},
        family::{MODELS, NamedModel, find},
        replica_set::ReplicaSet,
    },
    record::{
        SCHEMA,
        exit::Exit,
        model::{ModelRecord, ModelResult, PropertyOutcome, PropertyResult, SimulationResult},
    },
    simulation::{Options, simulate_many},
};

/// A model may hold so much: beyond it the answer is unknown, not a machine that swaps.
const MEMORY_BYTES_MAX: usize = 4 << 30;

/// So many simulated clusters take a few seconds.
const SIMULATED_SEEDS: u64 = 200;

/// Explores them: what they found, for the report of the run, and the worst of it.
pub(super) fn explore(console: &Console, rules: Rules) -> (ModelRecord, Exit) {
    let search = BreadthFirst {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes_max: MEMORY_BYTES_MAX,
        progress: None,
    };
    let mut findings = Vec::new();
    for model in MODELS.iter().filter(|model| model.smoke) {
        let finding = check(model, rules, &search);
        console.say(format!("model {finding}"));
        if let Answer::Violated { chart, .. } = &finding.answer {
            console.warn(chart);
        }
        findings.push(finding);
    }
    let simulation = simulated(console, rules, search.threads);
    let mut worst = exit(&findings);
    if simulation.result.violation.is_some() {
        worst = Exit::Violation;
    }
    let mut record = record(&findings);
    record
        .fired
        .insert("simulation".to_owned(), by_name(simulation.fired));
    record.simulation = Some(simulation.result);
    (record, worst)
}

struct Simulated {
    result: SimulationResult,
    fired: [u64; NEXT.len()],
}

/// The same few clusters each time: a run from a seed stays one. `checker simulate` tries others.
fn simulated(console: &Console, rules: Rules, threads: usize) -> Simulated {
    let options = Options {
        rules,
        ..Options::default()
    };
    let began = Instant::now();
    let mut result = SimulationResult {
        from: 0,
        seeds: 0,
        steps: 0,
        simulated_s: 0,
        elapsed_ms: 0,
        violation: None,
    };
    let mut fired = [0; NEXT.len()];
    let mut virtual_us = 0;
    // A panic of the core is caught and told as a violation.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    simulate_many(0..SIMULATED_SEEDS, threads, &options, |outcome| {
        result.seeds += 1;
        result.steps += outcome.steps;
        virtual_us += outcome.virtual_us;
        for (sum, count) in fired.iter_mut().zip(outcome.fired) {
            *sum += count;
        }
        let broken = outcome
            .violation
            .map(|violation| (outcome.seed, violation.to_string()));
        result.violation = result.violation.take().or(broken);
        let done = result.seeds;
        console.progress(|| format!("simulating clusters: {done} of {SIMULATED_SEEDS}"));
        result.violation.is_none()
    });
    std::panic::set_hook(hook);
    console.progress_done();
    result.simulated_s = virtual_us / 1_000_000;
    result.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let SimulationResult {
        seeds,
        steps,
        simulated_s,
        ..
    } = &result;
    match &result.violation {
        None => console.say(format!(
            "simulation       {seeds:>9} clusters, {steps} steps in {simulated_s} s of their time, nothing broke"
        )),
        Some((seed, words)) => console.warn(format!(
            "simulation: seed {seed} ended in {words}; see `checker simulate --from {seed} --seeds 1`"
        )),
    }
    Simulated { result, fired }
}

fn by_name(fired: [u64; NEXT.len()]) -> BTreeMap<String, u64> {
    NEXT.iter().map(|rule| rule.name.to_owned()).zip(fired).collect()
}

fn exit(findings: &[Finding]) -> Exit {
    let any = |wanted: fn(&Answer) -> bool| findings.iter().any(|finding| wanted(&finding.answer));
    if any(|answer| matches!(answer, Answer::Violated { .. })) {
        Exit::Violation
    } else if any(|answer| matches!(answer, Answer::Vacuous { .. })) {
        Exit::Invalid
    } else if any(|answer| *answer == Answer::Unknown) {
        Exit::Unknown
    } else {
        Exit::Pass
    }
}

fn record(findings: &[Finding]) -> ModelRecord {
    let mut fired = [0; NEXT.len()];
    for finding in findings {
        for (sum, count) in fired.iter_mut().zip(finding.fired) {
            *sum += count;
        }
    }
    ModelRecord {
        schema: SCHEMA,
        models: findings.iter().map(result).collect(),
        simulation: None,
        fired: BTreeMap::from([("model".to_owned(), by_name(fired))]),
    }
}

fn result(finding: &Finding) -> ModelResult {
    let model = find(finding.model);
    let chart = match &finding.answer {
        Answer::Violated { chart, .. } => Some(chart.clone()),
        Answer::Holds | Answer::Vacuous { .. } | Answer::Unknown => None,
    };
    ModelResult {
        name: finding.model.to_owned(),
        bounds: model.map_or_else(String::new, |model| model.question.to_owned()),
        states: finding.reached.unique_states as u64,
        depth: finding.reached.depth as u64,
        elapsed_ms: u64::try_from(finding.reached.elapsed.as_millis()).unwrap_or(u64::MAX),
        complete: matches!(finding.answer, Answer::Holds | Answer::Vacuous { .. }),
        properties: model.map_or_else(Vec::new, |model| properties(model, &finding.answer)),
        violation_chart: chart,
    }
}

/// What is known of each property. After a violation only that one is: the search ended there.
fn properties(model: &NamedModel, answer: &Answer) -> Vec<PropertyResult> {
    let outcome = |name: &'static str, expectation: &Expectation| match (answer, expectation) {
        (Answer::Violated { invariant, .. }, _) => (*invariant == name).then_some(PropertyOutcome::Violated),
        (Answer::Unknown, _) => None,
        (Answer::Vacuous { never }, Expectation::Sometimes) if never.contains(&name) => {
            Some(PropertyOutcome::NotReached)
        }
        (Answer::Holds | Answer::Vacuous { .. }, Expectation::Sometimes) => Some(PropertyOutcome::Reached),
        (Answer::Holds | Answer::Vacuous { .. }, _) => Some(PropertyOutcome::Held),
    };
    let asked = ReplicaSet::new(model.bounds, Rules::default()).properties();
    let known = asked.iter().filter_map(|property| {
        Some(PropertyResult {
            name: property.name.to_owned(),
            about: String::new(),
            outcome: outcome(property.name, &property.expectation)?,
        })
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "planted-bugs")]
    fn a_planted_bug_is_a_violation_with_a_chart() {
        let bug = protocol::bugs::find("E03").expect("it is in the list");
        let model = find("figure-8").expect("it is in the family");
        let findings = [check(model, bug.plant(), &BreadthFirst::default())];
        assert_eq!(exit(&findings), Exit::Violation);
        let record = record(&findings);
        assert!(record.models[0].failed() && record.models[0].violation_chart.is_some());
    }
}
