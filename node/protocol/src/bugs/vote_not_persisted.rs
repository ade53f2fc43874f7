//! E01: the answer to a vote request does not wait for the disk, and the vote never gets there.

use super::bug::Bug;
use crate::message::Body;
use crate::output::Output;
use crate::rules::grant_vote;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "E01",
    name: "vote_not_persisted",
    story: "A member keeps its vote in memory only: after a quick restart it votes again in the same term, and two \
            primaries lead it (nebula #2405, akka-raft #47).",
    rules: &[Rule {
        name: "grant_vote",
        act: answer_at_once,
    }],
    caught_by: &["model:I-01", "model:I-14"],
};

fn answer_at_once(context: &mut Context<'_>) -> Option<()> {
    (grant_vote::RULE.act)(context)?;
    let me = context.state.me;
    let granted = context
        .outputs
        .iter()
        .enumerate()
        .find_map(|(place, output)| match output {
            Output::PersistVote(vote) if vote.candidate != Some(me) => Some((place, *vote)),
            _ => None,
        });
    if let Some((place, vote)) = granted
        && let Some(candidate) = vote.candidate
    {
        context.outputs.remove(place);
        let body = Body::VoteResponse {
            dry_run: false,
            asked: vote.term,
            granted: true,
        };
        context.send(candidate, body);
    }
    Some(())
}
