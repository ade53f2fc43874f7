//! `checker campaign`: many seeds, on one machine or many.

use std::{
    num::NonZeroU64,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;

use super::{context::Context, files};
use crate::{
    campaign::{
        CampaignError,
        faults::Suffered,
        known::KnownIssues,
        merge::merge,
        plan::Plan,
        process,
        prune::prune,
        reached,
        results::Results,
        runner::{self, Campaign, Limits},
        shard::Shard,
        summary,
    },
    record::{self, clock::utc_text, directory::write_whole, exit::Exit, standing},
    report::{
        export::{github, junit::junit},
        write_index,
    },
};

/// Run many seeds by a plan, in shards, and merge what came out.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Examples:
  checker campaign run --plan tests/campaigns/nightly.toml --seeds 1000 --base 2026-11-21 --budget 7h
  checker campaign run … --shard 3/8             the fourth of eight shards; `auto` asks Slurm, Kubernetes, CI
  checker campaign merge … --junit junit.xml     one answer of all shards

Run exits with 0 when its shard is done, 75 when it was stopped (start it again to go on).
Merge exits with 0 pass, 1 new violation, 2 unknown, 3 seeds are missing, 4 invalid or no canary was found.";

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run what this shard has not done yet.
    Run(RunArguments),
    /// Make one answer of all results.
    Merge(MergeArguments),
}

/// What a campaign asks: the same for running and for merging.
#[derive(Debug, clap::Args)]
struct Question {
    /// What there is to run.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// How many runs.
    #[arg(long, value_name = "COUNT")]
    seeds: NonZeroU64,

    /// From which all seeds follow: a date, a commit, any text.
    #[arg(long, value_name = "TEXT")]
    base: String,

    /// Where results are kept; all shards may share it.
    #[arg(long, value_name = "DIRECTORY", default_value = "results/campaign")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    #[command(flatten)]
    question: Question,

    /// Which shard this is: i/n counted from 0, or `auto` for what the engine tells.
    #[arg(long, default_value = "auto")]
    shard: String,

    /// Begin no run after so much time, such as 90s, 45m or 7h.
    #[arg(long, value_name = "TIME", value_parser = length)]
    budget: Option<Duration>,
}

#[derive(Debug, clap::Args)]
struct MergeArguments {
    #[command(flatten)]
    question: Question,

    /// Known issues, which are no failures until their day.
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Add the results to a GitHub step summary.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,

    /// Drop histories and logs of runs that passed.
    #[arg(long)]
    prune: bool,
}

/// Runs a shard, or merges.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    match arguments.verb {
        Verb::Run(arguments) => execute_run(&arguments, context),
        Verb::Merge(arguments) => execute_merge(&arguments, context),
    }
}

fn execute_run(arguments: &RunArguments, context: &Context) -> anyhow::Result<Exit> {
    let console = &context.console;
    let campaign = arguments.question.campaign()?;
    let (shard, source) = match arguments.shard.as_str() {
        "auto" => Shard::detect(|name| std::env::var(name).ok())?,
        text => (Shard::parse(text, "--shard")?, "--shard"),
    };
    console.say(format!("shard {shard} ({source}) of {} runs", campaign.seeds));
    let results = Results::open(&arguments.question.out)?;
    let program = std::env::current_exe()?;
    let told = stop_when_told()?;
    let stop = || told.load(Ordering::Acquire);
    let started = Instant::now();
    let mut limits = Limits {
        budget: arguments.budget,
        elapsed: &mut || started.elapsed(),
        stop: &stop,
    };
    let account = runner::run(
        &campaign,
        shard,
        &results,
        &mut limits,
        &mut |task, directory| process::run(&program, task, directory, &stop),
        &mut |progress| {
            let result = progress.result;
            let seconds = result.result.duration_ms as f64 / 1e3;
            let word = result.result.outcome.word();
            let changed = match result.redraws.is_empty() {
                true => String::new(),
                false => format!("  (seed {} changed: {})", result.seed, result.redraws),
            };
            console.say(format!(
                "{:>6} {word:<9} {seconds:>6.1} s  {:>5} situations, {} new  {}{changed}",
                result.number, progress.situations, progress.new_situations, result.result.cause
            ));
        },
    )?;
    console.result(
        || {
            format!(
                "shard {shard}: {} ran, {} were done, {} planned, {} violations",
                account.ran, account.skipped, account.planned, account.violations
            )
        },
        || json!(account),
    );
    Ok(account.exit())
}

fn execute_merge(arguments: &MergeArguments, context: &Context) -> anyhow::Result<Exit> {
    let campaign = arguments.question.campaign()?;
    let results = Results::open(&arguments.question.out)?;
    let known = arguments
        .known
        .as_deref()
        .map(KnownIssues::read)
        .transpose()?
        .unwrap_or_default();
    let today: String = utc_text(SystemTime::now()).chars().take(10).collect();
    let merged = merge(&campaign, &results, &known, &today)?;
    write_whole(&results.root().join("verdicts.txt"), merged.verdicts().as_bytes())?;
    let cases = summary::cases(&campaign, &merged);
    if let Some(path) = &arguments.junit {
        write_whole(path, junit(&campaign.plan.name, &cases).as_bytes())?;
    }
    if let Some(path) = &arguments.summary {
        files::append(path, &github::summary(&campaign.plan.name, &cases))?;
    }
    if arguments.prune {
        let pruned = prune(&results, &merged)?;
        context.console.say(format!("{pruned} runs made small"));
    }
    let curve = reached::curve(&results, &merged);
    record::reached::write(results.root(), &curve)?;
    standing::write(results.root(), summary::standings(&merged))?;
    let index = write_index(results.root())?;
    let exit = merged.exit();
    context.console.result(
        || {
            let words = summary::words(&campaign, &merged);
            let suffered = Suffered::read(&results, &merged).words();
            let reached = reached::words(&curve);
            format!("{words}{suffered}{reached}{}\nindex: {}", exit.about(), index.display())
        },
        || json!({ "exit": exit.code(), "done": merged.results.len(), "missing": merged.missing, "situations": curve.last().map(|last| last.total), "index": index }),
    );
    Ok(exit)
}

impl Question {
    fn campaign(&self) -> Result<Campaign, CampaignError> {
        Ok(Campaign {
            plan: Plan::read(&self.plan)?,
            base: self.base.clone(),
            seeds: self.seeds.get(),
        })
    }
}

/// Turns true at SIGTERM or Ctrl-C: the current run is told to stop, and the shard can be resumed.
fn stop_when_told() -> anyhow::Result<Arc<AtomicBool>> {
    let told = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // The handlers are in place when this function returns, before the first run.
    let (mut terminate, mut interrupt) = {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let set = Arc::clone(&told);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        set.store(true, Ordering::Release);
    });
    Ok(told)
}

/// `90s`, `45m`, `7h`.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and s, m or h, such as 7h".to_owned();
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_asks_for_runs_that_can_be_asked_for() {
        use clap::Parser;
        let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/campaigns");
        let mut seen = 0;
        for entry in std::fs::read_dir(plans).unwrap() {
            let path = entry.unwrap().path();
            // Excuses for known failures lie beside their plan.
            if path.to_string_lossy().ends_with("-known.toml") {
                continue;
            }
            for scenario in Plan::read(&path).unwrap().scenario {
                // As `campaign::process` calls it.
                let before = ["checker", "run"].into_iter();
                let line = before.chain(scenario.arguments.iter().map(String::as_str));
                let line = line.chain(["--seed", "1", "--results", "somewhere"]);
                let parsed = crate::cli::arguments::Arguments::try_parse_from(line);
                assert!(
                    parsed.is_ok(),
                    "{}, {}: {}",
                    path.display(),
                    scenario.name,
                    parsed.unwrap_err()
                );
                seen += 1;
            }
        }
        assert!(seen >= 3, "the plans were found");
    }

    #[test]
    fn lengths_have_units() {
        assert_eq!(length("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(length("7h"), Ok(Duration::from_secs(25_200)));
        for wrong in ["", "7", "h", "-1s", "1.5h", "7 h", "ä", "99999999999999999999h"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
