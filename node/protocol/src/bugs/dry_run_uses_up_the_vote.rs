//! E11: a yes in a dry run counts as a vote given.

use super::bug::Bug;
use crate::message::Body;
use crate::output::{Output, Vote};
use crate::rules::grant_vote;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "E11",
    name: "dry_run_uses_up_the_vote",
    story: "A dry run is to change nothing anywhere; here each one costs the voter its vote of the present term, and \
            elections fail for want of votes.",
    rules: &[Rule {
        name: "grant_vote",
        act: vote_in_dry_runs,
    }],
    caught_by: &["model:R-26"],
};

fn vote_in_dry_runs(context: &mut Context<'_>) -> Option<()> {
    (grant_vote::RULE.act)(context)?;
    let yes = context.outputs.iter().find_map(|output| match output {
        Output::Send(message) => match message.body {
            Body::VoteResponse {
                dry_run: true,
                granted: true,
                ..
            } => Some(message.to),
            _ => None,
        },
        _ => None,
    });
    if let Some(candidate) = yes {
        let vote = Vote {
            term: context.state.term,
            candidate: Some(candidate),
        };
        context.state.vote = vote;
        context.out(Output::PersistVote(vote));
    }
    Some(())
}
