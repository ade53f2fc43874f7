//! Stateright's `LinearizabilityTester`, on the same operations.

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use crate::{
    checks::linearizable::{Effect, Model, RegisterModel, Timed},
    history::Op,
};

/// The register in stateright's terms: an operation carries what it saw, and is possible or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Register(u32);

impl SequentialSpec for Register {
    type Op = Effect;
    type Ret = bool;

    fn invoke(&mut self, effect: &Effect) -> bool {
        let after = RegisterModel.step(self.0, *effect);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    fn is_valid_step(&mut self, effect: &Effect, _returned: &bool) -> bool {
        self.invoke(effect)
    }
}

/// Whether stateright finds an order. Crashed operations stay in flight, which is how it knows them.
pub(crate) fn stateright_linearizable(ops: &[Timed<Effect>]) -> bool {
    let mut events: Vec<(u32, bool, usize)> = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        events.push((op.call, false, at));
        if op.returned != Op::NEVER {
            events.push((op.returned, true, at));
        }
    }
    events.sort_unstable();
    let mut tester = LinearizabilityTester::new(Register(0));
    for (_, is_return, at) in events {
        // One thread an operation: real-time order is all that counts.
        let taken = if is_return {
            tester.on_return(at, true)
        } else {
            tester.on_invoke(at, ops[at].effect)
        };
        if taken.is_err() {
            return false;
        }
    }
    tester.is_consistent()
}
