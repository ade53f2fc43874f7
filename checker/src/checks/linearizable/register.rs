//! The register as a sequential object.

use super::{
    fast_hash::FastSet,
    impossible::impossible,
    model::{Model, Role, Timed},
    problem::{Effect, ValueId},
};

/// Read, write, compare-and-set; starts as value 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RegisterModel;

impl Model for RegisterModel {
    type State = ValueId;
    type Effect = Effect;

    fn initial(&self) -> ValueId {
        0
    }

    fn step(&self, state: ValueId, effect: Effect) -> Option<ValueId> {
        match effect {
            Effect::Read(value) => (state == value).then_some(state),
            Effect::Differs(value) => (state != value).then_some(state),
            Effect::Write(value) => Some(value),
            Effect::Cas(expect, value) => (state == expect).then_some(value),
        }
    }

    fn role(&self, effect: Effect) -> Role {
        match effect {
            Effect::Read(_) | Effect::Differs(_) => Role::Observation,
            Effect::Cas(expect, value) if expect == value => Role::Observation,
            Effect::Cas(..) => Role::Mutation,
            Effect::Write(_) => Role::Blind,
        }
    }

    fn wanted(&self, effect: Effect) -> Option<ValueId> {
        match effect {
            Effect::Read(value) | Effect::Cas(value, _) => Some(value),
            Effect::Write(_) | Effect::Differs(_) => None,
        }
    }

    fn impossible(&self, ops: &[Timed<Effect>]) -> Option<u32> {
        impossible(ops)
    }

    /// A writer of a value that nobody needs only overwrites. That helps nobody, unless someone saw that the
    /// value is *not* something.
    fn usefulness(&self, ops: &[Timed<Effect>]) -> Box<dyn Fn(Effect) -> bool> {
        let mut needed: FastSet<ValueId> = FastSet::default();
        for op in ops {
            match op.effect {
                Effect::Differs(_) => return Box::new(|_| true),
                Effect::Read(value) | Effect::Cas(value, _) => {
                    needed.insert(value);
                }
                Effect::Write(_) => {}
            }
        }
        Box::new(move |effect| match effect {
            Effect::Write(value) | Effect::Cas(_, value) => needed.contains(&value),
            Effect::Read(_) | Effect::Differs(_) => false,
        })
    }
}
