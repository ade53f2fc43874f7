//! Running one named model to a verdict.

use std::fmt;

use protocol::member::Rules;
use protocol::rules::NEXT;

use super::bare::{BreadthFirst, End, Reached};
use super::chart::{chart, steady_names};
use super::family::NamedModel;
use super::replica_set::ReplicaSet;

/// What a model came to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The model's name.
    pub model: &'static str,
    /// States that the model is known to have under the correct rules.
    pub pinned_states: usize,
    /// How far the search came.
    pub reached: Reached,
    /// The answer.
    pub answer: Answer,
    /// In how many different reactions of a member each rule fired, by row of [`NEXT`].
    pub fired: [u64; NEXT.len()],
}

/// The answer of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every state was seen; every invariant holds; everything that must be reachable was reached.
    Holds,
    /// An invariant is broken.
    Violated {
        /// Its name.
        invariant: &'static str,
        /// States on the shortest way there, the initial one included.
        length: usize,
        /// The way there, to be read.
        chart: String,
    },
    /// Nothing is wrong with the states, but too little happened in them: the model proves less than it says.
    Vacuous {
        /// What was never reached.
        never: Vec<&'static str>,
    },
    /// Memory ended first.
    Unknown,
}

/// Searches a named model under the given rules.
pub fn check(model: &NamedModel, rules: Rules, search: &BreadthFirst<'_>) -> Finding {
    let replica_set = ReplicaSet::new(model.bounds, rules);
    let outcome = search.run(&replica_set);
    let answer = match outcome.end {
        End::OutOfMemory => Answer::Unknown,
        End::Exhausted if outcome.never.is_empty() => Answer::Holds,
        End::Exhausted => Answer::Vacuous { never: outcome.never },
        End::Violated { property, path } => {
            let states: Vec<_> = path.iter().map(|(_, state)| *state).collect();
            let lines = steady_names(&replica_set, &states);
            Answer::Violated {
                invariant: property,
                length: path.len(),
                chart: chart(&replica_set, &lines),
            }
        }
    };
    Finding {
        model: model.name,
        pinned_states: model.unique_states,
        reached: outcome.reached,
        answer,
        fired: replica_set.fired(),
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reached {
            unique_states,
            depth,
            elapsed,
            ..
        } = &self.reached;
        let rate = self.reached.states_per_second() / 1_000.0;
        write!(
            formatter,
            "{:<16} {unique_states:>9} states, depth {depth:>2}, ",
            self.model
        )?;
        write!(
            formatter,
            "{:>6.2} s, {rate:>4.0} k states/s: ",
            elapsed.as_secs_f64()
        )?;
        match &self.answer {
            Answer::Holds if self.reached.unique_states == self.pinned_states => {
                write!(formatter, "every invariant holds")
            }
            // The core behaves differently than when the number was written down: look, then pin anew.
            Answer::Holds => {
                write!(
                    formatter,
                    "every invariant holds, but it had {} states",
                    self.pinned_states
                )
            }
            Answer::Violated {
                invariant, length, ..
            } => {
                write!(formatter, "VIOLATED: {invariant}, in {length} states")
            }
            Answer::Vacuous { never } => write!(formatter, "VACUOUS: never reached: {}", never.join(", ")),
            Answer::Unknown => write!(formatter, "UNKNOWN: the memory bound was reached first"),
        }
    }
}
