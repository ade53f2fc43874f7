//! Who stands, when, and against whom.

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::MemberState;
use protocol::optime::OpTime;
use protocol::output::Output;
use protocol::state::{Role, Takeover};
use protocol::timer::Timer;

use crate::lone::{Lone, new, old, sent};

fn asks(outputs: &[Output]) -> bool {
    sent(outputs).iter().any(|(_, kind)| *kind == "DryRunRequest")
}

#[test]
fn told_to_step_up_it_stands_without_a_dry_run() {
    let mut lone = Lone::among(3);
    let term = lone.state.term;
    let outputs = lone.give(Input::StepUp { skip_dry_run: true });
    assert!(!asks(&outputs));
    assert!(matches!(lone.state.role, Role::Candidate { .. }));
    assert_eq!(lone.state.term, term.next());
    assert!(outputs.contains(&Output::PersistVote(lone.state.vote)));
}

/// only a hand-off skips the question. An operator who asks a member that is behind ends no term.
#[test]
fn asked_by_an_operator_it_asks_the_others_first() {
    let mut lone = Lone::among(3);
    let term = lone.state.term;
    let outputs = lone.give(Input::StepUp { skip_dry_run: false });
    assert!(asks(&outputs));
    assert_eq!((lone.state.term, lone.state.vote.term), (term, term));
    let refused = protocol::message::Body::VoteResponse {
        dry_run: true,
        asked: term,
        granted: false,
    };
    lone.hear(1, term.0, refused.clone());
    lone.hear(2, term.0, refused);
    assert_eq!(lone.state.term, term);
}

#[test]
fn each_reason_not_to_stand_is_enough() {
    assert!(asks(&Lone::among(3).fire(Timer::Election)));
    let mut frozen = Lone::among(3);
    frozen.give(Input::Freeze(true));
    assert!(!asks(&frozen.fire(Timer::Election)));
    frozen.give(Input::Freeze(false));
    assert!(asks(&frozen.fire(Timer::Election)));
    let mut recovering = Lone::among(3);
    recovering.give(Input::Maintenance(true));
    assert!(!asks(&recovering.fire(Timer::Election)));
    let mut lonely = Lone::among(3);
    lonely.fire(Timer::Silence(MemberId(1)));
    assert!(asks(&lonely.fire(Timer::Election)), "two of three are in sight");
    lonely.fire(Timer::Silence(MemberId(2)));
    assert!(!asks(&lonely.fire(Timer::Election)));
    let mut config = Config::ordinary(3);
    config.members[0].priority_milli = 0;
    assert!(!asks(&Lone::of(config).fire(Timer::Election)));
}

#[test]
fn a_new_primary_ends_its_catch_up_when_it_has_what_the_others_had() {
    let mut lone = Lone::among(3);
    lone.give(Input::StepUp { skip_dry_run: true });
    let vote = lone.state.vote;
    lone.give(Input::Persisted(protocol::output::Token::Vote(vote)));
    for other in [1, 2] {
        let granted = protocol::message::Body::VoteResponse {
            dry_run: false,
            asked: vote.term,
            granted: true,
        };
        lone.hear(other, vote.term.0, granted);
    }
    lone.hear_beat(1, MemberState::Secondary, old(3));
    lone.hear_beat(2, MemberState::Secondary, old(2));
    assert!(lone.state.is_primary() && !lone.state.is_writable());
    // It is no heartbeat that brings the last entry.
    let answer = protocol::message::Body::FetchResponse {
        after: old(2),
        found: true,
        entries: vec![old(3)],
        commit_point: OpTime::NULL,
        newest: old(3),
        dropped: OpTime::NULL,
        sync_source: None,
    };
    lone.hear(1, vote.term.0, answer);
    assert!(lone.state.is_writable(), "{:?}", lone.state.role);
}

#[test]
fn the_preferred_member_waits_its_turn_and_until_it_is_fresh() {
    let mut config = Config::ordinary(4);
    config.members[0].priority_milli = 2000;
    config.members[2].priority_milli = 3000;
    let mut lone = Lone::of(config);
    let outputs = lone.hear_beat(1, MemberState::Primary, old(2));
    let timer = Timer::PriorityTakeover(1);
    assert!(
        outputs.contains(&Output::SetTimer(timer)),
        "one is preferred to it"
    );
    assert_eq!(lone.state.takeover, Some(Takeover::Priority(1)));
    // Far behind what is in sight it tries again later.
    lone.state.seen[1].written = OpTime::new(1, 100, 1);
    let outputs = lone.fire(timer);
    assert!(!asks(&outputs) && outputs.contains(&Output::SetTimer(timer)));
    lone.state.seen[1].written = old(2);
    assert!(asks(&lone.fire(timer)));
}

#[test]
fn who_has_more_than_a_new_primary_plans_a_takeover() {
    let mut lone = Lone::among(3);
    let outputs = lone.hear_beat(1, MemberState::Primary, old(1));
    assert!(
        outputs.contains(&Output::SetTimer(Timer::CatchUpTakeover)),
        "{outputs:?}"
    );
    assert!(asks(&lone.fire(Timer::CatchUpTakeover)));
    let mut equal = Lone::among(3);
    equal.hear_beat(1, MemberState::Primary, old(2));
    assert_eq!(equal.state.takeover, None);
    let mut behind = Lone::among(3);
    behind.hear_beat(1, MemberState::Primary, new(1));
    assert_eq!(behind.state.takeover, None);
}

#[test]
fn a_primary_that_still_sees_a_majority_stays() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.fire(Timer::Silence(MemberId(1)));
    assert!(lone.state.is_primary());
    lone.fire(Timer::Silence(MemberId(2)));
    assert!(!lone.state.is_primary());
}

/// Row S4-22 of the notes: DOWN is who fell silent, also before it ever spoke.
#[test]
fn who_never_spoke_is_down_after_its_silence() {
    let mut lone = Lone::among(3);
    lone.state.seen[1].up = false;
    lone.state.seen[1].state = MemberState::Unknown;
    lone.fire(Timer::Silence(MemberId(1)));
    assert_eq!(lone.state.seen[1].state, MemberState::Down);
}
