//! One seed, and many.

use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::config::Config;
use protocol::rules::NEXT;

use super::coverage::Coverage;
use super::facts::Facts;
use super::options::Options;
use super::recording::Recording;
use super::shrink::{Shrunk, shrink};
use super::trace::Trace;
use super::violation::Violation;
use super::world::World;
use crate::checks::{Budget, Validity, judge};
use crate::history::{Event, Pairing};

/// What one seed led to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Steps of the core.
    pub steps: u64,
    /// Virtual microseconds.
    pub virtual_us: u64,
    /// How often each rule fired, by row of [`NEXT`].
    pub fired: [u64; NEXT.len()],
    /// What was reached.
    pub facts: Facts,
    /// Everything that happened, folded: equal for equal runs.
    pub digest: u64,
    /// Operations that clients began.
    pub operations: u64,
    /// What must never be.
    pub violation: Option<Violation>,
    /// The run was given up, and why: with no violation until then, nothing is known.
    pub unknown: Option<String>,
    /// What the clients saw.
    pub history: Vec<Event>,
    /// Each member's steps, if asked for.
    pub trace: Option<Trace>,
    /// Every choice, if asked for.
    pub recording: Option<Recording>,
    /// What was reached, if asked for.
    pub coverage: Option<Coverage>,
    /// The set's first configuration.
    pub config: Arc<Config>,
}

/// Simulates one seed.
#[must_use]
pub fn simulate(seed: u64, options: &Options) -> Outcome {
    let mut world = World::new(seed, options);
    // The core asserts that its log keeps its order: such a panic is a finding like any other.
    let mut violation = catch_unwind(AssertUnwindSafe(|| world.run()))
        .unwrap_or_else(|panic| Err(Violation::new("panic", text(&*panic))))
        .err();
    let history = std::mem::take(&mut world.around.clients.history);
    let unknown = world.gave_up.take();
    if violation.is_none() && unknown.is_none() && options.judge {
        violation = judge_history(&history, world.parameters.workload.checks);
    }
    Outcome {
        seed,
        steps: world.cluster.steps,
        virtual_us: world.around.now_us,
        fired: world.cluster.fired,
        facts: world.cluster.facts,
        digest: world.cluster.digest.finish(),
        operations: history.len() as u64 / 2,
        violation,
        unknown,
        history,
        trace: world.cluster.trace.take(),
        recording: world.recording.take(),
        coverage: world.cluster.coverage.take(),
        config: world.parameters.config,
    }
}

/// Simulates these seeds on `threads` threads; `progress` hears of each outcome, in whatever order they end, and
/// says whether to go on.
pub fn simulate_many(
    seeds: std::ops::Range<u64>,
    threads: usize,
    options: &Options,
    progress: impl FnMut(Outcome) -> bool + Send,
) {
    let next = AtomicU64::new(seeds.start);
    let progress = Mutex::new(progress);
    let stop = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while stop.load(Ordering::Relaxed) == 0 {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = simulate(seed, options);
                    let mut progress = progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if !progress(outcome) {
                        stop.store(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// Simulates the seed again, finds its violation again, and cuts the run down to a short story.
#[must_use]
pub fn shrunk(seed: u64, options: &Options, attempts_max: u64) -> Option<Shrunk> {
    let options = Options {
        record: true,
        judge: false,
        ..*options
    };
    let outcome = simulate(seed, &options);
    shrink(
        options.rules,
        &outcome.config,
        &outcome.recording?,
        &outcome.violation?,
        attempts_max,
    )
}

/// What the checks say of a history; the worst that is certain.
fn judge_history(history: &[Event], checks: &[&str]) -> Option<Violation> {
    let mut pairing = Pairing::default();
    for (line, event) in history.iter().enumerate() {
        if let Err(error) = pairing.push(line as u64 + 1, event.clone()) {
            return Some(Violation::new("history", error.to_string()));
        }
    }
    let verdicts = judge(&pairing.finish(), checks, &Budget::default());
    verdicts
        .into_iter()
        .find(|verdict| verdict.validity == Validity::Invalid)
        .map(|verdict| Violation::new(&format!("check:{}", verdict.check), verdict.summary))
}

fn text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no message".to_owned())
}
