//! How fast the searches are: Stateright's, ours, and TLC where it is at hand, on the same specification.

use std::fmt::Debug;
use std::hash::Hash;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use protocol::member::Rules;
use stateright::{Checker, Model};

use super::bare::{BreadthFirst, End, Judge};
use super::raft_reconfig::{self, RaftReconfig};
use super::replica_set::ReplicaSet;
use super::static_raft::{Bounds, StaticRaft};

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Which search.
    pub search: &'static str,
    /// Threads that expanded states.
    pub threads: usize,
    /// Distinct states, orbits under symmetry. Equal for all searches, or the comparison means nothing.
    pub unique_states: usize,
    /// Time to exhaust the model.
    pub elapsed: Duration,
    /// Bytes of tables and states, where the search can tell.
    pub bytes: Option<usize>,
}

impl Measurement {
    /// Distinct states per second.
    pub fn states_per_second(&self) -> f64 {
        self.unique_states as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Bytes per distinct state.
    pub fn bytes_per_state(&self) -> Option<f64> {
        Some(self.bytes? as f64 / self.unique_states.max(1) as f64)
    }
}

/// Exhausts the port of MongoStaticRaft with each search, on one thread and on `threads`.
pub fn static_raft(bounds: Bounds, threads: usize) -> Vec<Measurement> {
    exhaust_all(|| StaticRaft::new(bounds), threads)
}

/// Exhausts the port of MongoRaftReconfig with each search, on one thread and on `threads`.
pub fn raft_reconfig(bounds: raft_reconfig::Bounds, threads: usize) -> Vec<Measurement> {
    exhaust_all(|| RaftReconfig::new(bounds), threads)
}

/// Exhausts a model of the core with each search, on one thread and on `threads`.
pub fn replica_set(bounds: super::bounds::Bounds, threads: usize) -> Vec<Measurement> {
    exhaust_all(|| ReplicaSet::new(bounds, Rules::default()), threads)
}

/// Each search gets a model of its own: what one has remembered would speed the next one up.
fn exhaust_all<M>(model: impl Fn() -> M, threads: usize) -> Vec<Measurement>
where
    M: Model + Judge + Send + Sync + 'static,
    M::State: Hash + Clone + Send + Sync + Debug + PartialEq,
    M::Action: Clone + Debug + PartialEq + Send,
{
    let mut counts = vec![1];
    counts.extend((threads > 1).then_some(threads));
    counts
        .into_iter()
        .flat_map(|threads| exhaust(&model, threads))
        .collect()
}

fn exhaust<M>(fresh: &impl Fn() -> M, threads: usize) -> [Measurement; 3]
where
    M: Model + Judge + Send + Sync + 'static,
    M::State: Hash + Clone + Send + Sync + Debug + PartialEq,
    M::Action: Clone + Debug + PartialEq + Send,
{
    let model = fresh();
    let outcome = BreadthFirst {
        threads,
        ..BreadthFirst::default()
    }
    .run(&model);
    debug_assert_eq!(outcome.end, End::Exhausted);
    let bare = Measurement {
        search: "bare breadth-first",
        threads,
        unique_states: outcome.reached.unique_states,
        elapsed: outcome.reached.elapsed,
        bytes: Some(outcome.reached.bytes),
    };
    let started = Instant::now();
    let depth_first = fresh().checker().threads(threads).spawn_dfs().join();
    let depth_first = by_stateright("Stateright depth-first", threads, &depth_first, started);
    let started = Instant::now();
    let breadth_first = fresh().checker().threads(threads).spawn_bfs().join();
    let breadth_first = by_stateright("Stateright breadth-first", threads, &breadth_first, started);
    [bare, depth_first, breadth_first]
}

fn by_stateright<M: Model>(
    search: &'static str,
    threads: usize,
    checker: &impl Checker<M>,
    started: Instant,
) -> Measurement {
    let unique_states = checker.unique_state_count();
    Measurement {
        search,
        threads,
        unique_states,
        elapsed: started.elapsed(),
        bytes: None,
    }
}

/// Runs TLC on a specification and configuration file. `None` if it can't be run or says no count.
///
/// `jar` is `tla2tools.jar`; the files' folder must hold the modules that the specification extends.
pub fn tlc(jar: &Path, specification: &Path, configuration: &Path, threads: usize) -> Option<Measurement> {
    let started = Instant::now();
    let output = Command::new("java")
        .arg("-cp")
        .arg(jar)
        .args(["tlc2.TLC", "-workers", &threads.to_string(), "-config"])
        .args([configuration, specification])
        .current_dir(specification.parent()?)
        .output()
        .ok()?;
    let elapsed = started.elapsed();
    let unique_states = distinct_states(&String::from_utf8_lossy(&output.stdout))?;
    Some(Measurement {
        search: "TLC",
        threads,
        unique_states,
        elapsed,
        bytes: None,
    })
}

/// From TLC's last report: `39527 states generated, 5509 distinct states found, 0 states left on queue.`
fn distinct_states(output: &str) -> Option<usize> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.ends_with("0 states left on queue."))?;
    let before = line.split(" distinct states found").next()?;
    before.rsplit(' ').next()?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_searches_count_the_same() {
        let measured = static_raft(Bounds::new(3, 3, 2), 2);
        assert_eq!(measured.len(), 6);
        assert!(
            measured.iter().all(|it| it.unique_states == 5_509),
            "{measured:?}"
        );
    }

    #[test]
    fn tlc_is_understood() {
        let output =
            "39527 states generated, 5509 distinct states found, 0 states left on queue.\nThe depth is 15.";
        assert_eq!(distinct_states(output), Some(5_509));
        assert_eq!(distinct_states("Error: Parsing failed."), None);
    }
}
