//! `checker hunt`: the exam of the tester.

use std::{path::PathBuf, time::Duration, time::SystemTime};

use anyhow::Context as _;
use clap::value_parser;
use serde_json::json;

use super::{campaign::length, context::Context, planted_bug};
use crate::{
    cluster::build::{self, Flavour},
    hunt::{
        hunter::Hunter, in_live_runs::Ground, markdown::markdown, page::page, question::Question,
        record::HuntRecord, table::table, world::World,
    },
    record::{clock::utc_name, directory::write_whole, exit::Exit},
    run::interrupt::Interrupter,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker hunt --world model,simulate              the exam in two worlds, some minutes
  checker hunt --bug E03,C12 --budget 60s --seeds 5
  checker hunt --show results/hunt-*/hunt.json --markdown    what several hunts found, as one table";

/// Look for each planted bug in each world, and go through the same with the clean node.
///
/// A bug counts as caught only by an oracle that names a guarantee which it breaks.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only these bugs (default: all).
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = planted_bug::parse)]
    bug: Vec<String>,

    /// Only these worlds.
    #[arg(long, value_name = "WORLDS", value_delimiter = ',', default_value = "model,simulate,live", value_parser = world)]
    world: Vec<World>,

    /// The longest for one bug in one world and trial, such as 90s or 5m. A live run that has begun is ended.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = length)]
    budget: Duration,

    /// How often each search is begun anew, from other seeds.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u64).range(1..=1_000))]
    seeds: u64,

    /// Leave the clean node out.
    #[arg(long)]
    without_clean: bool,

    /// Hunt nothing: show what these hunts have found together. What was hunted twice counts as it was hunted last.
    #[arg(long, value_name = "HUNT.JSON", num_args = 1.., conflicts_with_all = ["bug", "world", "budget", "seeds"])]
    show: Vec<PathBuf>,

    /// The matrix as a table of Markdown, one row a bug.
    #[arg(long)]
    markdown: bool,

    /// Where the matrix and the live runs are kept.
    #[arg(long, value_name = "DIRECTORY", default_value = "results")]
    results: PathBuf,
}

/// Hunts; a miss or a false alarm is the exit code of a violation.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let results = arguments
        .results
        .join(format!("hunt-{}", utc_name(SystemTime::now())));
    std::fs::create_dir_all(&results).with_context(|| format!("{} cannot be made", results.display()))?;
    let text = if arguments.markdown { markdown } else { table };
    let record = if arguments.show.is_empty() {
        hunted(arguments, &results, context)?
    } else {
        told(&arguments.show)?
    };
    write_whole(&results.join("hunt.json"), &serde_json::to_vec_pretty(&record)?)?;
    write_whole(&results.join("hunt.html"), page(&record).as_bytes())?;
    let place = results.join("hunt.html").display().to_string();
    context.console.result(
        || format!("{}\nreport: {place}", text(&record)),
        || json!({ "hunt": record, "report": place }),
    );
    Ok(if record.is_passed() {
        Exit::Pass
    } else {
        Exit::Violation
    })
}

/// What earlier hunts have found.
fn told(files: &[PathBuf]) -> anyhow::Result<HuntRecord> {
    let read = |file: &PathBuf| {
        let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no matrix of a hunt", file.display()))
    };
    let records: Vec<HuntRecord> = files.iter().map(read).collect::<anyhow::Result<_>>()?;
    Ok(HuntRecord::joined(records))
}

fn hunted(arguments: Arguments, results: &std::path::Path, context: &Context) -> anyhow::Result<HuntRecord> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // A panic of a wrong core is caught and told as a violation; its backtrace would drown the progress.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let hunted = runtime.block_on(hunt(arguments, results, context));
    std::panic::set_hook(hook);
    hunted
}

async fn hunt(
    arguments: Arguments,
    results: &std::path::Path,
    context: &Context,
) -> anyhow::Result<HuntRecord> {
    let (interrupter, interrupt) = Interrupter::pair();
    tokio::spawn(interrupter.listen()?);
    let wanted =
        |question: &Question| arguments.bug.is_empty() || arguments.bug.iter().any(|id| id == question.id);
    let ground = if arguments.world.contains(&World::Live) {
        context.console.say("building the node, with and without bugs");
        let built = tokio::task::spawn_blocking(|| {
            Ok::<_, crate::cluster::error::ClusterError>((
                build::programs(Flavour::Correct)?,
                build::programs(Flavour::PlantedBugs)?,
            ))
        });
        let (correct, planted) = built.await??;
        Some(Ground {
            results: results.to_owned(),
            correct: correct.node,
            planted: planted.node,
            shim: correct.shim,
            interrupt: interrupt.clone(),
        })
    } else {
        None
    };
    let hunter = Hunter {
        questions: Question::all().into_iter().filter(wanted).collect(),
        worlds: arguments.world,
        budget: arguments.budget,
        trials: arguments.seeds,
        with_clean: !arguments.without_clean,
        ground,
        interrupt,
        console: context.console.clone(),
    };
    Ok(hunter.hunt().await?)
}

fn world(name: &str) -> Result<World, String> {
    let known = World::ALL.into_iter().find(|world| world.word() == name);
    known.ok_or_else(|| format!("known are {}", World::ALL.map(World::word).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_hunts_are_read_or_refused_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let [good, bad] = ["good.json", "bad.json"].map(|name| directory.path().join(name));
        let record = HuntRecord {
            trials: 5,
            ..HuntRecord::default()
        };
        std::fs::write(&good, serde_json::to_vec(&record).expect("it is plain")).expect("it is ours");
        std::fs::write(&bad, "{}").expect("it is ours");
        assert_eq!(
            told(&[good.clone(), good.clone()]).map(|whole| whole.trials).ok(),
            Some(5)
        );
        let words = told(&[good, bad]).expect_err("one is none").to_string();
        assert!(words.contains("bad.json is no matrix"), "{words}");
    }

    #[test]
    fn worlds_have_names() {
        assert_eq!(world("simulate"), Ok(World::Simulate));
        assert!(world("mars").is_err_and(|words| words.contains("model, simulate, live")));
    }
}
