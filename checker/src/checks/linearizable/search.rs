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

use std::{hash::Hash, rc::Rc};

use super::{
    bits::Bits,
    fast_hash::{FastMap, FastSet},
    model::{Model, Role, Timed},
    timeline::{Awaited, Live, Timeline},
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
}

/// What must be equal for one configuration to dominate another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<S, const W: usize> {
    step: u32,
    state: S,
    placed_mutations: Bits<W>,
    owed_writes: Bits<W>,
}

/// What may be better or worse.
struct Remainder<const W: usize> {
    observed: Bits<W>,
    optional: Bits<W>,
    used: Rc<[u32]>,
    next: u32,
}

/// A branching point, and what is still to be tried there.
struct Frame<S, const W: usize> {
    step: u32,
    config: Config<S, W>,
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy)]
enum Candidate {
    /// Place this pending operation.
    Live(u32),
    /// Use one crashed operation of this class.
    Token(u32),
    /// Let the optional write that returns now have been overwritten unseen.
    Pass,
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
        };
        search.call_those_of(0);
        search
    }

    fn run(mut self, meter: &Meter) -> Outcome<M::State> {
        let end = self.timeline.steps.len() as u32;
        let tokens = self.timeline.tokens.len();
        let mut stack: Vec<Frame<M::State, W>> = Vec::new();
        let mut next = Some((
            0,
            Config {
                state: self.model.initial(),
                done: Bits::EMPTY,
                optional: Bits::EMPTY,
                used: vec![0; tokens].into(),
            },
        ));
        let mut expanded = 0u32;
        loop {
            if let Some((step, config)) = next.take() {
                self.stand_at(step);
                let (step, config) = self.advance(step, config, end);
                if step == end {
                    return Outcome::Linearizable;
                }
                self.remember_depth(step, config.state);
                if self.is_viable(step, &config) && self.is_new(step, &config) {
                    let candidates = self.candidates(step, &config);
                    stack.push(Frame {
                        step,
                        config,
                        candidates,
                    });
                }
                expanded += 1;
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
        loop {
            for slot in self.observations.and_not(&config.done).iter() {
                let live = &self.timeline.live[self.occupant[slot as usize] as usize];
                if self.model.step(config.state, live.effect).is_some() {
                    config.done.set(slot);
                }
            }
            let target = self.timeline.live[self.timeline.steps[step as usize].target as usize];
            let passes = config.done.has(target.slot) || (config.optional.has(target.slot) && !target.useful);
            if !passes {
                return (step, config);
            }
            config.done.clear(target.slot);
            config.optional.clear(target.slot);
            step += 1;
            if step == end {
                return (step, config);
            }
            self.stand_at(step);
        }
    }

    /// Remembers the configuration, unless an earlier one dominates it.
    fn is_new(&mut self, step: u32, config: &Config<M::State, W>) -> bool {
        let key = Key {
            step,
            state: config.state,
            placed_mutations: config.done.and(&self.mutations),
            owed_writes: self.blind.and_not(&config.done).and_not(&config.optional),
        };
        let observed = config.done.and(&self.observations);
        let head = self.seen.entry(key).or_insert(NONE);
        let mut position = *head;
        while position != NONE {
            let earlier = &self.remainders[position as usize];
            if earlier.observed.contains(&observed)
                && earlier.optional.contains(&config.optional)
                && earlier
                    .used
                    .iter()
                    .zip(&*config.used)
                    .all(|(earlier, now)| earlier <= now)
            {
                return false;
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
            next,
        });
        true
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

    /// What can be placed here, the most promising last (it is tried first).
    fn candidates(&self, step: u32, config: &Config<M::State, W>) -> Vec<Candidate> {
        let step = &self.timeline.steps[step as usize];
        let target = self.timeline.live[step.target as usize];
        let wanted = self.model.wanted(target.effect);
        let owed = self.blind.and_not(&config.done).and_not(&config.optional);
        let mut ranked: Vec<((u8, u32), Candidate)> = Vec::new();
        let movers = self.blind.or(&self.mutations).and_not(&config.done);
        let mut of_effect: Vec<(M::Effect, u32, usize)> = Vec::new();
        for slot in movers.iter() {
            let position = self.occupant[slot as usize];
            let live: &Live<M::Effect> = &self.timeline.live[position as usize];
            let Some(after) = self.model.step(config.state, live.effect) else {
                continue;
            };
            // An optional write that changes nothing only helps by absorbing writes that are owed.
            if after == config.state && config.optional.has(slot) && owed.is_empty() {
                continue;
            }
            let rank = if slot == target.slot {
                u8::from(config.optional.has(slot))
            } else if wanted == Some(after) {
                1
            } else {
                2
            };
            let entry = ((rank, live.returned), Candidate::Live(position));
            // Of identical ones, only the one that must return first.
            match of_effect.iter().find(|(effect, ..)| *effect == live.effect) {
                Some((_, returned, at)) if live.returned < *returned => ranked[*at] = entry,
                Some(_) => continue,
                None => {
                    of_effect.push((live.effect, live.returned, ranked.len()));
                    ranked.push(entry);
                    continue;
                }
            }
            if let Some(known) = of_effect.iter_mut().find(|(effect, ..)| *effect == live.effect) {
                known.1 = live.returned;
            }
        }
        for (position, class) in (0u32..).zip(&self.timeline.tokens) {
            let used = config.used[position as usize] as usize;
            if class.calls.get(used).is_none_or(|call| *call >= step.place) {
                continue;
            }
            let Some(after) = self.model.step(config.state, class.effect) else {
                continue;
            };
            if after == config.state && (class.role != Role::Blind || owed.is_empty()) {
                continue;
            }
            let rank = if wanted == Some(after) { 3 } else { 4 };
            ranked.push(((rank, position), Candidate::Token(position)));
        }
        if config.optional.has(target.slot) {
            // First, unless somebody waits for what it wrote.
            let after = self.model.step(config.state, target.effect);
            let awaited = self.observations.and_not(&config.done).iter().any(|slot| {
                let observation = &self.timeline.live[self.occupant[slot as usize] as usize];
                after.is_some() && self.model.wanted(observation.effect) == after
            });
            ranked.push(((if awaited { 1 } else { 0 }, 0), Candidate::Pass));
        }
        ranked.sort_unstable_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }

    fn place(&self, step: u32, mut config: Config<M::State, W>, candidate: Candidate) -> Config<M::State, W> {
        let target = &self.timeline.steps[step as usize].target;
        let target_slot = self.timeline.live[*target as usize].slot;
        let (effect, role) = match candidate {
            Candidate::Live(position) => {
                let live = &self.timeline.live[position as usize];
                config.done.set(live.slot);
                (live.effect, live.role)
            }
            Candidate::Token(class) => {
                let mut used: Vec<u32> = config.used.to_vec();
                used[class as usize] += 1;
                config.used = used.into();
                let class = &self.timeline.tokens[class as usize];
                (class.effect, class.role)
            }
            Candidate::Pass => {
                config.done.set(target_slot);
                config.optional.clear(target_slot);
                return config;
            }
        };
        if role == Role::Blind {
            config.optional = self.blind;
        }
        config.optional = config.optional.and_not(&config.done);
        // Whoever places something before the return of the target wants the target seen after it: to place
        // something and then pass the target is the same as to pass it and place that later.
        config.optional.clear(target_slot);
        config.state = self
            .model
            .step(config.state, effect)
            .expect("candidates are possible in the state they were drawn for");
        if M::PRUNES
            && let Some(lost) = self.model.lost()
            && self.is_lost(step, &config)
        {
            config.state = lost;
        }
        config
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
