//! A bare breadth-first search over any Stateright model.
//!
//! It keeps one fingerprint per state and the current level of states, nothing else: no paths, no
//! predecessors. A counterexample, which is the shortest by its nature, is found again in a second pass that
//! does keep predecessors. Counts and counterexamples do not depend on the number of threads: a level with a
//! violation is finished, and the violation with the least fingerprint is reported.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stateright::{Expectation, Model, Property};

use super::fingerprint::{Fingerprint, FingerprintTable};
use super::memory;

/// A model that may be able to judge a state at one glance.
pub trait Judge: Model {
    /// Whether no `always` property is broken in this state. False means: look at each of them.
    fn is_sound(&self, _state: &Self::State) -> bool {
        false
    }

    /// Looks at what [`Model::next_state`] will need for this action first, so that it is near by then; answers
    /// something that depends on it.
    fn warm(&self, _state: &Self::State, _action: &Self::Action) -> u64 {
        0
    }
}

/// How a search is run.
#[derive(Clone, Copy)]
pub struct BreadthFirst<'a> {
    /// Threads that expand states.
    pub threads: usize,
    /// The search ends with [`End::OutOfMemory`] when the process holds more bytes than this.
    pub memory_bytes_max: usize,
    /// Called now and then with what was reached so far.
    pub progress: Option<&'a dyn Fn(&Reached)>,
}

/// How far a search came.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Distinct states (orbits, if the model answers canonical states).
    pub unique_states: usize,
    /// States generated, initial ones and repetitions included.
    pub generated_states: usize,
    /// States on the longest of the shortest paths (an initial state has depth 1, as TLC counts).
    pub depth: usize,
    /// Bytes of the fingerprint table and of the two levels of states, without what states hold on the heap.
    pub bytes: usize,
    /// Time since the start.
    pub elapsed: Duration,
}

impl Reached {
    /// Distinct states per second.
    pub fn states_per_second(&self) -> f64 {
        self.unique_states as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reached {
            unique_states,
            depth,
            elapsed,
            ..
        } = self;
        let (seconds, rate) = (elapsed.as_secs_f64(), self.states_per_second() / 1_000.0);
        let memory = super::memory::resident_bytes() >> 20;
        write!(
            formatter,
            "{unique_states:>9} states, depth {depth:>2}, {seconds:>6.2} s, "
        )?;
        write!(formatter, "{rate:>4.0} k states/s, {memory:>4} MiB")
    }
}

/// Why a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<S, A> {
    /// Every state within the bounds was seen and none breaks an `always` property.
    Exhausted,
    /// An `always` property is broken; with a shortest path to such a state.
    Violated {
        /// Name of the property.
        property: &'static str,
        /// The initial state (without action), then each action with the state after it.
        path: Vec<(Option<A>, S)>,
    },
    /// The bound on memory was reached first: nothing is known about the states not seen.
    OutOfMemory,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Outcome<S, A> {
    /// How far it came.
    pub reached: Reached,
    /// Why it ended.
    pub end: End<S, A>,
    /// Names of the `sometimes` properties that no state has shown.
    pub never: Vec<&'static str>,
}

impl Default for BreadthFirst<'_> {
    fn default() -> Self {
        BreadthFirst {
            threads: 1,
            memory_bytes_max: usize::MAX,
            progress: None,
        }
    }
}

impl BreadthFirst<'_> {
    /// Searches until everything was seen, a property is broken or memory ends.
    pub fn run<M>(&self, model: &M) -> Outcome<M::State, M::Action>
    where
        M: Judge + Sync,
        M::State: std::hash::Hash + Clone + Send + Sync,
        M::Action: Clone + Send,
    {
        let properties = model.properties();
        let started = Instant::now();
        let mut reached = Reached::default();
        let mut table = FingerprintTable::with_slots(INITIAL_SLOTS);
        let mut seen = Judged::new(&properties);
        let initial: Vec<_> = model
            .init_states()
            .into_iter()
            .filter(|state| model.within_boundary(state))
            .collect();
        reached.generated_states = initial.len();
        let (mut level, mut next) = (Vec::new(), Vec::new());
        let mut scratch: Vec<_> = (0..self.threads.max(1)).map(|_| Scratch::default()).collect();
        for state in initial {
            let fingerprint = Fingerprint::of(&state);
            if table.insert(fingerprint) {
                table.add_length(1);
                seen.judge(model, &properties, &state, fingerprint);
                level.push(state);
            }
        }
        while !level.is_empty() {
            reached.depth += 1;
            if let Some((property, fingerprint)) = seen.worst {
                reached.unique_states = table.len();
                reached.elapsed = started.elapsed();
                let path = path_to(model, fingerprint);
                let end = End::Violated {
                    property: properties[property].name,
                    path,
                };
                return Outcome {
                    reached,
                    end,
                    never: seen.never(&properties),
                };
            }
            next.clear();
            let done = AtomicUsize::new(0);
            while done.load(Ordering::Relaxed) < level.len() {
                for worker in expand(model, &properties, &seen, &level, &done, &table, &mut scratch) {
                    reached.generated_states += worker.generated;
                    seen.merge(worker.seen);
                }
                for scratch in &mut scratch {
                    next.append(&mut scratch.next);
                }
                if table.is_crowded() {
                    table.grow();
                }
                reached.unique_states = table.len();
                reached.bytes = table.bytes() + (level.capacity() + next.capacity()) * size_of::<M::State>();
                reached.elapsed = started.elapsed();
                if let Some(progress) = self.progress {
                    progress(&reached);
                }
                if memory::resident_bytes() > self.memory_bytes_max {
                    return Outcome {
                        reached,
                        end: End::OutOfMemory,
                        never: seen.never(&properties),
                    };
                }
            }
            std::mem::swap(&mut level, &mut next);
        }
        Outcome {
            reached,
            end: End::Exhausted,
            never: seen.never(&properties),
        }
    }
}

/// Expands states of a level until it is done, the table is crowded or the round is long enough.
fn expand<M>(
    model: &M,
    properties: &[Property<M>],
    seen: &Judged,
    level: &[M::State],
    done: &AtomicUsize,
    table: &FingerprintTable,
    scratch: &mut [Scratch<M>],
) -> Vec<Worker>
where
    M: Judge + Sync,
    M::State: std::hash::Hash + Clone + Send + Sync,
    M::Action: Send,
{
    let round_end = level.len().min(done.load(Ordering::Relaxed) + ROUND_STATES_MAX);
    let work = |scratch: &mut Scratch<M>| {
        let Scratch {
            actions,
            ahead,
            reached,
            next,
        } = scratch;
        let mut worker = Worker {
            generated: 0,
            seen: seen.clone(),
        };
        while !table.is_crowded() {
            let start = done.fetch_add(CHUNK_STATES, Ordering::Relaxed);
            if start >= round_end {
                // Chunks start at multiples from the round's start; give back what was not taken.
                done.fetch_min(round_end, Ordering::Relaxed);
                break;
            }
            let before = next.len();
            let chunk = &level[start..round_end.min(start + CHUNK_STATES)];
            // In three rounds, each after a look at what it needs: most of the time is spent waiting for memory, and a
            // processor waits for several places at once if nothing else comes between.
            for (place, state) in chunk.iter().enumerate() {
                model.actions(state, actions);
                ahead.extend(actions.drain(..).map(|action| (place, action)));
            }
            let near = ahead
                .iter()
                .map(|(place, action)| model.warm(&chunk[*place], action));
            std::hint::black_box(near.fold(0, |all, word| all ^ word));
            for (place, action) in ahead.drain(..) {
                let Some(state) = model.next_state(&chunk[place], action) else {
                    continue;
                };
                worker.generated += 1;
                if model.within_boundary(&state) {
                    reached.push((Fingerprint::of(&state), state));
                }
            }
            let near = reached.iter().map(|(fingerprint, _)| table.warm(*fingerprint));
            std::hint::black_box(near.fold(0, |all, word| all ^ word));
            for (fingerprint, state) in reached.drain(..) {
                if table.insert(fingerprint) {
                    worker.seen.judge(model, properties, &state, fingerprint);
                    next.push(state);
                }
            }
            table.add_length(next.len() - before);
        }
        worker
    };
    let (mine, others) = scratch.split_first_mut().expect("at least one thread");
    if others.is_empty() || round_end < 2 * CHUNK_STATES {
        return vec![work(mine)];
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = others
            .iter_mut()
            .map(|scratch| scope.spawn(|| work(scratch)))
            .collect();
        let mut workers = vec![work(mine)];
        for other in others {
            match other.join() {
                Ok(worker) => workers.push(worker),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        workers
    })
}

const INITIAL_SLOTS: usize = 1 << 16;
/// States that a thread takes at once. Small enough that a crowded table cannot fill up in one chunk per
/// thread: at five eighths of 65,536 slots, 24,576 are free.
const CHUNK_STATES: usize = 32;
/// States between two looks at memory.
const ROUND_STATES_MAX: usize = 1 << 16;

/// What a thread came to in a round.
struct Worker {
    generated: usize,
    seen: Judged,
}

/// What a thread keeps from round to round, so that it grows once.
struct Scratch<M: Model> {
    actions: Vec<M::Action>,
    ahead: Vec<(usize, M::Action)>,
    reached: Vec<(Fingerprint, M::State)>,
    /// New states, taken over after each round.
    next: Vec<M::State>,
}

impl<M: Model> Default for Scratch<M> {
    fn default() -> Self {
        Scratch {
            actions: Vec::new(),
            ahead: Vec::new(),
            reached: Vec::new(),
            next: Vec::new(),
        }
    }
}

/// What the properties have shown so far.
#[derive(Clone)]
struct Judged {
    /// The broken property and the state that breaks it, least fingerprint first.
    worst: Option<(usize, Fingerprint)>,
    /// `sometimes` properties not yet shown, one bit each.
    missing: u64,
}

impl Judged {
    fn new<M: Model>(properties: &[Property<M>]) -> Self {
        let missing = properties
            .iter()
            .enumerate()
            .filter(|(_, property)| property.expectation == Expectation::Sometimes)
            .fold(0, |bits, (number, _)| bits | 1 << number);
        Judged { worst: None, missing }
    }

    fn judge<M: Judge>(
        &mut self,
        model: &M,
        properties: &[Property<M>],
        state: &M::State,
        fingerprint: Fingerprint,
    ) {
        let is_sound = model.is_sound(state);
        if is_sound && self.missing == 0 {
            return;
        }
        for (number, property) in properties.iter().enumerate() {
            match property.expectation {
                Expectation::Always if !is_sound && !(property.condition)(model, state) => {
                    self.blame(number, fingerprint);
                    return;
                }
                Expectation::Sometimes
                    if self.missing >> number & 1 != 0 && (property.condition)(model, state) =>
                {
                    self.missing &= !(1 << number);
                }
                _ => {}
            }
        }
    }

    fn blame(&mut self, property: usize, fingerprint: Fingerprint) {
        let is_less = self.worst.is_none_or(|(_, least)| fingerprint < least);
        if is_less {
            self.worst = Some((property, fingerprint));
        }
    }

    fn merge(&mut self, other: Judged) {
        self.missing &= other.missing;
        if let Some((property, fingerprint)) = other.worst {
            self.blame(property, fingerprint);
        }
    }

    fn never<M>(&self, properties: &[Property<M>]) -> Vec<&'static str>
    where
        M: Model,
    {
        let is_missing = |number: usize| self.missing >> number & 1 != 0;
        properties
            .iter()
            .enumerate()
            .filter(|(number, _)| is_missing(*number))
            .map(|it| it.1.name)
            .collect()
    }
}

/// A shortest path to the state with this fingerprint, which is known to be reachable.
fn path_to<M>(model: &M, target: Fingerprint) -> Vec<(Option<M::Action>, M::State)>
where
    M: Model,
    M::State: std::hash::Hash + Clone,
    M::Action: Clone,
{
    let fingerprints = fingerprints_to(model, target);
    let mut path: Vec<(Option<M::Action>, M::State)> = Vec::new();
    for fingerprint in fingerprints {
        let step = match path.last() {
            None => model
                .init_states()
                .into_iter()
                .map(|state| (None, state))
                .find(is(fingerprint)),
            Some((_, state)) => {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                actions
                    .into_iter()
                    .filter_map(|action| Some((Some(action.clone()), model.next_state(state, action)?)))
                    .find(is(fingerprint))
            }
        };
        // A model that is no function of its state would break the chain; what there is of it still helps.
        let Some(step) = step else { break };
        path.push(step);
    }
    path
}

fn is<A, S: std::hash::Hash>(fingerprint: Fingerprint) -> impl Fn(&(Option<A>, S)) -> bool {
    move |(_, state)| Fingerprint::of(state) == fingerprint
}

fn fingerprints_to<M>(model: &M, target: Fingerprint) -> Vec<Fingerprint>
where
    M: Model,
    M::State: std::hash::Hash,
{
    let mut parents: HashMap<u64, Option<u64>> = HashMap::new();
    let mut level = Vec::new();
    for state in model
        .init_states()
        .into_iter()
        .filter(|state| model.within_boundary(state))
    {
        let fingerprint = Fingerprint::of(&state);
        if parents.insert(fingerprint.0, None).is_none() {
            level.push((fingerprint, state));
        }
    }
    let mut actions = Vec::new();
    while !parents.contains_key(&target.0) && !level.is_empty() {
        let mut next = Vec::new();
        for (parent, state) in &level {
            model.actions(state, &mut actions);
            for action in actions.drain(..) {
                let Some(state) = model.next_state(state, action) else {
                    continue;
                };
                let fingerprint = Fingerprint::of(&state);
                if model.within_boundary(&state) && !parents.contains_key(&fingerprint.0) {
                    parents.insert(fingerprint.0, Some(parent.0));
                    next.push((fingerprint, state));
                }
            }
        }
        level = next;
    }
    let mut chain = vec![target];
    while let Some(Some(parent)) = chain.last().and_then(|last| parents.get(&last.0)) {
        chain.push(Fingerprint(*parent));
    }
    chain.reverse();
    chain
}
