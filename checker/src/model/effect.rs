//! One member's reaction to one thing, as numbers: computed by the core once, then remembered.

use protocol::config::MemberId;
use protocol::input::Input;
use protocol::output::Output;
use protocol::state::State;

use super::network::travels;
use super::probe::PROBES;
use super::replica_set::ReplicaSet;
use super::state::PANICKED;
use super::stimulus::{Reaction, Stimulus, react};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::Step;
use crate::invariants::invariant::Check;

/// What a stimulus did, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    pub(super) after: u32,
    /// Messages for the network.
    pub(super) sent: Vec<u32>,
    /// The core's steps, kept where ghosts must look at them.
    pub(super) steps: Vec<(State, Input, Vec<Output>)>,
    /// The step invariant that was broken, as in [`ClusterState::broken`].
    pub(super) broken: u8,
}

/// What a stimulus did, in one word.
#[derive(Clone, Copy)]
pub struct Noted {
    /// Number of the member afterwards.
    pub(super) after: u32,
    /// Number of the effect, unless it is plain.
    pub(super) effect: u32,
    /// Nothing but the member changed.
    pub(super) plain: bool,
}

/// What happens to a member, without its operand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stand = 1,
    ElectionTimeout,
    CatchUpTimeout,
    LoseSight,
    Write,
    Read,
    Persist,
    Restart,
    Hear,
    Fetch,
    Report,
    Deliver,
    Reconfigure,
    Install,
    Probe,
}

impl ReplicaSet {
    pub(super) fn reaction(&self, member: u32, kind: Kind, of: u32) -> Noted {
        let key = u64::from(member) << 32 | (kind as u64) << 28 | u64::from(of);
        Noted::unpack(self.reactions.get_or(key, || self.react(member, kind, of).pack()))
    }

    fn react(&self, number: u32, kind: Kind, of: u32) -> Noted {
        if kind == Kind::Probe {
            return self.probe(number, of);
        }
        let member = &self.members.value(number).member;
        let reaction = react(&self.rules, member, self.stimulus(kind, of));
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
        let steps = if kind != Kind::Report && is_notable(&reaction) {
            reaction.steps
        } else {
            Vec::new()
        };
        let after = if kind == Kind::Report {
            number
        } else {
            self.number(reaction.member)
        };
        let plain = broken == 0 && sent.is_empty() && steps.is_empty();
        let effect = if plain {
            0
        } else {
            self.effects.number(Effect {
                after,
                sent,
                steps,
                broken,
            })
        };
        Noted { after, effect, plain }
    }

    /// Asks all questions; the first wrong answer counts.
    fn probe(&self, number: u32, of: u32) -> Noted {
        let (member, other) = (&self.members.value(number).member, &self.members.value(of).member);
        let broken = PROBES.iter().find_map(|probe| {
            let inputs = probe(&member.state, &other.state);
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
                after: number,
                sent: Vec::new(),
                steps: Vec::new(),
                broken,
            })
        });
        Noted {
            after: number,
            effect: effect.unwrap_or(0),
            plain: effect.is_none(),
        }
    }

    fn stimulus(&self, kind: Kind, of: u32) -> Stimulus<'_> {
        match kind {
            // Several in one, see above.
            Kind::Probe => Stimulus::Given(&[]),
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
            Kind::Hear => Stimulus::Hear(&self.members.value(of).member),
            Kind::Fetch => Stimulus::Fetch(&self.members.value(of).member),
            Kind::Report => Stimulus::Report(MemberId(of as u8)),
            Kind::Deliver => Stimulus::Deliver(self.messages.value(of)),
            Kind::Reconfigure => Stimulus::Reconfigure { votes: of as u8 },
            Kind::Install => Stimulus::Install(&self.members.value(of).member),
        }
    }
}

impl Noted {
    /// Members have numbers below 2³¹, and the word is never zero.
    fn pack(self) -> u64 {
        u64::from(self.after + 1) << 33 | u64::from(self.effect) << 1 | u64::from(self.plain)
    }

    fn unpack(word: u64) -> Self {
        Noted {
            after: (word >> 33) as u32 - 1,
            effect: (word >> 1) as u32,
            plain: word & 1 != 0,
        }
    }
}

/// Whether ghosts must look: something was decided or promised.
fn is_notable(reaction: &Reaction) -> bool {
    let states = after_each(reaction);
    reaction
        .steps
        .iter()
        .zip(states)
        .any(|((before, _, outputs), after)| {
            let told = |output: &Output| matches!(output, Output::CommitPoint(_) | Output::Complete { .. });
            outputs.iter().any(told) || (after.is_primary() && !before.is_primary())
        })
}

fn first_broken(reaction: &Reaction) -> u8 {
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

fn after_each(reaction: &Reaction) -> impl Iterator<Item = &State> {
    let later = reaction.steps.iter().skip(1).map(|(state, _, _)| state);
    later.chain(std::iter::once(&reaction.member.state))
}

fn broken_by(step: &Step<'_>) -> u8 {
    let broken = INVARIANTS.iter().position(|invariant| match invariant.check {
        Check::Step(check) => check(step).is_some(),
        Check::State(_) => false,
    });
    broken.map_or(0, |place| place as u8 + 1)
}
