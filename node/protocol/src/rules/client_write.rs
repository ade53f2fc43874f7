//! `ClientWrite`: a writable primary appends; everybody else turns the client away.

use super::rule::{Context, Rule};
use crate::input::Input;
use crate::output::{Content, Output, Refusal};
use crate::state::Waiting;

/// See the module.
pub const RULE: Rule = Rule {
    name: "client_write",
    act: client_write,
};

fn client_write(context: &mut Context<'_>) -> Option<()> {
    let (id, entries, concern) = match *context.input {
        Input::ClientWrite { id, entries, concern } => (id, entries, concern),
        Input::ClientNoop { id, concern } => (id, 0, concern),
        Input::Note => {
            context.state.is_writable().then_some(())?;
            context.append_own(Content::Note, 1);
            return Some(());
        }
        _ => return None,
    };
    if !context.state.is_writable() {
        context.out(Output::Refuse {
            id,
            refusal: Refusal::NotWritablePrimary,
        });
        return Some(());
    }
    // A statement that changed nothing has still seen something: it waits for the newest entry, which is of this
    // term because a writable primary wrote at least its first one (SERVER-101041).
    let optime = if entries == 0 {
        context.state.last_written()
    } else {
        context.append_own(Content::Write(id), entries)
    };
    context.state.waiting.push(Waiting { id, optime, concern });
    Some(())
}
