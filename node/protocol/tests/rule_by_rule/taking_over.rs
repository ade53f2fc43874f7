//! Standing against a primary that lives.

use protocol::config::{Config, MemberId};
use protocol::message::{Body, MemberState};
use protocol::optime::{OpTime, Term};
use protocol::output::Output;
use protocol::rules::take_over::{FRESH_ENTRIES, FRESH_SECS, is_fresh};
use protocol::state::{Role, Takeover};
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, new, old, sent};

fn asks(outputs: &[Output]) -> bool {
    sent(outputs).iter().any(|(_, kind)| *kind == "DryRunRequest")
}

/// Of members with these priorities; the second one leads, and is at `written`.
fn planned(priorities: &[u32], written: OpTime) -> (Lone, Option<Takeover>) {
    let mut config = Config::ordinary(u8::try_from(priorities.len()).unwrap());
    for (member, priority_milli) in config.members.iter_mut().zip(priorities) {
        member.priority_milli = *priority_milli;
    }
    let mut lone = Lone::of(config);
    lone.hear_beat(1, MemberState::Primary, written);
    let planned = lone.state.takeover;
    (lone, planned)
}

#[test]
fn each_reason_has_its_own_time() {
    let plan = |priorities: &[u32], written| planned(priorities, written).1;
    let priority = |rank| Some(Takeover::Priority(rank));
    assert_eq!(
        plan(&[1000, 1000, 1000], old(2)),
        None,
        "of equals, the one that leads"
    );
    assert_eq!(plan(&[1000, 2000, 1000], old(2)), None);
    assert_eq!(plan(&[2000, 1000, 1000], old(2)), priority(0));
    assert_eq!(
        plan(&[2000, 1000, 2000], old(2)),
        priority(0),
        "no one is preferred to it"
    );
    assert_eq!(plan(&[2000, 1000, 3000], old(2)), priority(1));
    assert_eq!(plan(&[1000, 1000, 1000], old(1)), Some(Takeover::CatchUp));
    assert_eq!(plan(&[2000, 1000, 1000], old(1)), priority(0), "the shorter time");
    assert_eq!(
        plan(&[2000, 1000, 3000], old(1)),
        Some(Takeover::CatchUp),
        "another one is first"
    );
}

/// what is here and not there must be worth an election.
#[test]
fn the_data_are_a_reason_only_for_the_newest_and_against_a_primary_that_is_behind() {
    let equal = [1000, 1000, 1000];
    assert_eq!(planned(&equal, OpTime::NULL).1, None, "not known how far it is");
    let mut config = Config::ordinary(3);
    config.id.version = 1;
    let lone = || Lone::of(config.clone());
    let mut second = lone();
    second.state.seen[2].written = old(3);
    second.hear_beat(1, MemberState::Primary, old(1));
    assert_eq!(second.state.takeover, None, "another one has more");
    let mut in_term = lone();
    in_term.state.oplog.append(new(1));
    in_term.hear_beat(1, MemberState::Primary, old(1));
    assert_eq!(
        in_term.state.takeover, None,
        "it has written in this term: it has caught up"
    );
}

#[test]
fn a_plan_is_made_once_and_by_the_primarys_word() {
    let (mut lone, plan) = planned(&[2000, 1000, 1000], old(2));
    assert_eq!(plan, Some(Takeover::Priority(0)));
    let again = Output::SetTimer(Timer::PriorityTakeover(0));
    assert!(
        !lone.hear_beat(1, MemberState::Primary, old(2)).contains(&again),
        "the time runs"
    );
    lone.state.takeover = None;
    assert!(!lone.hear_beat(2, MemberState::Secondary, old(2)).contains(&again));
    let asked = Body::HeartbeatRequest {
        state: MemberState::Primary,
        config: lone.state.config.id,
        install: None,
    };
    assert!(
        !lone.hear(1, TERM, asked).contains(&again),
        "it does not say how far it is"
    );
    assert!(lone.hear_beat(1, MemberState::Primary, old(2)).contains(&again));
}

#[test]
fn when_its_time_has_come_the_reason_must_still_be_there() {
    let due = Timer::PriorityTakeover(0);
    let (mut lone, _) = planned(&[2000, 1000, 1000], old(2));
    assert!(!asks(&lone.fire(Timer::CatchUpTakeover)), "another plan's time");
    assert!(
        !asks(&lone.fire(Timer::PriorityTakeover(1))),
        "an older plan's time"
    );
    assert!(asks(&lone.fire(due)));
    assert!(!asks(&lone.fire(due)), "once");
    let (mut led_by_better, _) = planned(&[2000, 1000, 2000], old(2));
    led_by_better.state.primary = Some(MemberId(2));
    assert!(!asks(&led_by_better.fire(due)), "the new primary is as good");
    let (mut unled, _) = planned(&[2000, 1000, 1000], old(2));
    unled.state.primary = None;
    assert!(!asks(&unled.fire(due)), "the election timer's business");
    let (mut frozen, _) = planned(&[2000, 1000, 1000], old(2));
    frozen.state.frozen = true;
    assert!(!asks(&frozen.fire(due)));
    let (mut behind, _) = planned(&[1000, 1000, 1000], old(1));
    behind.state.seen[1].written = old(2);
    assert!(!asks(&behind.fire(Timer::CatchUpTakeover)), "it has caught up");
}

#[test]
fn a_candidate_has_no_plans() {
    let (mut lone, _) = planned(&[2000, 1000, 1000], old(2));
    let granted = protocol::config::MemberSet::EMPTY;
    lone.state.role = Role::Candidate { granted };
    assert!(!asks(&lone.fire(Timer::PriorityTakeover(0))));
    let (mut again, _) = planned(&[2000, 1000, 1000], old(2));
    again.state.role = Role::DryRun { granted };
    assert!(
        asks(&again.fire(Timer::PriorityTakeover(0))),
        "its questions were lost"
    );
}

/// who lags would win, and make everybody wait until it has caught up.
#[test]
fn fresh_is_who_lags_by_two_seconds_or_a_thousand_entries_at_most() {
    let fresh = |secs, inc| {
        let mut lone = Lone::among(3);
        lone.state.seen[1].written = OpTime::new(1, secs, inc);
        is_fresh(&lone.state)
    };
    let (secs, inc) = (old(2).ts.secs, old(2).ts.inc);
    assert!(fresh(secs, inc) && fresh(secs, inc + FRESH_ENTRIES));
    assert!(!fresh(secs, inc + FRESH_ENTRIES + 1));
    assert!(fresh(secs + FRESH_SECS, inc + FRESH_ENTRIES + 1));
    assert!(!fresh(secs + FRESH_SECS + 1, 1));
    let mut lone = Lone::among(3);
    lone.state.seen[1].written = OpTime::new(1, secs + 100, 1);
    lone.state.seen[1].up = false;
    assert!(is_fresh(&lone.state), "nobody waits for who is not in sight");
    assert_eq!(lone.state.term, Term(TERM));
}
