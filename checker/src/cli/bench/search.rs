//! `checker bench search`: what guidance is worth.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    cli::context::Context,
    hunt::{oracle, question::Question},
    record::exit::Exit,
    simulation::{Options, Outcome, guided::Guided, simulate},
};

/// Trials never share a seed.
const SEEDS_OF_A_TRIAL: u64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Planted bugs, by id.
    #[arg(long, value_delimiter = ',', default_values_t = ["C11", "S14", "R08"].map(str::to_owned), value_parser = super::super::planted_bug::parse)]
    bugs: Vec<String>,

    /// Trials of each bug, each on seeds of its own.
    #[arg(long, default_value_t = 10)]
    trials: u64,

    /// A trial ends after so many runs without a find.
    #[arg(long, default_value_t = 2_000)]
    runs: u64,

    /// And after so many seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// One trial: runs and time until the right oracle spoke; not found: as many as were made.
#[derive(Clone, Copy, Debug)]
struct Trial {
    runs: u64,
    milliseconds: u64,
    found: bool,
}

/// Hunts each bug both ways, on one thread, and prints medians.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    // A panic of the core is caught and told as a violation.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut rows = Vec::new();
    for id in &arguments.bugs {
        let Some(bug) = protocol::bugs::find(id) else {
            anyhow::bail!("{id} is no bug of the core: simulations do not know it");
        };
        let question = Question::find(id)
            .map(|question| question.oracles())
            .unwrap_or_default();
        let options = Options {
            rules: bug.plant(),
            ..Options::default()
        };
        let right = |outcome: &Outcome| {
            let violation = outcome.violation.as_ref();
            violation.is_some_and(|violation| oracle::is_right(&violation.oracle, &question))
        };
        let mut ways = [Vec::new(), Vec::new()];
        let mut situations = [0; 2];
        for trial in 1..=arguments.trials {
            let from = trial * SEEDS_OF_A_TRIAL;
            let mut seed = from;
            ways[0].push(hunt(arguments, || {
                seed += 1;
                right(&simulate(seed - 1, &options))
            }));
            let mut guided = Guided::new(from);
            ways[1].push(hunt(arguments, || right(&guided.run(&options).1)));
            situations = [
                situations[0] + guided.situations(),
                situations[1] + guided.corpus(),
            ];
            context
                .console
                .progress(|| format!("{id}: {trial} of {} trials", arguments.trials));
        }
        context.console.progress_done();
        let [random, led] = ways.map(|trials| Median::of(&trials));
        let trials = arguments.trials as usize;
        context.console.say(format!(
            "{id}: random {random}; guided {led}; {} situations and {} schedules kept in a guided trial",
            situations[0] / trials.max(1),
            situations[1] / trials.max(1)
        ));
        rows.push(json!({ "bug": id, "random": random.json(), "guided": led.json() }));
    }
    std::panic::set_hook(hook);
    context.console.result(
        || "medians over all trials; what was not found counts as its whole trial".to_owned(),
        || json!(rows),
    );
    Ok(Exit::Pass)
}

fn hunt(arguments: &Arguments, mut found: impl FnMut() -> bool) -> Trial {
    let began = Instant::now();
    let mut trial = Trial {
        runs: 0,
        milliseconds: 0,
        found: false,
    };
    while !trial.found
        && trial.runs < arguments.runs
        && began.elapsed() < Duration::from_secs(arguments.seconds)
    {
        trial.runs += 1;
        trial.found = found();
    }
    trial.milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    trial
}

/// The middle of some trials.
struct Median {
    runs: u64,
    milliseconds: u64,
    found: usize,
    trials: usize,
}

impl Median {
    fn of(trials: &[Trial]) -> Self {
        let middle = |value: fn(&Trial) -> u64| {
            let mut values: Vec<u64> = trials.iter().map(value).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or(0)
        };
        Self {
            runs: middle(|trial| trial.runs),
            milliseconds: middle(|trial| trial.milliseconds),
            found: trials.iter().filter(|trial| trial.found).count(),
            trials: trials.len(),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({ "runs": self.runs, "milliseconds": self.milliseconds, "found": self.found, "trials": self.trials })
    }
}

impl std::fmt::Display for Median {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            runs,
            milliseconds,
            found,
            trials,
        } = self;
        write!(to, "{runs} runs, {milliseconds} ms (found {found} of {trials})")
    }
}
