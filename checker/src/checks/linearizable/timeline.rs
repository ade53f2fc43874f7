//! One key's operations laid out for the search: returns in order, slots for what is pending, tokens for what
//! crashed.

use super::{
    fast_hash::FastMap,
    model::{Model, Role, Timed},
};
use crate::history::Op;

/// The pending operations are numbered by slots, which are used again after a return.
#[derive(Debug)]
pub(super) struct Timeline<E> {
    /// Completed operations by return.
    pub(super) steps: Vec<Step>,
    /// Completed operations: effect, return, slot, class.
    pub(super) live: Vec<Live<E>>,
    /// Classes of crashed operations: identical ones are interchangeable.
    pub(super) tokens: Vec<TokenClass<E>>,
    /// Observations by return, where the model prunes: see [`Model::reaches`].
    pub(super) observations: Vec<Awaited>,
    /// Highest number of completed operations pending at once.
    pub(super) slots: u32,
}

/// One return.
#[derive(Debug)]
pub(super) struct Step {
    /// Position in `Timeline::live` of the operation that returns.
    pub(super) target: u32,
    /// Positions of the operations called since the return before.
    pub(super) called: std::ops::Range<u32>,
    /// Place of this return: crashed operations called before it are at hand.
    pub(super) place: u32,
}

/// An observation that must still be explained.
#[derive(Debug)]
pub(super) struct Awaited {
    /// Position in `Timeline::live`.
    pub(super) live: u32,
    /// Step of its return.
    pub(super) step: u32,
    /// Blind writes (positions in `Timeline::live`, called before the return) from whose result it can be reached.
    pub(super) bases: Vec<u32>,
    /// Some crashed blind write is such a base.
    pub(super) crashed_base: bool,
}

/// A completed operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live<E> {
    pub(super) effect: E,
    pub(super) role: Role,
    /// See [`Model::usefulness`].
    pub(super) useful: bool,
    pub(super) returned: u32,
    pub(super) slot: u32,
    /// Position in the given slice.
    pub(super) origin: u32,
}

/// Crashed operations of one effect.
#[derive(Debug)]
pub(super) struct TokenClass<E> {
    pub(super) effect: E,
    pub(super) role: Role,
    /// Places of their calls, rising.
    pub(super) calls: Vec<u32>,
}

impl<E: Copy + Eq + std::hash::Hash> Timeline<E> {
    /// Lays out `ops`.
    pub(super) fn new<M: Model<Effect = E>>(model: &M, ops: &[Timed<E>]) -> Self {
        let mut by_call: Vec<u32> = (0u32..).zip(ops).map(|(position, _)| position).collect();
        by_call.sort_by_key(|position| ops[*position as usize].call);
        let is_useful = model.usefulness(ops);
        let mut live = Vec::with_capacity(ops.len());
        let mut tokens: Vec<TokenClass<E>> = Vec::new();
        let mut class_of: FastMap<E, Option<usize>> = FastMap::default();
        for position in by_call {
            let op = ops[position as usize];
            let role = model.role(op.effect);
            if op.returned != Op::NEVER {
                live.push(Live {
                    effect: op.effect,
                    role,
                    useful: role == Role::Blind && is_useful(op.effect),
                    returned: op.returned,
                    slot: 0,
                    origin: position,
                });
                continue;
            }
            let class = *class_of.entry(op.effect).or_insert_with(|| {
                let useful = role != Role::Observation && is_useful(op.effect);
                useful.then(|| {
                    tokens.push(TokenClass {
                        effect: op.effect,
                        role,
                        calls: Vec::new(),
                    });
                    tokens.len() - 1
                })
            });
            if let Some(class) = class {
                tokens[class].calls.push(op.call);
            }
        }
        let mut by_return: Vec<u32> = (0u32..).zip(&live).map(|(position, _)| position).collect();
        by_return.sort_by_key(|position| live[*position as usize].returned);
        let calls: Vec<u32> = live.iter().map(|live| ops[live.origin as usize].call).collect();
        let mut timeline = Self {
            steps: Vec::with_capacity(live.len()),
            live,
            tokens,
            observations: Vec::new(),
            slots: 0,
        };
        timeline.assign(&by_return, &calls);
        if M::PRUNES {
            timeline.await_observations(model, &calls);
        }
        timeline
    }

    fn await_observations<M: Model<Effect = E>>(&mut self, model: &M, calls: &[u32]) {
        for (step, place) in (0u32..).zip(&self.steps) {
            let observation = self.live[place.target as usize];
            let Some(wanted) = model
                .wanted(observation.effect)
                .filter(|_| observation.role == Role::Observation)
            else {
                continue;
            };
            let leads = |effect: E, role: Role| {
                role == Role::Blind
                    && model
                        .step(model.initial(), effect)
                        .is_some_and(|after| model.reaches(after, wanted))
            };
            let called = calls.partition_point(|call| *call < observation.returned) as u32;
            let bases = (0..called)
                .filter(|position| {
                    let live = self.live[*position as usize];
                    leads(live.effect, live.role)
                })
                .collect();
            let crashed_base = self.tokens.iter().any(|class| leads(class.effect, class.role));
            self.observations.push(Awaited {
                live: place.target,
                step,
                bases,
                crashed_base,
            });
        }
    }

    fn assign(&mut self, by_return: &[u32], calls: &[u32]) {
        let mut free: Vec<u32> = Vec::new();
        let mut called = 0u32;
        for target in by_return {
            let place = self.live[*target as usize].returned;
            let begin = called;
            while calls.get(called as usize).is_some_and(|call| *call < place) {
                let slot = free.pop().unwrap_or_else(|| {
                    self.slots += 1;
                    self.slots - 1
                });
                self.live[called as usize].slot = slot;
                called += 1;
            }
            self.steps.push(Step {
                target: *target,
                called: begin..called,
                place,
            });
            free.push(self.live[*target as usize].slot);
        }
    }
}
