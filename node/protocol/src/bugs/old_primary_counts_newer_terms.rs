//! R02: whoever has the present configuration counts, even if it is in a newer term already.

use super::bug::Bug;
use crate::input::Input;
use crate::message::Body;
use crate::rules::reconfigure;
use crate::rules::rule::{Context, Rule};
use crate::rules::update_term::update_term;

pub(super) const BUG: Bug = Bug {
    id: "R02",
    name: "no_term_quorum_check",
    story: "An old primary asks who has its configuration, and members that have elected another primary since say yes: it \
            goes on to the next configuration beside the new primary's (the term quorum check of logless \
            reconfiguration).",
    // Answers to heartbeats carry no term then: they neither end the old term nor are they dropped for theirs.
    rules: &[
        Rule {
            name: "update_term",
            act: |context| update_term(context, |body| !matches!(body, Body::HeartbeatResponse { .. })),
        },
        Rule {
            name: "reconfigure",
            act: count_any_term,
        },
    ],
    caught_by: &["model:I-16", "model:I-01", "model:I-03"],
};

fn count_any_term(context: &mut Context<'_>) -> Option<()> {
    if let Input::Message(message) = context.input
        && let Body::HeartbeatResponse { config, .. } = message.body
        && context.state.is_primary()
        && config == context.state.config.id
        && let Some(position) = context.state.config.position(message.from)
    {
        context.state.installed.insert(position);
    }
    (reconfigure::RULE.act)(context)
}
