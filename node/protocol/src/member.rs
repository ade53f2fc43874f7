//! One step of one member: try each rule in order; say which fired and what to do.

use crate::input::Input;
use crate::output::Output;
use crate::rules::NEXT;
use crate::rules::rule::{Context, Rule};
use crate::state::State;

/// The table that a member runs by: the protocol, or the protocol with one planted bug.
#[derive(Clone, Copy)]
pub struct Rules(pub [Rule; NEXT.len()]);

impl Default for Rules {
    fn default() -> Self {
        Self(NEXT)
    }
}

/// Which rules fired in a step: bit *n* stands for the *n*-th row of [`NEXT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fired(pub u64);

impl Fired {
    /// Names of the rules, in order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NEXT.iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, rule)| rule.name)
    }

    /// Nothing fired: the input meant nothing in this state.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// Lets one input happen to `state`, at wall clock `wall_secs` (seconds since 1970), and appends what is to be
/// done to `outputs`. Pure: equal arguments give equal results.
pub fn step(
    rules: &Rules,
    state: &mut State,
    wall_secs: u32,
    input: &Input,
    outputs: &mut Vec<Output>,
) -> Fired {
    let mut fired = Fired::default();
    let mut context = Context::new(state, wall_secs, input, outputs);
    for (bit, rule) in rules.0.iter().enumerate() {
        if (rule.act)(&mut context).is_some() {
            fired.0 |= 1 << bit;
        }
    }
    fired
}
