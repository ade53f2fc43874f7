//! `checker simulate`: the core in simulated clusters, seed after seed.

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use anyhow::Context as _;
use protocol::rules::NEXT;
use serde_json::json;

use super::{context::Context, planted_bug};
use crate::{
    record::exit::Exit,
    simulation::{Options, Outcome, facts::Facts, shrunk, simulate_many},
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker simulate --seeds 10000
  checker simulate --from 551 --seeds 1            one seed again
  checker simulate --planted-bug E05 --story e05.txt    the first violation, cut down to a short story";

/// Simulate whole clusters of the protocol core, one seed after the other.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,

    /// Threads; as many as there are processors if not given.
    #[arg(long)]
    threads: Option<usize>,

    /// Trouble of each seed lasts at most so many simulated seconds.
    #[arg(long)]
    seconds: Option<u64>,

    /// Simulate the protocol with this planted bug.
    #[arg(long, value_parser = planted_bug::parse)]
    planted_bug: Option<String>,

    /// Go on after the first violation.
    #[arg(long)]
    keep_going: bool,

    /// Where the shrunk story of the first violation goes.
    #[arg(long, default_value = "simulation.txt")]
    story: PathBuf,
}

/// How many violations the last words name; the JSON has them all.
const NAMED_MAX: usize = 20;

/// How often a run may be played again to cut it down.
const ATTEMPTS_MAX: u64 = 3_000;

#[derive(Default)]
struct Sums {
    seeds: u64,
    steps: u64,
    virtual_us: u64,
    operations: u64,
    facts: Facts,
    fired: BTreeMap<&'static str, u64>,
    violations: Vec<(u64, String)>,
    unknown: Vec<(u64, String)>,
}

pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let console = &context.console;
    let options = Options {
        rules: rules(arguments.planted_bug.as_deref()),
        chaos_us_max: arguments.seconds.map_or(u64::MAX, |seconds| seconds * 1_000_000),
        ..Options::default()
    };
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let begun = Instant::now();
    let mut sums = Sums::default();
    // A panic of the core is caught and told as a violation; its backtrace would drown the progress.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let seeds = arguments.from..arguments.from + arguments.seeds;
    simulate_many(seeds, threads, &options, |outcome| {
        sums.add(&outcome);
        console.progress(|| sums.words(begun, arguments.seeds));
        arguments.keep_going || sums.violations.is_empty()
    });
    console.progress_done();
    if let Some((seed, violation)) = sums.violations.first() {
        let heading = format!("Seed {seed} led to {violation}");
        console.say(format!("{heading}; it is being cut down"));
        match shrunk(*seed, &options, ATTEMPTS_MAX) {
            Some(shrunk) => {
                let story = shrunk.story(&heading, arguments.planted_bug.as_deref());
                std::fs::write(&arguments.story, story)
                    .with_context(|| format!("{} cannot be written", arguments.story.display()))?;
                console.say(format!(
                    "{} of {} choices are needed: {}",
                    shrunk.commands.len(),
                    shrunk.before,
                    arguments.story.display()
                ));
            }
            None => console.say("it does not show without clocks and clients; the seed repeats it"),
        }
    }
    std::panic::set_hook(hook);
    console.result(|| sums.last_words(begun, arguments.seeds), || sums.json());
    for (seed, why) in &sums.unknown {
        console.warn(format!("unknown: seed {seed} {why}"));
    }
    Ok(match (sums.violations.is_empty(), sums.unknown.is_empty()) {
        (false, _) => Exit::Violation,
        (true, false) => Exit::Unknown,
        (true, true) => Exit::Pass,
    })
}

impl Sums {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.virtual_us += outcome.virtual_us;
        self.operations += outcome.operations;
        self.facts.add(&outcome.facts);
        for (rule, count) in NEXT.iter().zip(outcome.fired) {
            *self.fired.entry(rule.name).or_default() += count;
        }
        if let Some(violation) = &outcome.violation {
            self.violations.push((outcome.seed, violation.to_string()));
        } else if let Some(why) = &outcome.unknown {
            self.unknown.push((outcome.seed, why.clone()));
        }
    }

    fn words(&self, begun: Instant, seeds: u64) -> String {
        let seconds = begun.elapsed().as_secs_f64().max(1e-6);
        format!(
            "{} of {seeds} seeds, {} violations, {} unknown, {:.0} simulated s/s, {:.2} M steps/s, {} elections, {} rollbacks, \
             {} crashes",
            self.seeds,
            self.violations.len(),
            self.unknown.len(),
            self.virtual_us as f64 / 1e6 / seconds,
            self.steps as f64 / 1e6 / seconds,
            self.facts.elections,
            self.facts.rollbacks,
            self.facts.crashes,
        )
    }

    /// What ends on the screen: the violations, and what these seeds have not exercised.
    fn last_words(&self, begun: Instant, seeds: u64) -> String {
        let mut words = self.words(begun, seeds);
        for (seed, violation) in self.violations.iter().take(NAMED_MAX) {
            words += &format!("\nseed {seed}: {violation}");
        }
        let more = self.violations.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            words += &format!("\nand {more} more seeds");
        }
        let rules = self.fired.iter().filter(|(_, count)| **count == 0);
        let silent: Vec<&str> = rules.map(|(rule, _)| *rule).collect();
        let facts = self.facts.rows();
        let unseen: Vec<&str> = facts
            .iter()
            .filter(|(_, count)| *count == 0)
            .map(|(name, _)| *name)
            .collect();
        match (silent.is_empty(), unseen.is_empty()) {
            (true, true) => {
                words += &format!(
                    "\nall {} rules fired, and all of {} situations came up",
                    self.fired.len(),
                    facts.len()
                )
            }
            _ => {
                words += &format!(
                    "\nnot exercised: rules [{}], situations [{}]",
                    silent.join(", "),
                    unseen.join(", ")
                )
            }
        }
        words
    }

    fn json(&self) -> serde_json::Value {
        let facts: serde_json::Map<String, serde_json::Value> = self
            .facts
            .rows()
            .into_iter()
            .map(|(name, count)| (name.to_owned(), json!(count)))
            .collect();
        json!({
            "seeds": self.seeds,
            "steps": self.steps,
            "simulated_seconds": self.virtual_us / 1_000_000,
            "operations": self.operations,
            "facts": facts,
            "unknown": self.unknown.iter().map(|(seed, words)| json!({ "seed": seed, "words": words })).collect::<Vec<_>>(),
            "rules": self.fired,
            "violations": self.violations.iter().map(|(seed, words)| json!({ "seed": seed, "words": words })).collect::<Vec<_>>(),
        })
    }
}

#[cfg(feature = "planted-bugs")]
fn rules(bug: Option<&str>) -> protocol::member::Rules {
    bug.and_then(protocol::bugs::find)
        .map_or_else(protocol::member::Rules::default, |bug| bug.plant())
}

#[cfg(not(feature = "planted-bugs"))]
fn rules(_: Option<&str>) -> protocol::member::Rules {
    protocol::member::Rules::default()
}
