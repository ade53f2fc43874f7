//! `checker replay`: a story on the core, or the traces of a run step by step.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use protocol::member::Rules;
use serde_json::json;

use super::{context::Context, planted_bug, run};
use crate::{
    record::{
        directory::{RunDirectory, RunFile},
        exit::Exit,
        run::RunRecord,
    },
    replay::{self, Replayed},
    run::traces,
    simulation::scenario,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker replay tests/scenarios/commit/figure_8.txt    a story on the core
  checker replay results/latest                    every step of a live run's members again
  checker replay simulation.txt --live             a counterexample, told to real processes";

/// Play a scenario file on the core, or feed the steps that nodes wrote down to it and demand the same outputs.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A run's directory, one scenario (`.txt`), or the traces (`.jsonl`, `.jsonl.gz`) of all members of one run.
    #[arg(required = true)]
    paths: Vec<PathBuf>,

    /// Tell the one scenario to real processes, as far as they can be made to play it, under load; then judge as a run is
    /// judged. The same as `run --story FILE`.
    #[arg(long)]
    live: bool,

    /// With --live: the seed of clients and times.
    #[arg(long, requires = "live")]
    seed: Option<u64>,

    /// With --live: the length of the load in seconds.
    #[arg(long, value_name = "SECONDS", requires = "live", value_parser = clap::value_parser!(u64).range(5..=86_400))]
    time_limit: Option<u64>,
}

pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let paths = &arguments.paths;
    if arguments.live {
        let [story] = &paths[..] else {
            anyhow::bail!("--live tells one story, not {}", paths.len());
        };
        let told = run::Arguments::telling(story.clone(), arguments.seed, arguments.time_limit);
        return run::execute(told, context);
    }
    if let [path] = &paths[..]
        && path.is_dir()
    {
        return stored(path, context);
    }
    if paths
        .iter()
        .any(|path| path.extension().is_some_and(|extension| extension == "txt"))
    {
        return stories(paths, context);
    }
    let mut opened = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let lines = traces::open(path).with_context(|| format!("{name} cannot be read"))?;
        opened.push((name, lines));
    }
    Ok(tell(&replay::replay(&Rules::default(), opened), context))
}

/// What a run has stored, under the core that its members had.
fn stored(path: &Path, context: &Context) -> anyhow::Result<Exit> {
    let directory = RunDirectory::open(path)?;
    let mut notes = Vec::new();
    let record: Option<RunRecord> = directory.read(RunFile::Run, &mut notes);
    let bug = record.and_then(|record| record.planted_bug);
    let rules = bug.as_deref().and_then(planted_bug::rules).unwrap_or_default();
    let replayed = traces::replay_stored(&directory, &rules)?
        .with_context(|| format!("{} has no traces", path.display()))?;
    Ok(tell(&replayed, context))
}

fn stories(paths: &[PathBuf], context: &Context) -> anyhow::Result<Exit> {
    let mut broken = false;
    for path in paths {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let told = scenario::tell(&text);
        broken |= told.lines().any(|line| line.starts_with(scenario::BROKEN));
        context
            .console
            .result(|| told.clone(), || json!({ "told": told }));
    }
    Ok(if broken { Exit::Violation } else { Exit::Pass })
}

fn tell(replayed: &Replayed, context: &Context) -> Exit {
    let lines = || {
        let mut lines = format!("{} steps in {} lives\n", replayed.steps, replayed.lives);
        for trace in &replayed.cut_short {
            lines += &format!("{trace} reached its limit: its later steps are not known\n");
        }
        for finding in &replayed.findings {
            lines += &format!(
                "{}:{}: {}: {}\n",
                finding.trace, finding.line, finding.oracle, finding.words
            );
        }
        lines
    };
    context.console.result(lines, || {
        json!({ "steps": replayed.steps, "lives": replayed.lives, "findings": replayed.findings.len(), "fired": replayed.fired })
    });
    if replayed.findings.is_empty() {
        Exit::Pass
    } else {
        Exit::Violation
    }
}
