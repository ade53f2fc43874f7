//! C11: a statement that changed nothing is acknowledged without waiting for what it saw.

use super::bug::Bug;
use crate::input::Input;
use crate::output::{Outcome, Output};
use crate::rules::client_write;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "C11",
    name: "noop_write_majority_ack",
    story: "An update that finds everything as it should be already, or a retried insert, is answered as majority-committed \
            at once; what it found is rolled back (SERVER-101041, SERVER-120978).",
    rules: &[Rule {
        name: "client_write",
        act: answer_at_once,
    }],
    caught_by: &["model:R-64", "simulate:I-10", "check:linearizable"],
};

fn answer_at_once(context: &mut Context<'_>) -> Option<()> {
    match *context.input {
        Input::ClientNoop { id, .. } if context.state.is_writable() => {
            let outcome = Outcome::Done;
            context.out(Output::Complete { id, outcome });
            Some(())
        }
        _ => (client_write::RULE.act)(context),
    }
}
