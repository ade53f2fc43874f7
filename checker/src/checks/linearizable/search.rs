//! The general search: just-in-time linearization, depth first, memoised, bounded.
//!
//! Sources: Wing & Gong 1993 and Lowe, "Testing for linearizability", 2017 (just-in-time: an operation is placed
//! only when a return forces it); the reductions below each keep the answer exact:
//!
//! 1. *Observations are eager.* A pending observation that agrees with the state is placed at once: it changes
//!    nothing, and later it might no longer agree.
//! 2. *Identical operations are interchangeable*: the one that must return first is placed first.
//! 3. *Crashed operations are tokens*: only how many of each kind were used matters, not which.
//! 4. *Blind writes are absorbed.* When a blind write is placed, every other pending blind write may have come
//!    immediately before it, unseen. So those become optional: at their return they may be passed, or still be
//!    placed where they are seen (only that when somebody wants their value).
//! 5. *Dominated configurations are dropped*: same state and same pending mutations, but fewer tokens, fewer
//!    observations, fewer optional writes at hand than one that failed already.
//! 6. *Hopeless configurations are dropped*, where a model knows that a state can never lead to what is seen next.
//! 7. *What was seen just before a blind write is decided late.* An optional write was pending when the last blind write
//!    was placed, and so were the observations called before that: the one may have come immediately before it and been
//!    seen by the others. That is decided only when one of them returns (a *charge*). So a blind write is never placed
//!    directly after another one before the same return: that the first was seen can be charged as well.
//!
//! A depth-first search that decided badly early may stay below that decision for ever. After some configurations it
//! begins again with the candidates in another order, each time after twice as many; what has failed stays known.

mod moves;

use std::{hash::Hash, rc::Rc};

use super::{
    bits::Bits,
    fast_hash::{FastMap, FastSet},
    model::{Model, Role, Timed},
    search::moves::Candidate,
    timeline::{Awaited, Timeline},
};
use crate::checks::budget::{Exhausted, Meter};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<S> {
    /// Some order explains everything.
    Linearizable,
    /// No order does.
    Violated(Stuck<S>),
    /// Neither was shown.
    Unknown(Exhausted),
}

/// How far the best order reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stuck<S> {
    /// The operation (position in the given slice) whose return cannot be reached by any order.
    pub(crate) target: u32,
    /// Number of completed operations whose returns were reached.
    pub(crate) reached: usize,
    /// States that some order leaves before that return; at most [`STATES_MAX`]. None when it did not take a search to
    /// see that the operation is impossible.
    pub(crate) states: Vec<S>,
}

/// How many states of the dead end are told.
const STATES_MAX: usize = 8;

/// How many observations ahead are looked at when a model prunes.
const LOOK_AHEAD: usize = 8;

/// After how many configurations the search first begins again, and how often that number is doubled.
const ROUND_CONFIGURATIONS: u32 = 1 << 12;
/// See [`ROUND_CONFIGURATIONS`].
const ROUNDS_DOUBLED: u32 = 19;

/// Most operations of one key pending at once that the search takes on.
pub(crate) const PENDING_MAX: u32 = 1024;

/// Judges one key.
pub(crate) fn search<M: Model>(model: &M, ops: &[Timed<M::Effect>], meter: &Meter) -> Outcome<M::State> {
    if let Some(target) = model.impossible(ops) {
        let end = ops[target as usize].returned;
        return Outcome::Violated(Stuck {
            target,
            reached: ops.iter().filter(|op| op.returned < end).count(),
            states: Vec::new(),
        });
    }
    let timeline = Timeline::new(model, ops);
    if timeline.steps.is_empty() {
        return Outcome::Linearizable;
    }
    match timeline.slots {
        0..=64 => Search::<M, 1>::new(model, timeline).run(meter),
        65..=128 => Search::<M, 2>::new(model, timeline).run(meter),
        129..=256 => Search::<M, 4>::new(model, timeline).run(meter),
        257..=PENDING_MAX => Search::<M, 16>::new(model, timeline).run(meter),
        more => Outcome::Unknown(Exhausted(format!(
            "{more} operations of one key are pending at once, the search takes {PENDING_MAX}"
        ))),
    }
}

/// Where an order stands: before the return of step `step`.
#[derive(Clone)]
struct Config<S, const W: usize> {
    state: S,
    /// Pending operations that are placed.
    done: Bits<W>,
    /// Pending blind writes that are not placed and need not be.
    optional: Bits<W>,
    /// Tokens used, by class.
    used: Rc<[u32]>,
    /// Completed operations (positions below it) that were called before the last blind write was placed.
    before_blind: u32,
    /// Place of the return before which it was placed.
    blind_place: u32,
    /// Nothing was placed since then, and nothing returned.
    fresh: bool,
}

/// What must be equal for one configuration to dominate another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<S, const W: usize> {
    step: u32,
    state: S,
    placed_mutations: Bits<W>,
    owed_writes: Bits<W>,
    fresh: bool,
}

/// What may be better or worse.
struct Remainder<const W: usize> {
    observed: Bits<W>,
    optional: Bits<W>,
    used: Rc<[u32]>,
    before_blind: u32,
    blind_place: u32,
    next: u32,
    /// The search began again before it was known whether it fails.
    undecided: bool,
}

/// A branching point, and what is still to be tried there.
struct Frame<S, const W: usize> {
    step: u32,
    config: Config<S, W>,
    candidates: Vec<Candidate>,
    /// Its entry in `Search::remainders`.
    remainder: u32,
}

struct Search<'a, M: Model, const W: usize> {
    model: &'a M,
    timeline: Timeline<M::Effect>,
    /// Step at which the four below stand.
    at: u32,
    occupant: Vec<u32>,
    observations: Bits<W>,
    blind: Bits<W>,
    mutations: Bits<W>,
    seen: FastMap<Key<M::State, W>, u32>,
    remainders: Vec<Remainder<W>>,
    deepest: u32,
    dead_ends: FastSet<M::State>,
    /// How often it began again.
    round: u32,
}

const NONE: u32 = u32::MAX;

impl<'a, M: Model, const W: usize> Search<'a, M, W> {
    fn new(model: &'a M, timeline: Timeline<M::Effect>) -> Self {
        let mut search = Self {
            model,
            occupant: vec![NONE; timeline.slots as usize],
            timeline,
            at: 0,
            observations: Bits::EMPTY,
            blind: Bits::EMPTY,
            mutations: Bits::EMPTY,
            seen: FastMap::default(),
            remainders: Vec::new(),
            deepest: 0,
            dead_ends: FastSet::default(),
            round: 0,
        };
        search.call_those_of(0);
        search
    }

    fn run(mut self, meter: &Meter) -> Outcome<M::State> {
        let end = self.timeline.steps.len() as u32;
        let tokens = self.timeline.tokens.len();
        let mut stack: Vec<Frame<M::State, W>> = Vec::new();
        let begin = (
            0,
            Config {
                state: self.model.initial(),
                done: Bits::EMPTY,
                optional: Bits::EMPTY,
                used: vec![0; tokens].into(),
                before_blind: 0,
                blind_place: 0,
                fresh: false,
            },
        );
        let mut next = Some(begin.clone());
        let mut expanded = 0u32;
        loop {
            if let Some((step, config)) = next.take() {
                self.stand_at(step);
                let (step, config) = self.advance(step, config, end);
                if step == end {
                    return Outcome::Linearizable;
                }
                self.remember_depth(step, config.state);
                if self.is_viable(step, &config)
                    && let Some(remainder) = self.remember(step, &config)
                {
                    let candidates = self.candidates(step, &config);
                    stack.push(Frame {
                        step,
                        config,
                        candidates,
                        remainder,
                    });
                }
                expanded += 1;
                if expanded >= ROUND_CONFIGURATIONS << self.round.min(ROUNDS_DOUBLED) {
                    for frame in stack.drain(..) {
                        self.remainders[frame.remainder as usize].undecided = true;
                    }
                    self.round += 1;
                    expanded = 0;
                    next = Some(begin.clone());
                    continue;
                }
                if expanded.is_multiple_of(256)
                    && let Err(exhausted) = meter.check(self.memory_bytes(stack.len()))
                {
                    return Outcome::Unknown(exhausted);
                }
            }
            let Some(frame) = stack.last_mut() else { break };
            match frame.candidates.pop() {
                None => drop(stack.pop()),
                Some(candidate) => {
                    let (step, config) = (frame.step, frame.config.clone());
                    self.stand_at(step);
                    next = Some((step, self.place(step, config, candidate)));
                }
            }
        }
        let step = &self.timeline.steps[self.deepest as usize];
        Outcome::Violated(Stuck {
            target: self.timeline.live[step.target as usize].origin,
            reached: self.deepest as usize,
            states: self.dead_ends.into_iter().take(STATES_MAX).collect(),
        })
    }

    /// Places what is free, and passes every return that is satisfied.
    fn advance(
        &mut self,
        mut step: u32,
        mut config: Config<M::State, W>,
        end: u32,
    ) -> (u32, Config<M::State, W>) {
        self.observe(config.state, u32::MAX, &mut config.done);
        loop {
            let target = self.timeline.live[self.timeline.steps[step as usize].target as usize];
            let passes = config.done.has(target.slot) || (config.optional.has(target.slot) && !target.useful);
            if !passes {
                return (step, config);
            }
            config.done.clear(target.slot);
            config.optional.clear(target.slot);
            config.fresh = false;
            step += 1;
            if step == end {
                return (step, config);
            }
            self.stand_at(step);
            // The state is the same: only those who were called now have not been looked at.
            for position in self.timeline.steps[step as usize].called.clone() {
                let live = &self.timeline.live[position as usize];
                if live.role == Role::Observation && self.model.step(config.state, live.effect).is_some() {
                    config.done.set(live.slot);
                }
            }
        }
    }

    /// Places the pending observations (positions below `before`) that agree with the state.
    fn observe(&self, state: M::State, before: u32, done: &mut Bits<W>) {
        for slot in self.observations.and_not(done).iter() {
            let position = self.occupant[slot as usize];
            let effect = self.timeline.live[position as usize].effect;
            if position < before && self.model.step(state, effect).is_some() {
                done.set(slot);
            }
        }
    }

    /// Remembers the configuration, unless an earlier one dominates it: its entry in `remainders`.
    fn remember(&mut self, step: u32, config: &Config<M::State, W>) -> Option<u32> {
        let key = Key {
            step,
            state: config.state,
            placed_mutations: config.done.and(&self.mutations),
            owed_writes: self.blind.and_not(&config.done).and_not(&config.optional),
            fresh: config.fresh,
        };
        let observed = config.done.and(&self.observations);
        let head = self.seen.entry(key).or_insert(NONE);
        let mut position = *head;
        while position != NONE {
            let earlier = &self.remainders[position as usize];
            if !earlier.undecided
                && earlier.before_blind >= config.before_blind
                && earlier.blind_place >= config.blind_place
                && earlier.observed.contains(&observed)
                && earlier.optional.contains(&config.optional)
                && earlier
                    .used
                    .iter()
                    .zip(&*config.used)
                    .all(|(earlier, now)| earlier <= now)
            {
                return None;
            }
            position = earlier.next;
        }
        let next = *head;
        *head = u32::try_from(self.remainders.len()).expect("the memory budget ends the search before that");
        let (optional, used) = (config.optional, Rc::clone(&config.used));
        self.remainders.push(Remainder {
            observed,
            optional,
            used,
            before_blind: config.before_blind,
            blind_place: config.blind_place,
            next,
            undecided: false,
        });
        Some(*head)
    }

    /// Whether the next observations can still be explained: from the state by mutations that are not blind, or
    /// from a blind write that is still to be placed.
    fn is_viable(&self, step: u32, config: &Config<M::State, W>) -> bool {
        !M::PRUNES
            || self.awaited(step).iter().take(LOOK_AHEAD).all(|observation| {
                observation.crashed_base
                    || self.is_placed(step, config, observation.live)
                    || self.reaches(config.state, observation)
                    || observation
                        .bases
                        .iter()
                        .any(|base| !self.is_placed(step, config, *base))
            })
    }

    /// Whether nothing that is still to be seen can be reached but by a blind write.
    fn is_lost(&self, step: u32, config: &Config<M::State, W>) -> bool {
        self.awaited(step).iter().all(|observation| {
            !self.reaches(config.state, observation) || self.is_placed(step, config, observation.live)
        })
    }

    fn awaited(&self, step: u32) -> &[Awaited] {
        let awaited = &self.timeline.observations;
        &awaited[awaited.partition_point(|observation| observation.step < step)..]
    }

    fn reaches(&self, state: M::State, observation: &Awaited) -> bool {
        let live = &self.timeline.live[observation.live as usize];
        self.model
            .wanted(live.effect)
            .is_none_or(|wanted| self.model.reaches(state, wanted))
    }

    /// Whether a completed operation is placed, or returned before `step`.
    fn is_placed(&self, step: u32, config: &Config<M::State, W>, position: u32) -> bool {
        let live = &self.timeline.live[position as usize];
        let called = position < self.timeline.steps[step as usize].called.end;
        called && (self.occupant[live.slot as usize] != position || config.done.has(live.slot))
    }

    fn remember_depth(&mut self, step: u32, state: M::State) {
        if step > self.deepest {
            self.deepest = step;
            self.dead_ends.clear();
        }
        if step == self.deepest && self.dead_ends.len() < STATES_MAX {
            self.dead_ends.insert(state);
        }
    }

    /// Moves the view of what is pending to just before the return of `step`.
    fn stand_at(&mut self, step: u32) {
        while self.at < step {
            let target = self.timeline.steps[self.at as usize].target;
            self.vacate(target);
            self.at += 1;
            self.call_those_of(self.at);
        }
        while self.at > step {
            for position in self.timeline.steps[self.at as usize].called.clone() {
                self.vacate(position);
            }
            self.at -= 1;
            let target = self.timeline.steps[self.at as usize].target;
            self.occupy(target);
        }
    }

    fn call_those_of(&mut self, step: u32) {
        if let Some(step) = self.timeline.steps.get(step as usize) {
            for position in step.called.clone() {
                self.occupy(position);
            }
        }
    }

    fn occupy(&mut self, position: u32) {
        let live = self.timeline.live[position as usize];
        self.occupant[live.slot as usize] = position;
        self.of_role(live.role).set(live.slot);
    }

    fn vacate(&mut self, position: u32) {
        let live = self.timeline.live[position as usize];
        self.occupant[live.slot as usize] = NONE;
        self.of_role(live.role).clear(live.slot);
    }

    const fn of_role(&mut self, role: Role) -> &mut Bits<W> {
        match role {
            Role::Observation => &mut self.observations,
            Role::Blind => &mut self.blind,
            Role::Mutation => &mut self.mutations,
        }
    }

    /// An upper estimate of what is held.
    fn memory_bytes(&self, frames: usize) -> usize {
        let used = self.timeline.tokens.len() * size_of::<u32>() + 16;
        let seen = self.seen.capacity() * (size_of::<Key<M::State, W>>() + size_of::<u32>() + 1);
        let remainders = self.remainders.capacity() * (size_of::<Remainder<W>>() + used);
        seen + remainders + frames * (size_of::<Frame<M::State, W>>() + 64)
    }
}
