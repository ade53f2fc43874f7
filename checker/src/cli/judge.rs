//! `checker judge`: the checks again, over a stored history.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;

use super::{context::Context, tell};
use crate::{
    checks::{Budget, CHECKS, Verdict, judge},
    history,
    record::{
        contents::RunContents,
        directory::{RunDirectory, RunFile},
        exit::Exit,
        verdict::VerdictRecord,
    },
    report::write_report,
};

/// Judge a stored history again, without a cluster.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A run's directory, or a history file.
    path: PathBuf,

    /// Only these checks (default: those of the run's workloads; of a bare history, all).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(CHECKS.iter().map(|check| check.name)))]
    check: Vec<String>,

    /// Replace the run's verdict and report by the new ones.
    #[arg(long)]
    save: bool,
}

/// Judges; the verdict is the exit code.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let verdict = if arguments.path.is_dir() {
        judge_run(&arguments, context)?
    } else if arguments.save {
        bail!("--save needs a run's directory");
    } else {
        judge_file(&arguments.path, &arguments.check)?
    };
    tell::verdict(&verdict, &context.console);
    Ok(verdict.overall.into())
}

fn judge_run(arguments: &Arguments, context: &Context) -> anyhow::Result<VerdictRecord> {
    let directory = RunDirectory::open(&arguments.path)?;
    let history = history::read(&directory.path(RunFile::History)).context("the history cannot be judged")?;
    let contents = RunContents::read(&directory);
    for note in &contents.notes {
        context.console.warn(format!("note: {note}"));
    }
    let run = contents.run.as_ref();
    let asked_by_run = || {
        let workloads = run.map(|run| run.workloads.as_slice()).unwrap_or_default();
        workloads
            .iter()
            .flat_map(|workload| workload.checks.clone())
            .collect()
    };
    let mut names = if arguments.check.is_empty() {
        asked_by_run()
    } else {
        arguments.check.clone()
    };
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let mut verdicts = judge_names(&history, &names);
    if arguments.check.is_empty() {
        // Some verdicts came from the living cluster (do all members hold the same?): they stay as they were.
        let before = contents.verdict.map(|verdict| verdict.checks).unwrap_or_default();
        let from_cluster = |verdict: &Verdict| !CHECKS.iter().any(|check| check.name == verdict.check);
        verdicts.extend(before.into_iter().filter(from_cluster));
    }
    let shortfalls = run.map(|run| run.shortfalls.as_slice()).unwrap_or_default();
    let verdict = VerdictRecord::judge(verdicts, shortfalls, &contents.history, &contents.faults);
    if arguments.save {
        directory.write(RunFile::Verdict, &verdict)?;
        write_report(&directory)?;
    }
    Ok(verdict)
}

fn judge_file(path: &Path, names: &[String]) -> anyhow::Result<VerdictRecord> {
    let history = history::read(path)?;
    let names = if names.is_empty() {
        CHECKS.iter().map(|check| check.name.to_owned()).collect()
    } else {
        names.to_vec()
    };
    let events = history::read_events(path)?;
    Ok(VerdictRecord::judge(
        judge_names(&history, &names),
        &[],
        &events,
        &[],
    ))
}

fn judge_names(history: &history::History, names: &[String]) -> Vec<Verdict> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    judge(history, &names, &Budget::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{history::Recorder, record::verdict::Overall};
    use std::time::Instant;
    use workloads::operation::{Action, Completion, Concerns, Observed, Operation};

    #[test]
    fn a_bare_history_with_a_stale_read_is_a_violation() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("history.jsonl");
        let recorder = Recorder::create(&path, Instant::now()).expect("it is writable");
        let tell = |action, observed| {
            let request = Operation {
                action,
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            };
            let number = recorder.invoke(0, request, false).expect("nothing is open");
            let end = Completion::Ok(observed);
            recorder.complete(0, number, end, None).expect("it is open");
        };
        for value in [1, 2] {
            tell(Action::Write { key: 1, value }, Observed::Done);
        }
        tell(Action::Read { key: 1 }, Observed::Register(Some(1)));
        recorder.flush().expect("it is writable");
        let verdict = judge_file(&path, &[]).expect("it makes sense");
        assert_eq!(verdict.overall, Overall::Violation, "{}", verdict.cause);
    }
}
