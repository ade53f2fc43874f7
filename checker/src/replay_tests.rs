//! Traces of simulated members, whole, flipped and torn.

use super::*;
use crate::simulation::{Options, options::Without, simulate};

#[test]
fn simulated_traces_replay_without_a_finding() {
    for seed in [3, 5] {
        let replayed = again(&traces(seed));
        assert_eq!(replayed.findings, []);
        assert!(replayed.steps > 500 && replayed.lives >= 3, "{replayed:?}");
    }
}

#[test]
fn one_flipped_output_is_found_at_its_line() {
    let mut traces = traces(3);
    let (number, line) = traces[1]
        .1
        .lines()
        .enumerate()
        .find(|(_, line)| {
            line.contains("\"granted\":true,\"dry_run\":false") || line.contains("\"granted\":true")
        })
        .map(|(number, line)| (number, line.to_owned()))
        .expect("somebody votes");
    traces[1].1 = traces[1].1.replacen(
        &line,
        &line.replacen("\"granted\":true", "\"granted\":false", 1),
        1,
    );
    let findings = again(&traces).findings;
    assert!(
        findings
            .iter()
            .any(|finding| finding.line == number + 1 && finding.oracle == "mismatch"),
        "{findings:?}"
    );
}

#[test]
fn a_machine_whose_files_were_damaged_owes_nothing() {
    let mut traces = traces(3);
    let (place, _) = traces[0].1.rmatch_indices(RECOVERED).next().expect("it lives");
    let first = traces[0].1.lines().next().expect("it begins").to_owned();
    traces[0].1.truncate(place);
    let lives = traces[0].1.clone();
    traces[0].1 = format!("{lives}{first}\n");
    assert!(!again(&traces).findings.is_empty(), "its oplog is gone");
    traces[0].1 = format!("{lives}\n{{\"ended\":\"damaged\"}}\n{first}\n");
    let replayed = again(&traces);
    assert_eq!((replayed.findings, replayed.cut_short), (vec![], vec![]));
}

#[test]
fn a_torn_last_line_is_no_finding_and_a_torn_middle_is() {
    let mut traces = traces(3);
    let whole = traces[0].1.clone();
    traces[0].1.truncate(whole.len() - 20);
    assert_eq!(again(&traces).findings, []);
    let lines: Vec<&str> = whole.lines().collect();
    let cut = &lines[20][..lines[20].len() / 2];
    traces[0].1 = whole.replacen(lines[20], cut, 1);
    assert!(!again(&traces).findings.is_empty());
}

fn again(traces: &[(String, String)]) -> Replayed {
    let lines = |(name, text): &(String, String)| (name.clone(), io::Cursor::new(text.clone()));
    replay(&Rules::default(), traces.iter().map(lines))
}

fn traces(seed: u64) -> Vec<(String, String)> {
    let options = Options {
        trace: true,
        chaos_us_max: 10_000_000,
        // Nobody empties a data directory: what was durable there is rightly gone afterwards.
        without: Without {
            operator: true,
            ..Without::default()
        },
        ..Options::default()
    };
    let trace = simulate(seed, &options).trace.expect("a trace was asked for");
    trace
        .members
        .into_iter()
        .enumerate()
        .map(|(member, text)| (format!("member {member}"), text))
        .collect()
}
