//! Who loses its connection to the primary, and what the others say to that.

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::output::Output;
use protocol::state::Role;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, old};

/// Follows 1, the primary of the term.
fn led() -> Lone {
    let mut lone = Lone::among(3);
    lone.hear_beat(1, MemberState::Primary, old(2));
    assert_eq!(lone.state.primary, Some(MemberId(1)));
    assert_eq!(lone.state.sync_source, Some(MemberId(1)));
    lone
}

fn suspects(outputs: &[Output]) -> bool {
    outputs.contains(&Output::SetTimer(Timer::Suspicion))
}

/// To whom a question that a primary would deny was sent.
fn questions(outputs: &[Output]) -> Vec<u8> {
    let asked = outputs.iter().filter_map(|output| match output {
        Output::Send(Message {
            to,
            body:
                Body::VoteRequest {
                    dry_run: true,
                    unless_led: true,
                    ..
                },
            ..
        }) => Some(to.0),
        _ => None,
    });
    asked.collect()
}

/// What it says to a dry run of `candidate`.
fn answer(lone: &mut Lone, candidate: u8, unless_led: bool) -> (bool, Vec<Output>) {
    let request = Body::VoteRequest {
        dry_run: true,
        unless_led,
        config: lone.state.config.id,
        last: old(2),
    };
    let outputs = lone.hear(candidate, lone.state.term.0, request);
    let granted = outputs.iter().find_map(|output| match output {
        Output::Send(Message {
            body: Body::VoteResponse { granted, .. },
            ..
        }) => Some(*granted),
        _ => None,
    });
    (granted.expect("an answer"), outputs)
}

#[test]
fn who_loses_the_primary_asks_around_a_moment_later() {
    let mut lone = led();
    let outputs = lone.give(Input::Disconnected(MemberId(1)));
    assert!(suspects(&outputs));
    assert!(questions(&outputs).is_empty(), "not all at once");
    assert_eq!(lone.state.primary, None);
    assert_eq!(
        (lone.state.seen[1].up, lone.state.seen[1].state),
        (false, MemberState::Down)
    );
    let greeted = |output: &Output| matches!(output, Output::Send(message) if message.to == MemberId(1) && message.body.name() == "HeartbeatRequest");
    assert!(outputs.iter().any(greeted), "perhaps it lives");
    assert_eq!(questions(&lone.fire(Timer::Suspicion)), [1, 2]);
    assert!(matches!(lone.state.role, Role::DryRun { .. }));
    assert_eq!(lone.state.term.0, TERM, "it only asks");
}

#[test]
fn whoever_hears_a_primary_meanwhile_asks_nobody() {
    let mut lone = led();
    lone.give(Input::Disconnected(MemberId(1)));
    lone.hear_beat(1, MemberState::Primary, old(2));
    assert!(questions(&lone.fire(Timer::Suspicion)).is_empty());
    assert_eq!(lone.state.role, Role::Follower);
}

#[test]
fn the_loss_of_anybody_else_asks_nobody() {
    let mut lone = led();
    assert!(!suspects(&lone.give(Input::Disconnected(MemberId(2)))));
    assert_eq!(lone.state.primary, Some(MemberId(1)));
    assert_eq!(lone.state.sync_source, Some(MemberId(1)));
    assert!(!lone.state.seen[2].up);
    // Nor of a stranger, nor of itself.
    let before = lone.state.clone();
    for nobody in [0, 9] {
        assert!(lone.give(Input::Disconnected(MemberId(nobody))).is_empty());
    }
    assert_eq!(lone.state, before);
}

#[test]
fn who_may_not_stand_asks_nobody() {
    let mut lone = led();
    lone.give(Input::Freeze(true));
    assert!(!suspects(&lone.give(Input::Disconnected(MemberId(1)))));
    assert!(questions(&lone.fire(Timer::Suspicion)).is_empty());
    let mut primary = Lone::leading(Config::ordinary(3));
    assert!(!suspects(&primary.give(Input::Disconnected(MemberId(1)))));
    assert!(primary.state.is_writable(), "one of two others is in sight");
}

#[test]
fn a_source_that_is_gone_is_left_at_once() {
    let mut lone = led();
    lone.hear_beat(2, MemberState::Secondary, old(3));
    lone.give(Input::Disconnected(MemberId(1)));
    assert_eq!(lone.state.sync_source, Some(MemberId(2)), "which is ahead");
    assert_eq!(lone.state.seen[1].denied, None, "it may come back");
}

#[test]
fn a_voter_that_hears_the_primary_refuses_this_question_only() {
    let mut voter = led();
    assert!(!answer(&mut voter, 2, true).0);
    assert!(answer(&mut voter, 2, false).0);
    // The asker itself was the primary that this member knew.
    assert!(answer(&mut voter, 1, true).0);
    voter.give(Input::Disconnected(MemberId(1)));
    let (granted, outputs) = answer(&mut voter, 2, true);
    assert!(granted);
    assert!(
        outputs.contains(&Output::CancelTimer(Timer::Suspicion)),
        "two that ask at once would split the votes"
    );
    let mut primary = Lone::leading(Config::ordinary(3));
    let last = primary.state.last_written();
    let request = Body::VoteRequest {
        dry_run: true,
        unless_led: true,
        config: primary.state.config.id,
        last,
    };
    let outputs = primary.hear(2, primary.state.term.0, request);
    assert!(outputs.iter().any(|output| matches!(
        output,
        Output::Send(Message {
            body: Body::VoteResponse { granted: false, .. },
            ..
        })
    )));
}

#[test]
fn a_candidate_whose_votes_were_split_asks_again() {
    let mut lone = led();
    lone.give(Input::Disconnected(MemberId(1)));
    lone.give(Input::StepUp { skip_dry_run: true });
    assert!(matches!(lone.state.role, Role::Candidate { .. }));
    assert!(suspects(&lone.give(Input::Disconnected(MemberId(1)))));
    assert_eq!(questions(&lone.fire(Timer::Suspicion)), [1, 2]);
}

/// Two that ask at the same moment: the first of them stands, the other holds back.
#[test]
fn of_two_that_ask_at_once_one_stands() {
    let lost = |me: u8| {
        let mut lone = led();
        lone.give(Input::Disconnected(MemberId(1)));
        // As seen by the other: the places are changed.
        if me == 2 {
            lone.state.me = MemberId(2);
            lone.state.seen.swap(0, 2);
        }
        lone.fire(Timer::Suspicion);
        assert!(matches!(lone.state.role, Role::DryRun { .. }));
        lone
    };
    let mut first = lost(0);
    let (granted, outputs) = answer(&mut first, 2, true);
    assert!(
        !granted && suspects(&outputs),
        "and asks again, perhaps it was asked too early"
    );
    assert!(matches!(first.state.role, Role::DryRun { .. }), "it goes on");
    // An ordinary dry run is not held against anybody.
    assert!(answer(&mut first, 2, false).0);
    assert!(matches!(first.state.role, Role::DryRun { .. }));
    let mut frozen = lost(0);
    frozen.give(Input::Freeze(true));
    assert!(answer(&mut frozen, 2, true).0, "it may not stand itself any more");
    let mut second = lost(2);
    assert!(answer(&mut second, 0, true).0);
    assert_eq!(second.state.role, Role::Follower);
    // Late answers to its own question elect it no more.
    let granted = Body::VoteResponse {
        dry_run: true,
        asked: second.state.term,
        granted: true,
    };
    second.hear(0, second.state.term.0, granted);
    assert_eq!(second.state.role, Role::Follower);
}

/// Only of two that ask at once the first asks again: whoever refused for another reason need not.
#[test]
fn any_other_refusal_calls_for_no_question() {
    let mut voter = led();
    let (granted, outputs) = answer(&mut voter, 2, true);
    assert!(!granted && !suspects(&outputs), "it hears the primary");
    voter.give(Input::Disconnected(MemberId(1)));
    let older = Body::VoteRequest {
        dry_run: true,
        unless_led: true,
        config: voter.state.config.id,
        last: old(1),
    };
    voter.fire(Timer::Suspicion);
    let outputs = voter.hear(2, TERM, older);
    assert!(!suspects(&outputs), "it has more");
}

#[test]
fn who_asks_votes_for_one_that_is_newer() {
    let mut lone = led();
    lone.give(Input::Disconnected(MemberId(1)));
    lone.fire(Timer::Suspicion);
    let newer = Body::VoteRequest {
        dry_run: true,
        unless_led: true,
        config: lone.state.config.id,
        last: old(3),
    };
    lone.hear(2, lone.state.term.0, newer);
    assert_eq!(lone.state.role, Role::Follower, "it said yes");
}
