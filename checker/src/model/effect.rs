//! One member's reaction to one thing, as numbers: computed by the core once, then remembered.

use protocol::config::MemberId;
use protocol::state::State;

use super::bounds::MEMBERS_MAX;
use super::network::travels;
use super::probe::{Other, PROBES};
use super::replica_set::ReplicaSet;
use super::row::SHELF;
use super::state::PANICKED;
use super::stimulus::{Reaction, Stimulus, fetch, heartbeat, react, said_by};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::Step;
use crate::invariants::ghosts::Tiding;
use crate::invariants::invariant::Check;

/// What a stimulus did, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    /// Messages for the network.
    pub(super) sent: Vec<u32>,
    /// What ghosts take note of.
    pub(super) tidings: Vec<Tiding>,
    /// The step invariant that was broken, as in [`ClusterState::broken`].
    pub(super) broken: u8,
}

/// What a stimulus did, in one word.
#[derive(Clone, Copy)]
pub struct Noted {
    /// Number of the member afterwards.
    pub(super) after: u32,
    /// Number of the effect, if there is one: the step was not quiet or not silent. It lies far away in memory, and
    /// mostly need not be looked at.
    pub(super) effect: u32,
    /// No invariant was broken, and there is nothing for ghosts.
    pub(super) quiet: bool,
    /// Nothing was sent.
    pub(super) silent: bool,
}

/// What happens to a member, without its operand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stand = 0,
    ElectionTimeout,
    CatchUpTimeout,
    LoseSight,
    Write,
    Persist,
    Restart,
    Read,
    Report = 9,
    Hear = SHELF as isize,
    Fetch,
    Deliver,
    Reconfigure,
    Install,
    Probe,
}

impl Kind {
    /// Where in its member's shelf the reaction is remembered, if it is one of the few that need no other member.
    const fn place(self, of: u32) -> Option<usize> {
        let place = self as usize + of as usize;
        if (self as usize) < SHELF {
            Some(place)
        } else {
            None
        }
    }
}

// The reads that miss a write or don't, then the reports to each other member.
const _: () = assert!(Kind::Read as usize + 2 == Kind::Report as usize);
const _: () = assert!(Kind::Report as usize + MEMBERS_MAX <= SHELF);

impl ReplicaSet {
    pub(super) fn reaction(&self, member: u32, kind: Kind, of: u32) -> Noted {
        let compute = || self.react(member, kind, of).pack();
        Noted::unpack(match kind.place(of) {
            Some(place) => self.own_reactions.get_or(member, place, compute),
            None => self.reactions.get_or(reaction_key(member, kind, of), compute),
        })
    }

    /// Looks where a reaction is remembered, so that it is near when it is asked for.
    pub(super) fn warm_reaction(&self, member: u32, kind: Kind, of: u32) -> u64 {
        match kind.place(of) {
            Some(place) => self.own_reactions.warm(member, place),
            None => self.reactions.warm(reaction_key(member, kind, of)),
        }
    }

    fn react(&self, number: u32, kind: Kind, of: u32) -> Noted {
        if kind == Kind::Probe {
            return self.probe(number, of);
        }
        if !matches!(kind, Kind::Hear | Kind::Fetch) {
            return self.note_reaction(number, kind, self.stimulus(kind, of)).0;
        }
        // Of the other only what it answers counts, mostly: many others answer the same.
        let said = self.answer(number, kind, of);
        let key = u64::from(number) << 32 | u64::from(kind == Kind::Fetch) << 31 | u64::from(said + 1);
        let exchanged = self.exchanges.get_or_maybe_keep(key, || {
            let said = self.said.value(said);
            let stimulus = if kind == Kind::Hear {
                Stimulus::Hear(said)
            } else {
                let other = &self.members.value(of).member;
                Stimulus::Fetch { other, said }
            };
            let (noted, asked_again) = self.note_reaction(number, kind, stimulus);
            (noted.pack(), !asked_again)
        });
        Noted::unpack(exchanged)
    }

    /// The number of what another member answers to this one's heartbeat or fetch.
    fn answer(&self, number: u32, kind: Kind, other: u32) -> u32 {
        let (member, asked) = (&self.members.value(number).member, self.members.value(other));
        let (to, term) = (asked.member.id(), asked.member.state.term);
        let request = if kind == Kind::Hear {
            heartbeat(member, to, term)
        } else {
            fetch(member, to, term)
        };
        let request = self.requests.number(request);
        let key = u64::from(other) << 32 | u64::from(request + 1);
        let said = self.answers.get_or(key, || {
            let request = self.requests.value(request).clone();
            u64::from(self.said.number(said_by(&self.rules, &asked.member, request))) + 1
        });
        (said - 1) as u32
    }

    /// What came of a stimulus, and whether more of another member counted than the stimulus says.
    fn note_reaction(&self, number: u32, kind: Kind, stimulus: Stimulus<'_>) -> (Noted, bool) {
        let member = &self.members.value(number).member;
        let reaction = react(&self.rules, member, stimulus);
        self.note_fired(reaction.fired);
        let sent = reaction.sent().filter(|message| travels(message, kind));
        let mut sent: Vec<_> = sent
            .map(|message| self.messages.number(message.clone()))
            .collect();
        sent.sort_unstable();
        let broken = if reaction.panicked {
            PANICKED
        } else {
            first_broken(&reaction)
        };
        let tidings = if kind == Kind::Report {
            Vec::new()
        } else {
            tidings(&reaction)
        };
        let asked_again = reaction.asked_again;
        let after = if kind == Kind::Report || reaction.member == **member {
            number
        } else {
            self.number(reaction.member)
        };
        let quiet = broken == 0 && tidings.is_empty();
        let silent = sent.is_empty();
        let effect = if quiet && silent {
            0
        } else {
            self.effects.number(Effect {
                sent,
                tidings,
                broken,
            })
        };
        let noted = Noted {
            after,
            effect,
            quiet,
            silent,
        };
        (noted, asked_again)
    }

    /// The number of what questions need of a member.
    pub(super) fn other(&self, number: u32) -> u32 {
        self.asked_about.get_or(number, || {
            let other = Other::of(&self.members.value(number).member.state);
            self.others.number(other)
        })
    }

    /// Asks all questions; the first wrong answer counts.
    fn probe(&self, number: u32, of: u32) -> Noted {
        let (member, other) = (&self.members.value(number).member, self.others.value(of));
        let broken = PROBES.iter().find_map(|probe| {
            let inputs = probe(&member.state, other);
            let reaction = react(&self.rules, member, Stimulus::Given(&inputs));
            let broken = if reaction.panicked {
                PANICKED
            } else {
                first_broken(&reaction)
            };
            (broken != 0).then_some(broken)
        });
        let effect = broken.map(|broken| {
            self.effects.number(Effect {
                sent: Vec::new(),
                tidings: Vec::new(),
                broken,
            })
        });
        Noted {
            after: number,
            effect: effect.unwrap_or(0),
            quiet: effect.is_none(),
            silent: true,
        }
    }

    fn stimulus(&self, kind: Kind, of: u32) -> Stimulus<'_> {
        match kind {
            // Several in one, and what depends on answers: see above.
            Kind::Probe | Kind::Hear | Kind::Fetch => Stimulus::Given(&[]),
            Kind::Stand => Stimulus::Stand,
            Kind::ElectionTimeout => Stimulus::ElectionTimeout,
            Kind::CatchUpTimeout => Stimulus::CatchUpTimeout,
            Kind::LoseSight => Stimulus::LoseSight,
            Kind::Write => Stimulus::Write,
            Kind::Read => Stimulus::Read {
                misses_a_write: of != 0,
            },
            Kind::Persist => Stimulus::Persist,
            Kind::Restart => Stimulus::Restart,
            Kind::Report => Stimulus::Report(MemberId(of as u8)),
            Kind::Deliver => Stimulus::Deliver(self.messages.value(of)),
            Kind::Reconfigure => Stimulus::Reconfigure { votes: of as u8 },
            Kind::Install => Stimulus::Install(&self.members.value(of).member),
        }
    }
}

impl Noted {
    /// Members and effects have numbers below 2³¹, and the word is never zero.
    fn pack(self) -> u64 {
        let flags = u64::from(self.quiet) << 1 | u64::from(self.silent);
        u64::from(self.after + 1) << 33 | u64::from(self.effect) << 2 | flags
    }

    fn unpack(word: u64) -> Self {
        Noted {
            after: (word >> 33) as u32 - 1,
            effect: (word >> 2) as u32 & (u32::MAX >> 1),
            quiet: word & 2 != 0,
            silent: word & 1 != 0,
        }
    }
}

fn reaction_key(member: u32, kind: Kind, of: u32) -> u64 {
    u64::from(member) << 32 | (kind as u64 - SHELF as u64 + 1) << 28 | u64::from(of)
}

fn tidings(reaction: &Reaction<'_>) -> Vec<Tiding> {
    let steps = reaction.steps.iter().zip(after_each(reaction));
    steps
        .flat_map(|((before, _, outputs), after)| Tiding::of(before, outputs, after))
        .collect()
}

fn first_broken(reaction: &Reaction<'_>) -> u8 {
    let states = after_each(reaction);
    let mut broken = reaction
        .steps
        .iter()
        .zip(states)
        .map(|((before, input, outputs), after)| {
            broken_by(&Step {
                before,
                input,
                outputs,
                after,
            })
        });
    broken.find(|broken| *broken != 0).unwrap_or(0)
}

fn after_each<'a>(reaction: &'a Reaction<'_>) -> impl Iterator<Item = &'a State> {
    let later = reaction.steps.iter().skip(1).map(|(state, _, _)| &**state);
    later.chain(std::iter::once(&reaction.member.state))
}

fn broken_by(step: &Step<'_>) -> u8 {
    let broken = INVARIANTS.iter().position(|invariant| match invariant.check {
        Check::Step(check) => check(step).is_some(),
        Check::State(_) => false,
    });
    broken.map_or(0, |place| place as u8 + 1)
}
