//! Who is heard, and what that changes (§3.3).

use protocol::config::{ConfigId, MemberId};
use protocol::message::{Body, MemberState};
use protocol::optime::OpTime;
use protocol::output::Output;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, old, sent};

const STRANGER: u8 = 9;

/// Follows 1, the primary of the term.
fn led() -> Lone {
    let mut lone = Lone::among(3);
    lone.hear_beat(1, MemberState::Primary, old(2));
    assert_eq!(lone.state.primary, Some(MemberId(1)));
    lone
}

#[test]
fn only_the_primary_takes_the_primary_away() {
    let mut lone = led();
    lone.fire(Timer::Silence(MemberId(2)));
    assert_eq!(lone.state.primary, Some(MemberId(1)));
    lone.hear_beat(2, MemberState::Secondary, old(2));
    assert_eq!(lone.state.primary, Some(MemberId(1)));
    lone.hear_beat(1, MemberState::Secondary, old(2));
    assert_eq!(lone.state.primary, None, "it has stepped down");
    let mut lone = led();
    lone.fire(Timer::Silence(MemberId(1)));
    assert_eq!(lone.state.primary, None);
}

///
#[test]
fn the_primarys_entries_put_the_election_off_and_nobody_elses() {
    let entries = || Body::FetchResponse {
        after: old(2),
        found: true,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest: old(2),
        dropped: OpTime::NULL,
        sync_source: None,
    };
    let put_off = |outputs: Vec<Output>| outputs.contains(&Output::SetTimer(Timer::Election));
    assert!(put_off(led().hear(1, TERM, entries())));
    assert!(!put_off(led().hear(2, TERM, entries())), "a secondary");
    assert!(
        !put_off(led().hear(1, TERM - 1, entries())),
        "it led an older term, too"
    );
    let other = Body::UpdatePosition {
        positions: Vec::new(),
    };
    assert!(!put_off(led().hear(1, TERM, other)), "something else");
}

/// A heartbeat of somebody with this configuration version.
fn greeted(lone: &mut Lone, from: u8, version: u32) -> Vec<(u8, &'static str)> {
    let config = ConfigId {
        version,
        ..lone.state.config.id
    };
    let body = Body::HeartbeatRequest {
        state: MemberState::Secondary,
        config,
        install: None,
    };
    sent(&lone.hear(from, TERM, body))
}

/// nobody stays out of the set, or in it, for want of the newest configuration.
#[test]
fn a_stranger_gets_or_brings_the_newer_configuration() {
    let here = || {
        let mut lone = Lone::among(3);
        std::sync::Arc::make_mut(&mut lone.state.config).id.version = 5;
        lone
    };
    let (greets, answers) = (
        [(STRANGER, "HeartbeatRequest")],
        [(STRANGER, "HeartbeatResponse")],
    );
    assert_eq!(greeted(&mut here(), STRANGER, 4), greets, "it was removed");
    assert_eq!(greeted(&mut here(), STRANGER, 6), answers, "to get the newer one");
    assert!(greeted(&mut here(), STRANGER, 5).is_empty());
    let mut removed = here();
    removed.state.me = MemberId(8);
    assert!(
        greeted(&mut removed, STRANGER, 4).is_empty(),
        "not a member's business"
    );
    assert_eq!(greeted(&mut removed, STRANGER, 6), answers);
    assert!(greeted(&mut removed, 8, 6).is_empty(), "its own echo");
    let answered = [(1, "HeartbeatResponse")];
    for version in 4..=6 {
        assert_eq!(greeted(&mut here(), 1, version), answered, "a member");
    }
}
