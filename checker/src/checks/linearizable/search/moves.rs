//! What can be done at a return, in the order in which it is tried, and what it leads to.

use super::{Config, Search};
use crate::checks::linearizable::{
    bits::Bits,
    model::{Model, Role},
    timeline::{Live, TokenClass},
};

/// By how many half ranks a candidate is moved at most.
const SHUFFLED_RANKS: u8 = 4;

#[derive(Clone, Copy)]
pub(super) enum Candidate {
    /// Place this pending operation.
    Live(u32),
    /// Use one crashed operation of this class.
    Token(u32),
    /// Let the optional write that returns now have been overwritten by the last blind write.
    Pass,
    /// Let this optional write have come just before the last blind write, seen by the one that returns now.
    Charge(u32),
    /// The same with a crashed operation of this class.
    ChargeToken(u32),
}

impl<M: Model, const W: usize> Search<'_, M, W> {
    /// What can be placed here, the most promising last (it is tried first).
    pub(super) fn candidates(&self, at: u32, config: &Config<M::State, W>) -> Vec<Candidate> {
        let step = &self.timeline.steps[at as usize];
        let target = self.timeline.live[step.target as usize];
        let wanted = self.model.wanted(target.effect);
        let owed = self.blind.and_not(&config.done).and_not(&config.optional);
        // A write that changes nothing absorbs writes that are owed, and lets what was called since the last one have
        // seen another value before it. So does it let a crashed write be seen that was called since then:
        // 1. one of two equal writes returns, the other is optional; 2. another value's write is called, and crashes;
        // 3. a read that has been under way all the time returns that value; 4. the next one the first again.
        let unexplained = self.observations.or(&self.mutations).and_not(&config.done);
        let renews = !owed.is_empty()
            || (!unexplained.is_empty() && self.has_new_blind_token(step.place, config))
            || unexplained
                .iter()
                .any(|slot| self.occupant[slot as usize] >= config.before_blind);
        let mut ranked: Vec<((u8, u32), Candidate)> = Vec::new();
        let blind = if config.fresh { Bits::EMPTY } else { self.blind };
        let movers = blind.or(&self.mutations).and_not(&config.done);
        let mut of_effect: Vec<(M::Effect, u32, usize)> = Vec::new();
        for slot in movers.iter() {
            let position = self.occupant[slot as usize];
            let live: &Live<M::Effect> = &self.timeline.live[position as usize];
            let Some(after) = self.model.step(config.state, live.effect) else {
                continue;
            };
            if after == config.state && config.optional.has(slot) && !renews {
                continue;
            }
            let settles = slot == target.slot || self.settles(&target, after);
            if live.role == Role::Blind && !settles && !self.leads_on(step.place, config, after) {
                continue;
            }
            let rank = if slot == target.slot || wanted == Some(after) {
                1
            } else {
                2
            };
            let entry = ((rank, live.returned), Candidate::Live(position));
            // Of identical ones, only the one that must return first.
            match of_effect.iter().find(|(effect, ..)| *effect == live.effect) {
                Some((_, returned, at)) if live.returned < *returned || slot == target.slot => {
                    ranked[*at] = entry;
                }
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
            if class.calls.get(used).is_none_or(|call| *call >= step.place)
                || (config.fresh && class.role == Role::Blind)
            {
                continue;
            }
            let Some(after) = self.model.step(config.state, class.effect) else {
                continue;
            };
            if after == config.state && (class.role != Role::Blind || !renews) {
                continue;
            }
            let settles = class.role != Role::Blind || self.settles(&target, after);
            if !settles && !self.leads_on(step.place, config, after) {
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
                let late = self.occupant[slot as usize] >= config.before_blind;
                late && after.is_some() && self.model.wanted(observation.effect) == after
            });
            ranked.push(((if awaited { 1 } else { 0 }, u32::MAX), Candidate::Pass));
        }
        self.charges(step.target, config, &mut ranked);
        if self.round > 0 {
            self.shuffle(at, &mut ranked);
        }
        ranked.sort_unstable_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// Another order for another attempt: each candidate may be moved by a rank or two.
    fn shuffle(&self, step: u32, ranked: &mut [((u8, u32), Candidate)]) {
        for (position, ((rank, _), _)) in (0u64..).zip(ranked) {
            let mixed = (u64::from(self.round) << 48 | u64::from(step) << 16 | position)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *rank = *rank * 2 + (mixed >> 61) as u8 % SHUFFLED_RANKS;
        }
    }

    /// Whether a crashed blind write was called since the last blind write was placed.
    fn has_new_blind_token(&self, place: u32, config: &Config<M::State, W>) -> bool {
        let classes = self.timeline.tokens.iter().zip(&*config.used);
        let mut unused = classes.filter(|(class, _)| class.role == Role::Blind);
        unused.any(|(class, used)| {
            let calls = class.calls.get(*used as usize..).unwrap_or(&[]);
            calls
                .iter()
                .any(|call| (config.blind_place..place).contains(call))
        })
    }

    /// Whether the target can return once another blind write has left the state `after`. (A blind one is placed itself:
    /// what overwrites it can as well be placed after its return.)
    fn settles(&self, target: &Live<M::Effect>, after: M::State) -> bool {
        target.role != Role::Blind && self.model.step(after, target.effect).is_some()
    }

    /// Whether something that is not blind can follow in the state `after`.
    fn leads_on(&self, place: u32, config: &Config<M::State, W>, after: M::State) -> bool {
        let pending = self.mutations.and_not(&config.done);
        let follows = |effect: M::Effect| self.model.step(after, effect).is_some();
        pending
            .iter()
            .any(|slot| follows(self.timeline.live[self.occupant[slot as usize] as usize].effect))
            || self
                .timeline
                .tokens
                .iter()
                .zip(&*config.used)
                .any(|(class, used)| {
                    let at_hand = class.calls.get(*used as usize).is_some_and(|call| *call < place);
                    at_hand && class.role == Role::Mutation && follows(class.effect)
                })
    }

    /// Writes that the target may have seen just before the last blind write.
    fn charges(&self, target: u32, config: &Config<M::State, W>, ranked: &mut Vec<((u8, u32), Candidate)>) {
        let live = &self.timeline.live[target as usize];
        if target >= config.before_blind || live.role == Role::Blind {
            return;
        }
        let explains = |effect: M::Effect| {
            let after = self.model.step(config.state, effect);
            after.is_some_and(|after| self.model.step(after, live.effect).is_some())
        };
        let mut first_of: Vec<(M::Effect, u32, u32)> = Vec::new();
        for slot in config.optional.iter() {
            let position = self.occupant[slot as usize];
            let write = &self.timeline.live[position as usize];
            match first_of.iter_mut().find(|(effect, ..)| *effect == write.effect) {
                Some((_, returned, first)) if write.returned < *returned => {
                    (*returned, *first) = (write.returned, position);
                }
                Some(_) => {}
                None if explains(write.effect) => first_of.push((write.effect, write.returned, position)),
                None => {}
            }
        }
        for (_, returned, position) in first_of {
            ranked.push(((2, returned), Candidate::Charge(position)));
        }
        for (position, class) in (0u32..).zip(&self.timeline.tokens) {
            let used = config.used[position as usize] as usize;
            let at_hand = class
                .calls
                .get(used)
                .is_some_and(|call| *call < config.blind_place);
            if at_hand && class.role == Role::Blind && explains(class.effect) {
                ranked.push(((4, position), Candidate::ChargeToken(position)));
            }
        }
    }

    /// A write, taken from the optional ones or the tokens, came just before the last blind write, and the target
    /// (and whoever else could) saw it.
    fn charge(&self, target: u32, effect: M::Effect, config: &mut Config<M::State, W>) {
        let live = &self.timeline.live[target as usize];
        let after = self.model.step(config.state, effect);
        let seen = after.and_then(|after| Some((after, self.model.step(after, live.effect)?)));
        let (after, last) = seen.expect("a charge explains the target");
        config.done.set(live.slot);
        self.observe(after, config.before_blind, &mut config.done);
        self.observe(last, config.before_blind, &mut config.done);
    }

    pub(super) fn place(
        &self,
        step: u32,
        mut config: Config<M::State, W>,
        candidate: Candidate,
    ) -> Config<M::State, W> {
        let now = &self.timeline.steps[step as usize];
        let target = &self.timeline.live[now.target as usize];
        let (effect, role) = match candidate {
            Candidate::Live(position) => {
                let live = &self.timeline.live[position as usize];
                config.done.set(live.slot);
                (live.effect, live.role)
            }
            Candidate::Token(class) => {
                let class = self.take_token(class, &mut config);
                (class.effect, class.role)
            }
            Candidate::Pass => {
                config.done.set(target.slot);
                config.optional.clear(target.slot);
                // It costs nothing to have been seen before it was overwritten.
                if let Some(after) = self.model.step(config.state, target.effect) {
                    self.observe(after, config.before_blind, &mut config.done);
                }
                return config;
            }
            Candidate::Charge(position) => {
                let live = &self.timeline.live[position as usize];
                config.done.set(live.slot);
                config.optional.clear(live.slot);
                self.charge(now.target, live.effect, &mut config);
                return config;
            }
            Candidate::ChargeToken(class) => {
                let effect = self.take_token(class, &mut config).effect;
                self.charge(now.target, effect, &mut config);
                return config;
            }
        };
        let target_slot = target.slot;
        config.fresh = role == Role::Blind;
        if role == Role::Blind {
            config.optional = self.blind;
            (config.before_blind, config.blind_place) = (now.called.end, now.place);
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

    fn take_token(&self, class: u32, config: &mut Config<M::State, W>) -> &TokenClass<M::Effect> {
        let mut used: Vec<u32> = config.used.to_vec();
        used[class as usize] += 1;
        config.used = used.into();
        &self.timeline.tokens[class as usize]
    }
}
