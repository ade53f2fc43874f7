//! Why a run would prove nothing, however green its checks: the tester checks its own power.

use std::{collections::BTreeMap, time::Duration};

use super::{
    deck::owed,
    scenario::{Cast, Scenario},
};
use crate::record::{fault::FaultRecord, run::PhaseRecord};

/// Completed operations per second of the time limit, at least. 5,000 in a run of the default length.
const OPERATIONS_PER_SECOND: f64 = 62.5;

/// Or this share of the rate, where the rate asks for less.
const SHARE_OF_RATE: f64 = 0.4;

/// Operations that must succeed per second of calm, before and after the faults.
const CALM_OK_PER_SECOND: f64 = 5.0;

/// Each shortfall in a sentence; none means that the run's verdict may be green.
pub fn shortfalls(
    scenario: &Scenario,
    cast: &Cast,
    faults: &[FaultRecord],
    told: &BTreeMap<String, u64>,
    phases: &[PhaseRecord],
) -> Vec<String> {
    let mut sentences = Vec::new();
    let idle_faults = faults
        .iter()
        .filter(|fault| !fault.took_effect && !was_refused(fault));
    sentences.extend(idle_faults.map(idle));
    sentences.extend(too_few_faults(scenario, cast, faults));
    sentences.extend(untold(scenario, cast, told));
    sentences.extend(too_little_traffic(scenario, phases));
    sentences
}

fn idle(fault: &FaultRecord) -> String {
    format!("fault {} had no measured effect: {}", fault.index, fault.words)
}

/// The set had changed between the look at it and the command: nothing was disturbed, and nothing is wrong.
fn was_refused(fault: &FaultRecord) -> bool {
    fault
        .effect
        .get("commands_refused")
        .is_some_and(|count| *count > 0)
}

/// Directed schedules that did not come to their end as often as a run of this length owes; the only one of a run
/// always owes one.
fn untold(scenario: &Scenario, cast: &Cast, told: &BTreeMap<String, u64>) -> Vec<String> {
    let stories = cast.nemeses.iter().filter(|nemesis| !nemesis.story.is_empty());
    let least = u64::from(cast.nemeses.len() == 1);
    let mut sentences = Vec::new();
    for story in stories {
        let owed = owed(&cast.nemeses, story.name, scenario.faulted().as_secs()).max(least);
        let told = told.get(story.name).copied().unwrap_or(0);
        if told < owed {
            sentences.push(format!(
                "{} was told to its end {told} times; a run of this length needs {owed}",
                story.name
            ));
        }
    }
    sentences
}

fn too_few_faults(scenario: &Scenario, cast: &Cast, faults: &[FaultRecord]) -> Vec<String> {
    let mut sentences = Vec::new();
    for nemesis in &cast.nemeses {
        // In proportion to the length; a short run owes nothing of each kind, but see below.
        let owed = owed(&cast.nemeses, nemesis.name, scenario.faulted().as_secs());
        let struck = faults.iter().filter(|fault| fault.nemesis == nemesis.name);
        let struck = struck.filter(|fault| fault.took_effect).count() as u64;
        if struck < owed {
            sentences.push(format!(
                "{} took effect {struck} times; a run of this length needs {owed}",
                nemesis.name
            ));
        }
    }
    if !cast.nemeses.is_empty() && faults.is_empty() {
        sentences.push("no fault was struck".to_owned());
    }
    sentences
}

fn too_little_traffic(scenario: &Scenario, phases: &[PhaseRecord]) -> Vec<String> {
    let mut sentences = Vec::new();
    let expected = scenario
        .rate
        .filter(|rate| *rate > 0)
        .map_or(OPERATIONS_PER_SECOND, |rate| {
            OPERATIONS_PER_SECOND.min(f64::from(rate) * SHARE_OF_RATE)
        });
    let of = |name: &str| phases.iter().find(|phase| phase.name == name);
    let asked = ["before", "during", "after"].into_iter().filter_map(of);
    let total: u64 = asked.map(|phase| phase.counts.total()).sum();
    let needed = (expected * scenario.time_limit.as_secs_f64()) as u64;
    if total < needed {
        sentences.push(format!(
            "too little traffic: {total} operations; a run of this length needs {needed}"
        ));
    }
    for (name, seconds) in [
        ("before", scenario.calm()),
        ("during", Duration::from_secs(1)),
        ("after", scenario.calm()),
    ] {
        let Some(phase) = of(name) else { continue };
        let needed = (CALM_OK_PER_SECOND * seconds.as_secs_f64()) as u64;
        if phase.counts.ok < needed {
            let ok = phase.counts.ok;
            sentences.push(format!(
                "too little traffic {name} the faults: {ok} operations succeeded, {needed} are needed"
            ));
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nemesis::{NEMESES, fault::Fault},
        record::{fault::Recovery, run::OperationCounts},
        run::deck::cards,
    };

    #[test]
    fn a_run_of_the_default_length_owes_what_the_deck_has() {
        let mut faults = Vec::new();
        for nemesis in NEMESES.iter().take(4) {
            faults.extend((0..cards(nemesis.name)).map(|_| fault(nemesis.name, true)));
        }
        assert_eq!(judge(80, &faults, 2_000), Vec::<String>::new());
        let few = &faults[1..];
        assert_eq!(judge(80, few, 2_000).len(), 1, "{:?}", judge(80, few, 2_000));
        assert_eq!(judge(20, few, 2_000), Vec::<String>::new());
    }

    #[test]
    fn an_idle_fault_and_a_silent_phase_are_told() {
        let idle = judge(10, &[fault("kill", true), fault("kill", false)], 2_000);
        assert_eq!(idle, ["fault 0 had no measured effect: in words"]);
        assert_eq!(judge(10, &[], 2_000), ["no fault was struck"]);
        assert_eq!(judge(10, &[fault("kill", true)], 3).len(), 4);
    }

    #[test]
    fn the_only_story_of_a_run_must_be_told() {
        let story = NEMESES.iter().find(|nemesis| !nemesis.story.is_empty());
        let story = story.expect("there are stories");
        let cast = Cast {
            workloads: Vec::new(),
            nemeses: vec![story],
            planted_bug: None,
        };
        let scenario = scenario(20);
        assert_eq!(untold(&scenario, &cast, &BTreeMap::new()).len(), 1);
        let told = BTreeMap::from([(story.name.to_owned(), 1)]);
        assert_eq!(untold(&scenario, &cast, &told), Vec::<String>::new());
    }

    fn judge(seconds: u64, faults: &[FaultRecord], ok: u64) -> Vec<String> {
        let scenario = scenario(seconds);
        let cast = Cast {
            workloads: Vec::new(),
            nemeses: NEMESES.iter().take(4).collect(),
            planted_bug: None,
        };
        let phase = |name: &str| PhaseRecord {
            name: name.to_owned(),
            start_ns: 0,
            end_ns: 1,
            counts: OperationCounts {
                ok,
                ..OperationCounts::default()
            },
        };
        shortfalls(
            &scenario,
            &cast,
            faults,
            &BTreeMap::new(),
            &["before", "during", "after"].map(phase),
        )
    }

    fn fault(nemesis: &str, took_effect: bool) -> FaultRecord {
        FaultRecord {
            index: 0,
            nemesis: nemesis.to_owned(),
            fault: Fault::Kill { members: vec![0] },
            planned_ns: 0,
            applied_ns: Some(0),
            healed_ns: Some(1),
            took_effect,
            effect: std::collections::BTreeMap::new(),
            words: "in words".to_owned(),
            recovery: Recovery::default(),
        }
    }

    fn scenario(seconds: u64) -> Scenario {
        Scenario {
            seed: 1,
            members: 3,
            time_limit: Duration::from_secs(seconds),
            processes: 5,
            rate: Some(Scenario::RATE),
            ..Scenario::default()
        }
    }
}
