//! From the votes to the first write (R-27, R-40…R-43).

use protocol::config::{MemberId, MemberSet};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::Term;
use protocol::output::Token;
use protocol::state::Role;

use crate::lone::{Lone, TERM, heartbeat, old, sent};

/// The term that it stands in.
const NEW: i64 = TERM + 1;

/// It stands; its own vote is on its way to disk.
fn standing() -> Lone {
    let mut lone = Lone::among(3);
    lone.give(Input::StepUp { skip_dry_run: true });
    lone
}

/// Its own vote is durable.
fn candidate() -> Lone {
    let mut lone = standing();
    let vote = lone.state.vote;
    lone.give(Input::Persisted(Token::Vote(vote)));
    lone
}

/// One of two said yes; the others' logs are not known yet.
fn elected() -> Lone {
    let mut lone = candidate();
    lone.hear(1, NEW, yes(NEW));
    assert!(lone.state.is_primary());
    lone
}

fn yes(asked: i64) -> Body {
    Body::VoteResponse {
        dry_run: false,
        asked: Term(asked),
        granted: true,
    }
}

/// If it crashed now, it could vote for another one in the same term.
#[test]
fn no_vote_counts_before_the_own_one_is_durable() {
    let mut lone = standing();
    lone.hear(1, NEW, yes(NEW));
    let granted = MemberSet::EMPTY;
    assert_eq!(lone.state.role, Role::Candidate { granted });
}

#[test]
fn a_vote_counts_in_the_term_that_it_was_asked_for() {
    let mut lone = candidate();
    lone.hear(1, NEW, yes(TERM));
    assert!(!lone.state.is_primary(), "an answer to an earlier candidacy");
    lone.hear(1, NEW, yes(NEW));
    assert!(lone.state.is_primary());
}

///
#[test]
fn a_new_primary_catches_up_with_the_first_who_is_ahead() {
    let mut lone = elected();
    let outputs = lone.hear_beat(1, MemberState::Secondary, old(2));
    assert_eq!(lone.state.sync_source, None, "it has what is here");
    assert!(!sent(&outputs).contains(&(1, "FetchRequest")));
    let outputs = lone.hear_beat(2, MemberState::Secondary, old(4));
    assert_eq!(lone.state.sync_source, Some(MemberId(2)));
    assert!(sent(&outputs).contains(&(2, "FetchRequest")));
    let outputs = lone.hear_beat(1, MemberState::Secondary, old(5));
    assert_eq!(lone.state.sync_source, Some(MemberId(2)), "one answer at a time");
    assert!(!sent(&outputs).contains(&(1, "FetchRequest")));
}

#[test]
fn what_is_heard_while_catching_up_is_a_step_of_its_own() {
    let message = |body| {
        Input::Message(Message {
            from: MemberId(1),
            to: MemberId(0),
            term: Term(NEW),
            body,
        })
    };
    let mut lone = elected();
    let body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    assert!(lone.fired(message(body)).contains(&"become_primary"));
    assert!(!lone.fired(message(yes(NEW))).contains(&"become_primary"));
    assert!(!lone.fired(Input::TurnEnd).contains(&"become_primary"));
}
