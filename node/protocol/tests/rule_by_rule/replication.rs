//! Whom a member pulls from and believes, and what it tells.

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Token};
use protocol::state::Rollback;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, heartbeat, new, old, sent};

fn diverged(newest: OpTime) -> Body {
    Body::FetchResponse {
        after: old(2),
        found: false,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest,
        dropped: OpTime::NULL,
        sync_source: None,
    }
}

/// Whom a member chooses of two that are ahead, the second one fresher.
fn chosen(change: impl FnOnce(&mut Config)) -> Option<MemberId> {
    let mut config = Config::ordinary(3);
    change(&mut config);
    let mut lone = Lone::of(config);
    lone.state.seen[1].written = new(1);
    lone.state.seen[2].written = new(2);
    lone.fire(Timer::SyncSource);
    lone.state.sync_source
}

#[test]
fn a_worse_kind_of_source_is_chosen_only_without_a_better_one() {
    let (plain, fresher) = (Some(MemberId(1)), Some(MemberId(2)));
    assert_eq!(chosen(|_| ()), fresher);
    assert_eq!(chosen(|config| config.members[2].hidden = true), plain);
    assert_eq!(chosen(|config| config.members[2].delay_secs = 5), plain);
    assert_eq!(chosen(|config| config.members[2].votes = false), plain);
    let both_hidden = chosen(|config| {
        config.members[1..]
            .iter_mut()
            .for_each(|member| member.hidden = true)
    });
    assert_eq!(both_hidden, fresher, "a hidden one is better than none");
}

#[test]
fn a_source_that_pulls_from_me_is_left() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    let mut body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    if let Body::HeartbeatResponse { sync_source, .. } = &mut body {
        *sync_source = Some(MemberId(0));
    }
    lone.hear(1, TERM, body);
    assert_eq!(lone.state.sync_source, None);
}

#[test]
fn strangers_are_not_heard() {
    let mut lone = Lone::among(3);
    let body = heartbeat(MemberState::Primary, new(9), &lone.state);
    let before = lone.state.clone();
    lone.hear(9, TERM + 5, body.clone());
    lone.hear(0, TERM + 5, body);
    assert_eq!(lone.state, before);
}

#[test]
fn only_the_present_source_and_only_once_starts_a_rollback() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone.hear(2, TERM, diverged(new(1)));
    assert_eq!(lone.state.rollback, None, "not its source");
    lone.hear(1, TERM, diverged(new(1)));
    let searching = lone.state.rollback;
    assert!(matches!(searching, Some(Rollback::Searching { .. })));
    let outputs = lone.hear(1, TERM, diverged(new(1)));
    assert_eq!(lone.state.rollback, searching);
    assert!(sent(&outputs).is_empty(), "{outputs:?}");
}

/// the rollback id goes up by one, durably, with the cut.
#[test]
fn a_rollback_counts_itself() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone.hear(1, TERM, diverged(new(1)));
    let outputs = lone.hear(
        1,
        TERM,
        Body::CommonPointResponse {
            asked: old(2),
            common: Some(old(1)),
            newest: new(1),
        },
    );
    let cut = Output::RollBack {
        to: old(1),
        rollback_id: 4,
    };
    assert!(outputs.contains(&cut), "{outputs:?}");
    lone.give(Input::Persisted(Token::RollBack(old(1))));
    assert_eq!((lone.state.last_written(), lone.state.rollback_id), (old(1), 4));
}

#[test]
fn a_commit_point_that_is_known_is_no_news() {
    let mut lone = Lone::among(3);
    let mut body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    if let Body::HeartbeatResponse { commit_point, .. } = &mut body {
        *commit_point = old(2);
    }
    let news = Output::CommitPoint(old(2));
    assert!(lone.hear(1, TERM, body.clone()).contains(&news));
    assert!(!lone.hear(1, TERM, body).contains(&news));
}

#[test]
fn a_member_tells_its_source_how_far_it_is_and_a_primary_nobody() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    assert!(sent(&lone.give(Input::TurnEnd)).contains(&(1, "UpdatePosition")));
    assert!(sent(&lone.give(Input::TurnEnd)).is_empty(), "once");
    lone.fire(Timer::KeepAlive);
    assert!(sent(&lone.give(Input::TurnEnd)).contains(&(1, "UpdatePosition")));
    let mut syncing = Lone::among(3);
    syncing.give(Input::SyncFrom(MemberId(1)));
    syncing.give(Input::Resync);
    syncing.state.sync_source = Some(MemberId(1));
    syncing.fire(Timer::KeepAlive);
    let reports = |outputs: &[Output]| sent(outputs).iter().any(|(_, kind)| *kind == "UpdatePosition");
    assert!(
        !reports(&syncing.give(Input::TurnEnd)),
        "what it holds counts for nothing"
    );
    assert_eq!(lone.state.term, Term(TERM));
}
