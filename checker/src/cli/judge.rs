//! `checker judge`: the checks again, over a stored history.

use std::path::PathBuf;

use anyhow::ensure;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use workloads::operation::Value;

use super::{context::Context, tell};
use crate::{
    checks::{CHECKS, Verdict},
    history::foreign::Initial,
    judge::{self, Format, Judgement, Request},
    record::{
        contents::RunContents,
        directory::{RunDirectory, RunFile},
        exit::Exit,
        verdict::VerdictRecord,
    },
    report::write_report,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker judge results/latest                     a stored run again
  checker judge --check linearizable --save results/latest
  checker judge --format jepsen-edn history.edn    a history that another tool recorded
  checker judge --export jepsen-edn results/latest > history.edn";

/// Judge a stored history again, without a cluster; ours, or one that another tool recorded.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A run's directory, or a history file.
    path: PathBuf,

    /// Only these checks (default: those of the run's workloads, or those that fit the history).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(CHECKS.iter().map(|check| check.name)))]
    check: Vec<String>,

    /// In whose words the history is written.
    #[arg(long, default_value = "run", value_parser = PossibleValuesParser::new(Format::NAMES.map(|(name, _)| name)))]
    format: String,

    /// What registers of a Jepsen history hold at first: a value, or `nil` (default: 0, and a nil read tells
    /// nothing).
    #[arg(long, value_name = "VALUE", value_parser = initial)]
    initial: Option<Initial>,

    /// Replace the run's verdict and report by the new ones.
    #[arg(long)]
    save: bool,

    /// Do not judge: print the history in another tool's format.
    #[arg(long, value_name = "FORMAT", value_parser = ["jepsen-edn"], conflicts_with_all = ["save", "check"])]
    export: Option<String>,
}

/// Judges; the verdict is the exit code.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let request = Request {
        format: arguments.format.parse()?,
        checks: arguments.check.clone(),
        initial: arguments.initial.unwrap_or_default(),
        ..Request::default()
    };
    if arguments.export.is_some() {
        let edn = judge::export(&arguments.path, &request)?;
        context.console.result(|| edn.clone(), || json!({ "edn": edn }));
        return Ok(Exit::Pass);
    }
    let judged = judge::judge(&arguments.path, &request)?;
    for note in &judged.notes {
        context.console.warn(format!("note: {note}"));
    }
    let verdict = if arguments.path.is_dir() {
        judge_run(&arguments, judged, context)?
    } else {
        ensure!(!arguments.save, "--save needs a run's directory");
        judge_file(judged)
    };
    tell::verdict(&verdict, &context.console);
    Ok(verdict.overall.into())
}

/// With what the run's records say of its faults, its shortfalls, and what its living cluster showed.
fn judge_run(arguments: &Arguments, judged: Judgement, context: &Context) -> anyhow::Result<VerdictRecord> {
    let directory = RunDirectory::open(&arguments.path)?;
    let contents = RunContents::read(&directory);
    for note in &contents.notes {
        context.console.warn(format!("note: {note}"));
    }
    let mut verdicts = judged.verdicts;
    if arguments.check.is_empty() {
        // Some verdicts came from the living cluster (do all members hold the same?): they stay as they were.
        let before = contents.verdict.map(|verdict| verdict.checks).unwrap_or_default();
        let from_cluster = |verdict: &Verdict| !CHECKS.iter().any(|check| check.name == verdict.check);
        verdicts.extend(before.into_iter().filter(from_cluster));
    }
    let shortfalls = contents.run.map(|run| run.shortfalls).unwrap_or_default();
    let verdict = VerdictRecord::judge(verdicts, &shortfalls, &contents.history, &contents.faults);
    if arguments.save {
        directory.write(RunFile::Verdict, &verdict)?;
        write_report(&directory)?;
    }
    Ok(verdict)
}

fn judge_file(judged: Judgement) -> VerdictRecord {
    VerdictRecord::judge(judged.verdicts, &[], &[], &[])
}

fn initial(text: &str) -> Result<Initial, String> {
    if text == "nil" {
        return Ok(Initial::Nothing);
    }
    let value = text.parse::<Value>();
    value
        .map(Initial::Value)
        .map_err(|error| format!("a number or nil: {error}"))
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
        let judged = judge::judge(&path, &Request::default()).expect("it makes sense");
        let verdict = judge_file(judged);
        assert_eq!(verdict.overall, Overall::Violation, "{}", verdict.cause);
    }
}
