//! a vote is refused for one of the reasons that the protocol has, and for no other: one reason too many, and a
//! set that could go on stays without a primary.

use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::OpTime;
use protocol::output::Output;
use protocol::rules::stand_for_election::is_electable;
use protocol::state::{Role, State};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-29",
    name: "votes are refused for a reason",
    check: Check::Step(refuses_without),
};

fn refuses_without(step: &Step<'_>) -> Option<String> {
    let Input::Message(request) = step.input else {
        return None;
    };
    let Body::VoteRequest { .. } = request.body else {
        return None;
    };
    let refused = step.outputs.iter().any(|output| match output {
        Output::Send(answer) => matches!(answer.body, Body::VoteResponse { granted: false, .. }),
        _ => false,
    });
    (refused && !has_reason(step, request)).then(|| {
        let (me, candidate) = (step.before.me.0, request.from.0);
        format!("member {me} refuses its vote to member {candidate} for no reason")
    })
}

fn has_reason(step: &Step<'_>, request: &Message) -> bool {
    let voter = step.before;
    let Body::VoteRequest {
        dry_run,
        unless_led,
        config,
        last,
    } = request.body
    else {
        return false;
    };
    let pending = voter.config_pending.as_ref().map(|pending| pending.config.id);
    let newest = [Some(voter.config.id), pending];
    let older_config = newest
        .into_iter()
        .flatten()
        .any(|mine| mine.is_newer_than(config));
    voter.initial_sync.is_some()
        || older_config
        || request.term < voter.term
        || last < voter.last_written()
        || (!dry_run && voter.vote.term >= request.term)
        || (unless_led && hears_primary(voter, request))
        || (unless_led && asks_first(step, request, last))
        || sees_primary(voter, request)
}

/// One of this term: with a newer term's message the old primary is none any more.
fn hears_primary(voter: &State, request: &Message) -> bool {
    let primary = voter.primary.is_some_and(|primary| primary != request.from);
    request.term == voter.term && (voter.is_primary() || primary)
}

/// Of two that ask the same and may both win the first in the configuration is to stand: what it may not do, or would
/// do with less, is no reason. Judged by the state after the step: it has heard the asker, who may be the one that its
/// majority lacked.
fn asks_first(step: &Step<'_>, request: &Message, last: OpTime) -> bool {
    let voter = step.after;
    let asks = matches!(step.before.role, Role::DryRun { .. }) && request.term == step.before.term;
    let place = |id| voter.config.position(id);
    asks && is_electable(voter) && last == voter.last_written() && place(voter.me) < place(request.from)
}

fn sees_primary(voter: &State, request: &Message) -> bool {
    let priority = |id| voter.config.member(id).map_or(0, |row| row.priority_milli);
    let arbiter = voter.my_config().is_some_and(|me| me.arbiter);
    let mut others = voter.others().filter(|(_, id)| *id != request.from);
    arbiter
        && others.any(|(position, id)| {
            let seen = &voter.seen[position];
            seen.up && seen.state == MemberState::Primary && priority(id) >= priority(request.from)
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::config::{Config, MemberId};
    use protocol::member::{Rules, step};
    use protocol::oplog::Oplog;
    use protocol::optime::Term;
    use protocol::output::Vote;
    use protocol::rules::NEXT;
    use protocol::rules::grant_vote::{CHECKS, Check as Reason, Request, asks_itself, grant_vote};
    use protocol::rules::rule::Rule;
    use protocol::state::{Durable, Seen};
    use protocol::timer::Timer;

    use super::*;

    /// The rule with another reason in the place of its last one.
    macro_rules! rule_with {
        ($reason:expr) => {{
            const REASONS: [Reason; CHECKS.len()] = {
                let mut reasons = CHECKS;
                reasons[CHECKS.len() - 1] = $reason;
                reasons
            };
            Rule {
                name: "grant_vote",
                act: |context| grant_vote(context, &REASONS),
            }
        }};
    }

    fn is_first(state: &State, request: &Request) -> bool {
        state.config.position(request.candidate) > state.my_position()
    }

    fn is_asking(state: &State) -> bool {
        matches!(state.role, Role::DryRun { .. })
    }

    fn entry(number: u32) -> OpTime {
        OpTime::new(1, 1, number)
    }

    /// Member 1 of three, who has lost its primary and asks around.
    fn asker() -> State {
        let mut state = State::recover(Durable {
            me: MemberId(1),
            config: Arc::new(Config::ordinary(3).forced()),
            vote: Vote::NONE,
            oplog: Oplog::new(OpTime::NULL, [entry(1), entry(2)]),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        });
        state.seen[2] = Seen {
            up: true,
            ..Seen::NOTHING
        };
        happen(&NEXT_AS_IT_IS, &mut state, Input::Timer(Timer::Suspicion));
        assert!(is_asking(&state));
        state
    }

    const NEXT_AS_IT_IS: Rules = Rules(NEXT);

    fn happen(rules: &Rules, state: &mut State, input: Input) -> Option<String> {
        let (before, mut outputs) = (state.clone(), Vec::new());
        step(rules, state, 1, &input, &mut outputs);
        refuses_without(&Step {
            before: &before,
            input: &input,
            outputs: &outputs,
            after: state,
        })
    }

    /// What the invariant says when `candidate` asks what `voter` may ask, too.
    fn judged(grants: Rule, mut voter: State, candidate: u8, term: i64, last: OpTime) -> Option<String> {
        let mut rules = Rules::default();
        let place = NEXT.iter().position(|rule| rule.name == grants.name);
        rules.0[place.expect("a rule of this name")] = grants;
        let body = Body::VoteRequest {
            dry_run: true,
            unless_led: true,
            config: voter.config.id,
            last,
        };
        let request = Message {
            from: MemberId(candidate),
            to: voter.me,
            term: Term(term),
            body,
        };
        happen(&rules, &mut voter, Input::Message(request))
    }

    #[test]
    fn the_first_of_two_that_ask_has_a_reason() {
        let right = || rule_with!(asks_itself);
        assert_eq!(judged(right(), asker(), 2, 1, entry(2)), None);
        assert_eq!(judged(right(), asker(), 0, 1, entry(2)), None);
        // The asker is who its majority lacked.
        let mut lonely = asker();
        lonely.seen[2].up = false;
        assert_eq!(judged(right(), lonely, 2, 1, entry(2)), None);
    }

    #[test]
    fn a_rule_that_lacks_a_condition_is_seen() {
        let unasked: Rule = rule_with!(|state, request| {
            is_electable(state) && request.last == state.last_written() && is_first(state, request)
        });
        let mut silent = asker();
        silent.role = Role::Follower;
        assert!(judged(unasked, silent, 2, 1, entry(2)).is_some(), "asks nothing");
        assert!(
            judged(unasked, asker(), 2, 2, entry(2)).is_some(),
            "asked in an older term"
        );
        let unelectable: Rule = rule_with!(|state, request| {
            is_asking(state) && request.last == state.last_written() && is_first(state, request)
        });
        let mut frozen = asker();
        frozen.frozen = true;
        assert!(
            judged(unelectable, frozen, 2, 1, entry(2)).is_some(),
            "may not stand"
        );
        let older: Rule = rule_with!(|state, request| {
            is_asking(state) && is_electable(state) && is_first(state, request)
        });
        assert!(judged(older, asker(), 2, 1, entry(3)).is_some(), "has less");
        let second: Rule = rule_with!(|state, request| {
            is_asking(state) && is_electable(state) && request.last == state.last_written()
        });
        assert!(
            judged(second, asker(), 0, 1, entry(2)).is_some(),
            "is not the first"
        );
    }
}
