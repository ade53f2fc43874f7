//! Which entries a member takes from its source (R-83… ).

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::optime::OpTime;
use protocol::output::{FatalReason, Output};
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, new, old, sent};

/// Pulls from member 1, a secondary.
fn pulling() -> Lone {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone
}

/// A member without any data yet pulls from member 1.
fn empty(config: Config) -> Lone {
    let mut lone = Lone::of(config);
    lone.state.oplog = protocol::oplog::Oplog::default();
    lone.state.durable = OpTime::NULL;
    lone.state.member_state = lone.state.resting_state();
    assert_eq!(lone.state.member_state, MemberState::Startup2);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone
}

/// Member 1's answer: what follows `after`, and how far it is itself.
fn answer(after: OpTime, found: bool, entries: &[OpTime], newest: OpTime) -> Body {
    Body::FetchResponse {
        after,
        found,
        entries: entries.to_vec(),
        commit_point: OpTime::NULL,
        newest,
        dropped: OpTime::NULL,
        sync_source: None,
    }
}

#[test]
fn entries_come_from_the_present_source_and_follow_the_newest_here() {
    let mut lone = pulling();
    lone.hear(2, TERM, answer(old(2), true, &[old(3)], old(3)));
    assert_eq!(lone.state.last_written(), old(2), "nobody asked this one");
    // The answer to a request before the last one comes late: what it brings is here.
    lone.hear(1, TERM, answer(old(1), true, &[old(2), old(3)], old(3)));
    assert_eq!(lone.state.last_written(), old(2));
    assert_eq!(
        lone.state.member_state,
        MemberState::Secondary,
        "no reason to stop"
    );
    let outputs = lone.hear(1, TERM, answer(old(2), true, &[old(3)], old(3)));
    assert_eq!(lone.state.last_written(), old(3));
    assert!(sent(&outputs).contains(&(1, "FetchRequest")));
}

/// What the source does not have cannot be followed (SERVER-27403).
#[test]
fn an_answer_that_does_not_go_through_my_newest_entry_brings_nothing() {
    let mut lone = pulling();
    lone.hear(1, TERM, answer(old(2), false, &[new(1)], new(1)));
    assert_eq!(lone.state.last_written(), old(2));
}

/// Order is never repaired: it would hide whose fault it was.
#[test]
fn entries_out_of_order_stop_the_member() {
    let mut lone = pulling();
    let outputs = lone.hear(1, TERM, answer(old(2), true, &[old(4), old(3)], old(4)));
    assert!(outputs.contains(&Output::Fatal(FatalReason::OplogOutOfOrder)));
    assert_eq!(lone.state.last_written(), old(2));
    assert_eq!(lone.state.member_state, MemberState::Fatal);
}

/// I-08, R-95: a primary's log grows by its own writes alone.
#[test]
fn a_primary_that_takes_writes_pulls_from_nobody() {
    let mut lone = Lone::leading(Config::ordinary(3));
    let last = lone.state.last_written();
    lone.state.sync_source = Some(MemberId(1));
    let next = OpTime::new(last.term.0, last.ts.secs + 1, 1);
    lone.hear(1, last.term.0, answer(last, true, &[next], next));
    assert_eq!(lone.state.last_written(), last);
}

/// S4-10: it would serve what is long past.
#[test]
fn a_new_member_is_a_secondary_when_it_has_caught_up() {
    let mut lone = empty(Config::ordinary(3));
    lone.hear(1, TERM, answer(OpTime::NULL, true, &[], OpTime::NULL));
    assert_eq!(lone.state.member_state, MemberState::Startup2, "nothing to serve");
    lone.hear(1, TERM, answer(OpTime::NULL, true, &[old(1)], old(2)));
    assert_eq!(lone.state.member_state, MemberState::Startup2, "one entry behind");
    let outputs = lone.hear(1, TERM, answer(old(1), true, &[old(2)], old(2)));
    assert_eq!(lone.state.member_state, MemberState::Secondary);
    assert!(
        outputs.contains(&Output::SetTimer(Timer::Election)),
        "it may stand now"
    );
}

/// only the primary's word puts the election off, not a secondary's entries.
#[test]
fn entries_from_a_secondary_do_not_put_the_election_off() {
    let mut lone = pulling();
    let put_off = |outputs: &[Output]| outputs.contains(&Output::SetTimer(Timer::Election));
    assert!(!put_off(&lone.hear(1, TERM, answer(old(2), true, &[], old(2)))));
    assert!(!put_off(&lone.hear(
        1,
        TERM,
        answer(old(2), true, &[old(3)], old(4))
    )));
    assert!(!put_off(&lone.hear(
        1,
        TERM,
        answer(old(3), true, &[old(4)], old(4))
    )));
}

/// what is to be behind has caught up when only unripe entries are left.
#[test]
fn a_delayed_member_serves_while_the_newest_entries_ripen() {
    let mut config = Config::ordinary(3);
    config.members[0].delay_secs = 10;
    config.members[0].priority_milli = 0;
    let mut lone = empty(config);
    lone.wall_secs = 15;
    lone.hear(1, TERM, answer(OpTime::NULL, true, &[old(1)], new(1)));
    assert_eq!(lone.state.member_state, MemberState::Startup2);
    let outputs = lone.hear(1, TERM, answer(old(1), true, &[new(1)], new(1)));
    assert_eq!(lone.state.last_written(), old(1), "not old enough");
    assert_eq!(lone.state.member_state, MemberState::Secondary);
    assert!(outputs.contains(&Output::SetTimer(Timer::Ripen)));
    assert!(
        sent(&outputs).is_empty(),
        "nothing to ask for before that: {outputs:?}"
    );
    let outputs = lone.fire(Timer::Ripen);
    assert_eq!(sent(&outputs), [(1, "FetchRequest")]);
}

#[test]
fn who_looks_for_a_common_point_or_leads_does_not_look_for_ripe_entries() {
    let mut lone = pulling();
    lone.hear(1, TERM, answer(old(2), false, &[], new(1)));
    assert!(lone.state.rollback.is_some());
    assert!(sent(&lone.fire(Timer::Ripen)).is_empty());
    let mut primary = Lone::leading(Config::ordinary(3));
    primary.state.sync_source = Some(MemberId(1));
    assert!(sent(&primary.fire(Timer::Ripen)).is_empty());
}
