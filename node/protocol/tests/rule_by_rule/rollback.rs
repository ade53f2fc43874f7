//! When entries are taken back, and when not.

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::optime::OpTime;
use protocol::output::{FatalReason, Output};
use protocol::rules::roll_back_oplog::{CANDIDATES_MAX, SECS_MAX};
use protocol::state::{Denial, Rollback};
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, new, old};

fn following(members: u8) -> Lone {
    let mut lone = Lone::of(Config::ordinary(members));
    for seen in &mut lone.state.seen[1..] {
        seen.written = new(1);
    }
    lone.give(Input::SyncFrom(MemberId(1)));
    lone
}

/// The source does not go through the newest entry here.
fn lacks(lone: &mut Lone, from: u8, newest: OpTime, dropped: OpTime) -> Vec<Output> {
    let after = lone.state.last_written();
    lone.hear(
        from,
        TERM,
        Body::FetchResponse {
            after,
            found: false,
            entries: Vec::new(),
            commit_point: OpTime::NULL,
            newest,
            dropped,
            sync_source: None,
        },
    )
}

fn offered(outputs: &[Output]) -> Vec<OpTime> {
    let mut requests = outputs.iter().filter_map(|output| match output {
        Output::Send(message) => match &message.body {
            Body::CommonPointRequest { candidates } => Some(candidates.clone()),
            _ => None,
        },
        _ => None,
    });
    requests.next().unwrap_or_default()
}

fn common(lone: &mut Lone, asked: OpTime, common: Option<OpTime>) -> Vec<Output> {
    let newest = new(1);
    lone.hear(
        1,
        TERM,
        Body::CommonPointResponse {
            asked,
            common,
            newest,
        },
    )
}

#[test]
fn only_a_later_term_wins_over_what_is_here() {
    let mut lone = following(3);
    lacks(&mut lone, 1, OpTime::new(1, 50, 1), OpTime::NULL);
    assert_eq!(lone.state.rollback, None, "of the same term, however new");
    assert_ne!(lone.state.sync_source, Some(MemberId(1)));
    assert_eq!(lone.state.seen[1].denied, Some(Denial::Behind));
}

#[test]
fn a_search_offers_everything_newest_first_and_goes_on_below() {
    let mut lone = following(3);
    let count = u32::try_from(CANDIDATES_MAX).unwrap() + 10;
    for number in 3..=count {
        lone.state.oplog.append(old(number));
    }
    let first = offered(&lacks(&mut lone, 1, new(1), OpTime::NULL));
    assert_eq!(first.len(), CANDIDATES_MAX);
    assert_eq!(first[0], old(count));
    let last = *first.last().unwrap();
    let second = offered(&common(&mut lone, first[0], None));
    assert_eq!(second[0], old(10), "what follows below {last}");
    assert_eq!(*second.last().unwrap(), OpTime::NULL, "and the oplog's begin");
    assert_eq!(second.len(), 11);
}

#[test]
fn what_the_sources_oplog_has_dropped_makes_the_member_look_elsewhere() {
    let mut lone = following(3);
    lacks(&mut lone, 1, new(1), old(3));
    assert!(!lone.state.stale, "the other one may reach back");
    assert_eq!(lone.state.seen[1].denied, Some(Denial::TooFresh));
    assert_eq!(lone.state.sync_source, Some(MemberId(2)));
    lacks(&mut lone, 2, new(1), old(3));
    assert!(lone.state.stale);
    assert_eq!(lone.state.member_state, MemberState::Recovering);
}

#[test]
fn an_oplog_that_begins_right_after_mine_is_no_gap() {
    let mut lone = following(3);
    // What is here is the newest entry that was dropped there: all that follows can be had.
    lacks(&mut lone, 1, new(1), old(2));
    assert!(lone.state.rollback.is_some() && !lone.state.stale);
}

#[test]
fn nothing_of_a_term_is_a_source_when_nobody_else_is_ahead() {
    let mut lone = following(3);
    lone.state.seen[2].written = old(2);
    lacks(&mut lone, 1, new(1), old(3));
    assert!(lone.state.stale, "the other one has nothing that is missing here");
}

#[test]
fn a_rollback_of_more_than_a_day_is_refused() {
    let mut lone = following(3);
    let late = OpTime::new(1, 2 + SECS_MAX, 1);
    lone.state.oplog.append(late);
    lone.state.durable = late;
    lacks(&mut lone, 1, new(1), OpTime::NULL);
    common(&mut lone, late, Some(old(2)));
    assert_eq!(lone.state.rollback, None);
    assert_eq!(lone.state.last_written(), late, "nothing was taken back");
    let mut day = following(3);
    let late = OpTime::new(1, 1 + SECS_MAX, 1);
    day.state.oplog.append(late);
    day.state.durable = late;
    lacks(&mut day, 1, new(1), OpTime::NULL);
    let outputs = common(&mut day, late, Some(old(2)));
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Output::RollBack { .. }))
    );
    assert_eq!(SECS_MAX, 86_400);
}

#[test]
fn too_large_a_rollback_takes_nothing_back() {
    let mut lone = following(3);
    lone.give(Input::RollbackTooLarge);
    assert_eq!(
        lone.state.member_state,
        MemberState::Secondary,
        "none is under way"
    );
    lacks(&mut lone, 1, new(1), OpTime::NULL);
    common(&mut lone, old(2), Some(old(1)));
    assert_eq!(lone.state.rollback, Some(Rollback::Cutting(old(1))));
    lone.give(Input::RollbackTooLarge);
    assert_eq!(lone.state.rollback, None);
    assert_eq!(lone.state.last_written(), old(2));
    assert_ne!(lone.state.member_state, MemberState::Rollback);
}

#[test]
fn a_search_without_an_answer_ends() {
    let mut lone = following(3);
    lacks(&mut lone, 1, new(1), OpTime::NULL);
    lone.fire(Timer::Fetch);
    assert_eq!(lone.state.rollback, None);
    assert_eq!(lone.state.member_state, MemberState::Secondary);
}

/// The oplog of the source may begin after the common point, or mine may.
#[test]
fn without_a_common_point_in_the_whole_oplog_it_looks_elsewhere() {
    let mut lone = following(3);
    let asked = offered(&lacks(&mut lone, 1, new(1), OpTime::NULL));
    assert_eq!(asked, [old(2), old(1), OpTime::NULL], "all there is");
    let outputs = common(&mut lone, old(2), None);
    assert!(offered(&outputs).is_empty());
    assert_eq!(lone.state.rollback, None);
    assert_eq!(lone.state.seen[1].denied, Some(Denial::TooFresh));
    assert_eq!(lone.state.sync_source, Some(MemberId(2)));
    assert_eq!(lone.state.member_state, MemberState::Secondary);
}

#[test]
fn only_the_answer_to_the_open_question_counts() {
    let mut lone = following(3);
    lacks(&mut lone, 1, new(1), OpTime::NULL);
    let searching = lone.state.rollback;
    common(&mut lone, old(1), Some(old(1)));
    assert_eq!(lone.state.rollback, searching, "an answer to an earlier search");
    let body = Body::CommonPointResponse {
        asked: old(2),
        common: Some(old(1)),
        newest: new(1),
    };
    lone.hear(2, TERM, body);
    assert_eq!(lone.state.rollback, searching, "nobody asked this one");
    common(&mut lone, old(2), Some(old(1)));
    assert_eq!(lone.state.rollback, Some(Rollback::Cutting(old(1))));
}

/// R-92, I-06: it stops rather than take back what was promised.
#[test]
fn what_is_committed_is_never_taken_back() {
    let mut lone = following(3);
    lone.state.commit_point = old(2);
    lacks(&mut lone, 1, new(1), OpTime::NULL);
    let outputs = common(&mut lone, old(2), Some(old(1)));
    assert!(outputs.contains(&Output::Fatal(FatalReason::RollbackBeforeCommitPoint)));
    assert_eq!(lone.state.member_state, MemberState::Fatal);
    let mut exactly = following(3);
    exactly.state.commit_point = old(1);
    lacks(&mut exactly, 1, new(1), OpTime::NULL);
    common(&mut exactly, old(2), Some(old(1)));
    assert_eq!(exactly.state.rollback, Some(Rollback::Cutting(old(1))));
}
