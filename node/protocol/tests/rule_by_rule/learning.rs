//! What another's commit point is worth here (R-71…R-73).

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::optime::OpTime;

use crate::lone::{Lone, TERM, heartbeat, new, old};

/// The commit point after a heartbeat of member 1 that knows this one.
fn heard(lone: &mut Lone, theirs: OpTime) -> OpTime {
    let mut body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    if let Body::HeartbeatResponse { commit_point, .. } = &mut body {
        *commit_point = theirs;
    }
    lone.hear(1, TERM, body);
    lone.state.commit_point
}

/// The commit point after an answer to a fetch.
fn fetched(lone: &mut Lone, from: u8, after: OpTime, entries: &[OpTime], commit_point: OpTime) -> OpTime {
    let body = Body::FetchResponse {
        after,
        found: true,
        entries: entries.to_vec(),
        commit_point,
        newest: commit_point,
        dropped: OpTime::NULL,
        sync_source: None,
    };
    lone.hear(from, TERM, body);
    lone.state.commit_point
}

fn pulling() -> Lone {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone
}

/// SERVER-27123: my newest entry may be on a branch that lost, and older than the other's commit point.
#[test]
fn anybodys_counts_in_the_term_of_my_newest_entry() {
    assert_eq!(heard(&mut Lone::among(3), old(2)), old(2));
    assert_eq!(heard(&mut Lone::among(3), new(1)), OpTime::NULL);
    let mut config = Config::ordinary(3);
    config.members[0].arbiter = true;
    assert_eq!(
        heard(&mut Lone::of(config), new(1)),
        new(1),
        "an arbiter has no branch"
    );
}

#[test]
fn the_sources_counts_as_far_as_its_branch_is_known_to_be_mine() {
    let (here, next) = (old(2), old(3));
    assert_eq!(
        fetched(&mut pulling(), 1, here, &[next], new(1)),
        next,
        "no further"
    );
    assert_eq!(
        fetched(&mut pulling(), 1, here, &[], old(9)),
        old(9),
        "of one term, of one branch"
    );
    assert_eq!(
        fetched(&mut pulling(), 2, here, &[], old(2)),
        OpTime::NULL,
        "not the source"
    );
    assert_eq!(
        fetched(&mut pulling(), 1, old(1), &[here], here),
        here,
        "through mine"
    );
    assert_eq!(
        fetched(&mut pulling(), 1, old(1), &[], here),
        OpTime::NULL,
        "an old answer: it ends before mine"
    );
    let mut known = pulling();
    known.state.commit_point = old(2);
    assert_eq!(
        fetched(&mut known, 1, here, &[], old(1)),
        old(2),
        "it never goes back"
    );
}

/// A primary finds out by itself; who copies data or takes some back is on nobody's branch.
#[test]
fn who_is_on_no_branch_learns_nothing() {
    let in_state = |state| {
        let mut lone = Lone::among(3);
        lone.state.member_state = state;
        heard(&mut lone, old(2))
    };
    for state in [MemberState::Startup2, MemberState::Rollback, MemberState::Fatal] {
        assert_eq!(in_state(state), OpTime::NULL, "{state:?}");
    }
    assert_eq!(in_state(MemberState::Recovering), old(2));
    let mut primary = Lone::leading(Config::ordinary(3));
    let first = primary.state.last_written();
    let term = primary.state.term.0;
    let mut body = heartbeat(MemberState::Secondary, first, &primary.state);
    if let Body::HeartbeatResponse { commit_point, .. } = &mut body {
        *commit_point = first;
    }
    primary.hear(1, term, body);
    assert_eq!(primary.state.commit_point, OpTime::NULL);
}
