//! Every step of every member, through the core again: did each do what the core does, and do the promises between
//! them hold?
//!
//! What the clients saw tells of lost writes when a read finds them missing; the steps tell of two primaries in one
//! term whoever asked them, and of a commit point that was on another branch for a moment.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use protocol::{member::Rules, rules::NEXT};

use super::error::RunError;
use crate::{
    checks::{Anomaly, Verdict},
    nemesis::fault::Member,
    record::{
        SCHEMA,
        coverage::{self, CoverageRecord},
        directory::RunDirectory,
        model::ModelRecord,
        situations::SituationsRecord,
    },
    replay::{Replayed, replay},
};

/// Name of the check.
pub const NAME: &str = "steps-follow-the-core";

/// Name of this world in the record of what fired.
pub const WORLD: &str = coverage::LIVE;

/// Stores the members' traces in the run's directory, packed; gives how many bytes they had. A member without a
/// trace has none stored.
///
/// # Errors
/// When the disk refuses.
pub fn keep(traces: &[PathBuf], directory: &RunDirectory) -> Result<u64, RunError> {
    let mut bytes = 0;
    for (member, trace) in (0..).zip(traces) {
        directory.node(member)?;
        let kept = directory.node_trace(member);
        bytes += pack(trace, &kept).map_err(|source| RunError::Directory { path: kept, source })?;
    }
    Ok(bytes)
}

/// Replays what is stored; nothing when no trace is.
///
/// # Errors
/// When a file cannot be opened.
pub fn replay_stored(directory: &RunDirectory, rules: &Rules) -> Result<Option<Replayed>, RunError> {
    let mut traces = Vec::new();
    for member in 0..=Member::MAX {
        let path = directory.node_trace(member);
        if !path.is_file() {
            break;
        }
        let reader = open(&path).map_err(|source| RunError::Directory { path, source })?;
        traces.push((format!("n{member}"), reader));
    }
    Ok((!traces.is_empty()).then(|| replay(rules, traces)))
}

/// A trace's lines, packed or not.
///
/// # Errors
/// When the file cannot be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn io::BufRead>> {
    let file = File::open(path)?;
    Ok(if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::new(file))
    })
}

/// The check's answer.
pub fn verdict(replayed: &Replayed) -> Verdict {
    let mut verdict = if replayed.findings.is_empty() {
        let summary = format!(
            "{} steps in {} lives: the core does the same in each, and what holds between members held",
            replayed.steps, replayed.lives
        );
        Verdict::valid(NAME, replayed.steps, summary)
    } else {
        let anomaly = |finding: &crate::replay::Finding| Anomaly {
            kind: finding.oracle.clone(),
            key: None,
            words: format!("{} step {}: {}", finding.trace, finding.line, finding.words),
            operations: Vec::new(),
        };
        let anomalies = replayed.findings.iter().map(anomaly).collect();
        Verdict::invalid(NAME, replayed.steps, anomalies)
    };
    for trace in &replayed.cut_short {
        let note = format!("the trace of {trace} reached its limit; its later steps were not replayed");
        verdict.notes.push(note);
    }
    verdict
}

/// How often each rule fired, here and in the worlds before; those that never did stand there with 0.
pub fn coverage(replayed: &Replayed, before: Option<&ModelRecord>) -> CoverageRecord {
    let count = |name: &str| replayed.fired.get(name).copied().unwrap_or(0);
    let counts = NEXT.iter().map(|rule| (rule.name.to_owned(), count(rule.name)));
    let mut worlds = before.map_or_else(BTreeMap::new, |record| record.fired.clone());
    worlds.insert(WORLD.to_owned(), counts.collect());
    CoverageRecord {
        schema: SCHEMA,
        worlds,
    }
}

/// Which situations came up, each in the turn of the nemeses in which it was seen first. `turns`: their begins by the wall
/// clock, in seconds, as the members write it down.
pub fn situations(replayed: &Replayed, turns: &[u64]) -> SituationsRecord {
    let mut reached = vec![Vec::new(); turns.len() + 1];
    for (situation, at) in replayed.situations.situations() {
        let turn = turns.iter().filter(|begin| **begin <= at).count();
        // Half of the digest tells them apart as well, and is a number in every reader of JSON.
        reached[turn].push(situation as u32);
    }
    SituationsRecord {
        schema: SCHEMA,
        reached,
    }
}

fn pack(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        opened => opened?,
    };
    let mut packer = GzEncoder::new(BufWriter::new(File::create(to)?), Compression::fast());
    let bytes = io::copy(&mut source, &mut packer)?;
    packer.finish()?.flush()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::Validity,
        record::run::RunId,
        simulation::{Options, simulate},
    };
    use std::time::UNIX_EPOCH;

    #[test]
    fn stored_traces_are_replayed_and_a_changed_output_is_a_violation() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let id = RunId::new(UNIX_EPOCH, 1);
        let directory = RunDirectory::create(results.path(), &id).expect("it is new");
        let nothing = replay_stored(&directory, &Rules::default()).expect("nothing is an answer");
        assert_eq!(nothing, None);

        let mut texts = traces();
        let valid = judge(&texts, &directory, results.path());
        assert_eq!(valid.validity, Validity::Valid, "{}", valid.summary);
        texts[1] = texts[1].replacen("\"granted\":true", "\"granted\":false", 1);
        let invalid = judge(&texts, &directory, results.path());
        assert_eq!(invalid.validity, Validity::Invalid);
        assert!(
            invalid.anomalies.iter().any(|anomaly| anomaly.kind == "mismatch"),
            "{invalid:?}"
        );
    }

    #[test]
    fn situations_belong_to_the_turn_in_which_they_came_up() {
        let texts = traces();
        let lines = (0..)
            .zip(&texts)
            .map(|(member, text)| (format!("n{member}"), text.as_bytes()));
        let replayed = replay(&Rules::default(), lines);
        let times: Vec<u64> = replayed.situations.situations().map(|(_, at)| at).collect();
        let (first, last) = (
            times.iter().min().expect("some"),
            times.iter().max().expect("some"),
        );
        assert!(first < last);
        let record = situations(&replayed, &[first + 1, last + 1]);
        let counts: Vec<usize> = record.reached.iter().map(Vec::len).collect();
        assert_eq!(counts.iter().sum::<usize>(), times.len());
        assert_eq!(counts[0], times.iter().filter(|at| *at == first).count());
        assert!(counts[1] > 0 && counts[2] == 0, "{counts:?}");
        assert!(record.each().all(|(_, turn)| turn == 0));
    }

    #[test]
    fn a_rule_that_never_fired_is_told() {
        let coverage = coverage(&Replayed::default(), None);
        assert_eq!(coverage.worlds[WORLD].len(), NEXT.len());
        assert!(coverage.worlds[WORLD].values().all(|count| *count == 0));
    }

    fn judge(texts: &[String], directory: &RunDirectory, scratch: &Path) -> Verdict {
        let write = |(member, text): (usize, &String)| {
            let path = scratch.join(format!("trace-{member}"));
            std::fs::write(&path, text).expect("it is writable");
            path
        };
        let paths: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
        let bytes = keep(&paths, directory).expect("it is writable");
        assert_eq!(bytes, texts.iter().map(|text| text.len() as u64).sum::<u64>());
        let replayed = replay_stored(directory, &Rules::default()).expect("it is readable");
        verdict(&replayed.expect("traces are stored"))
    }

    fn traces() -> Vec<String> {
        let options = Options {
            trace: true,
            chaos_us_max: 10_000_000,
            ..Options::default()
        };
        simulate(3, &options)
            .trace
            .expect("a trace was asked for")
            .members
    }
}
