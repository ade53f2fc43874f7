//! I-20, SyncingNotCounted (R-11, R-29b, R-100): whoever has no vote, a new member that still syncs among them, is
//! counted in no election.

use protocol::config::MemberSet;
use protocol::input::Input;
use protocol::message::Body;
use protocol::state::{Role, State};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-20",
    name: "only voters are counted",
    check: Check::Step(counts_another),
};

/// An answer that only lies with the others is not counted yet: who has lost its vote since it was asked may still say
/// yes to a dry run, and changes nothing by it (seed 212548 of the simulator). It is counted when this member stands, or
/// wins, and the voters alone were too few.
fn counts_another(step: &Step<'_>) -> Option<String> {
    let Input::Message(message) = step.input else {
        return None;
    };
    matches!(message.body, Body::VoteResponse { granted: true, .. }).then_some(())?;
    let config = &step.before.config;
    let mut granted = granted(step.before);
    granted.insert(config.position(message.from)?);
    let stands =
        matches!(step.before.role, Role::DryRun { .. }) && !matches!(step.after.role, Role::DryRun { .. });
    let wins = step.after.is_primary() && !step.before.is_primary();
    ((stands || wins) && !config.is_majority(granted)).then_some(())?;
    let mut others = config.members.iter().enumerate();
    let (_, other) = others.find(|(position, member)| granted.contains(*position) && !member.is_voter())?;
    let (me, other) = (step.after.me.0, other.id.0);
    Some(format!(
        "member {me} counts the vote of member {other}, which has none"
    ))
}

fn granted(state: &State) -> MemberSet {
    match state.role {
        Role::Candidate { granted } | Role::DryRun { granted } => granted,
        _ => MemberSet::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::bugs;
    use protocol::config::{Config, MemberId};
    use protocol::member::{Rules, step};
    use protocol::message::Message;
    use protocol::oplog::Oplog;
    use protocol::optime::OpTime;
    use protocol::output::Vote;
    use protocol::state::Durable;

    use super::*;

    #[test]
    fn a_late_yes_of_who_has_lost_its_vote_is_not_counted_while_it_changes_nothing() {
        assert_eq!(answered(&Rules::default(), 5), None);
        assert_eq!(answered(&Rules::default(), 4), None);
    }

    #[test]
    fn a_yes_of_who_has_no_vote_is_counted_when_it_decides() {
        let bug = bugs::find("E09").expect("it is planted");
        let words = answered(&bug.plant(), 4).expect("two of three voters are not there");
        assert!(words.contains("member 0 counts the vote of member 3"), "{words}");
    }

    /// Member 0 asks around, and the last one of so many, which has no vote, says yes: what the invariant says of it.
    fn answered(rules: &Rules, members: u8) -> Option<String> {
        let mut config = Config::ordinary(members);
        let last = config.members.last_mut().expect("there are members");
        last.votes = false;
        last.priority_milli = 0;
        let from = last.id;
        let mut before = State::recover(Durable {
            me: MemberId(0),
            config: Arc::new(config.forced()),
            vote: Vote::NONE,
            oplog: Oplog::new(OpTime::NULL, [OpTime::new(1, 1, 1)]),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        });
        let mut granted = MemberSet::EMPTY;
        granted.insert(0);
        before.role = Role::DryRun { granted };
        let input = Input::Message(Message {
            from,
            to: before.me,
            term: before.term,
            body: Body::VoteResponse {
                dry_run: true,
                asked: before.term,
                granted: true,
            },
        });
        let (mut after, mut outputs) = (before.clone(), Vec::new());
        step(rules, &mut after, 1, &input, &mut outputs);
        counts_another(&Step {
            before: &before,
            input: &input,
            outputs: &outputs,
            after: &after,
        })
    }
}
