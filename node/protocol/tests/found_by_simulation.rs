//! Schedules that simulation found against earlier rules, told on single members.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::member::{Rules, step};
use protocol::message::{Body, MemberState, Message};
use protocol::oplog::Oplog;
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Token, Vote};
use protocol::state::{Durable, Role, State};
use protocol::timer::Timer;

const X: (i64, u32) = (1, 1);

/// Member 0 asked member 1 from X on, led term 2 for a moment and wrote Y, which nobody else has; it follows
/// member 1 again, now in term 3, and the old answer comes late. It says nothing about Y.
#[test]
fn a_late_answer_of_the_sync_source_commits_nothing_of_my_own() {
    let y = OpTime::new(2, 1, 2);
    let mut member = member(3, &[X, (2, 2)], 3);
    member.sync_source = Some(MemberId(1));
    let late = Body::FetchResponse {
        after: OpTime::new(1, 1, 1),
        found: true,
        entries: vec![OpTime::new(3, 1, 2)],
        commit_point: OpTime::new(3, 1, 2),
        newest: OpTime::new(3, 1, 2),
        dropped: OpTime::NULL,
        sync_source: None,
    };
    give(&mut member, Input::Message(from(1, 3, late)));
    assert_eq!(member.last_written(), y, "its own branch is as it was");
    assert_eq!(member.commit_point, OpTime::NULL);
}

/// Member 0 stands, and while the votes are on their way its sync source turns out to be on a newer branch: it
/// rolls back, so it may not win.
#[test]
fn whoever_rolls_back_does_not_win() {
    let mut member = member(5, &[X, (2, 2)], 3);
    give(&mut member, Input::Timer(Timer::Election));
    for voter in [1, 2] {
        let yes = Body::VoteResponse {
            dry_run: true,
            asked: Term(3),
            granted: true,
        };
        give(&mut member, Input::Message(from(voter, 3, yes)));
    }
    let vote = member.vote;
    give(&mut member, Input::Persisted(Token::Vote(vote)));
    assert!(matches!(member.role, Role::Candidate { .. }));
    member.sync_source = Some(MemberId(4));
    let diverged = Body::FetchResponse {
        after: OpTime::new(2, 1, 2),
        found: false,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest: OpTime::new(3, 1, 2),
        dropped: OpTime::NULL,
        sync_source: None,
    };
    give(&mut member, Input::Message(from(4, 4, diverged)));
    assert_eq!(member.member_state, MemberState::Rollback);
    for voter in [1, 2] {
        let yes = Body::VoteResponse {
            dry_run: false,
            asked: Term(4),
            granted: true,
        };
        give(&mut member, Input::Message(from(voter, 4, yes)));
    }
    assert!(!member.is_primary());
}

/// Member 0 is about to roll back towards member 1, which crashes and loses its newer branch before it is asked
/// for the common point: what is left of it proves nothing.
#[test]
fn a_source_that_lost_its_branch_decides_no_rollback() {
    let mut member = rolling_back();
    let prefix_only = Body::CommonPointResponse {
        asked: OpTime::new(2, 1, 2),
        common: Some(OpTime::new(1, 1, 1)),
        newest: OpTime::new(1, 1, 1),
    };
    let outputs = give(&mut member, Input::Message(from(1, 3, prefix_only)));
    let cuts = |output: &Output| matches!(output, Output::RollBack { .. });
    assert!(!outputs.iter().any(cuts), "{outputs:?}");
    assert_eq!(member.member_state, MemberState::Secondary);
    assert_eq!(member.sync_source, None);
}

/// While member 0 searches the common point with member 1, it hears that member 1 serves nobody any more. The
/// timer of the search must stay armed: the answer may never come.
#[test]
fn a_search_for_the_common_point_always_ends() {
    let mut member = rolling_back();
    let useless = Body::HeartbeatResponse {
        state: MemberState::Recovering,
        written: OpTime::new(3, 1, 2),
        durable: OpTime::new(3, 1, 2),
        commit_point: OpTime::NULL,
        primary: None,
        sync_source: None,
        config: member.config.id,
    };
    let outputs = give(&mut member, Input::Message(from(1, 3, useless)));
    assert!(
        !outputs.contains(&Output::CancelTimer(Timer::Fetch)),
        "{outputs:?}"
    );
    give(&mut member, Input::Timer(Timer::Fetch));
    assert_eq!(member.rollback, None);
    assert_eq!(member.member_state, MemberState::Secondary);
}

/// Member 1 has an older configuration and needs a while to store the newer one: its answers in the meantime do not
/// call for heartbeat after heartbeat.
#[test]
fn an_older_configuration_calls_for_one_more_heartbeat_and_not_for_a_storm() {
    let mut member = member(3, &[X], 1);
    let older = Body::HeartbeatResponse {
        state: MemberState::Startup,
        written: OpTime::NULL,
        durable: OpTime::NULL,
        commit_point: OpTime::NULL,
        primary: None,
        sync_source: None,
        config: protocol::config::ConfigId::NONE,
    };
    let heartbeats = |member: &mut State| {
        let outputs = give(member, Input::Message(from(1, 1, older.clone())));
        let heartbeat = |output: &&Output| matches!(output, Output::Send(message) if matches!(message.body, Body::HeartbeatRequest { .. }));
        outputs.iter().filter(heartbeat).count()
    };
    assert_eq!(heartbeats(&mut member), 1);
    assert_eq!(heartbeats(&mut member), 0);
}

/// Member 0 searches the common point with member 1, whose log has gone on in a later term.
fn rolling_back() -> State {
    let mut member = member(3, &[X, (2, 2)], 3);
    member.sync_source = Some(MemberId(1));
    let diverged = Body::FetchResponse {
        after: OpTime::new(2, 1, 2),
        found: false,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest: OpTime::new(3, 1, 2),
        dropped: OpTime::NULL,
        sync_source: None,
    };
    give(&mut member, Input::Message(from(1, 3, diverged)));
    assert_eq!(member.member_state, MemberState::Rollback);
    member
}

/// Member 0 of a set of `members`, all up, in term `term`, with these entries (term, increment).
fn member(members: u8, log: &[(i64, u32)], term: i64) -> State {
    let entries = log.iter().map(|(term, inc)| OpTime::new(*term, 1, *inc));
    let mut state = State::recover(Durable {
        me: MemberId(0),
        config: Arc::new(Config::ordinary(members)),
        vote: Vote {
            term: Term(term),
            candidate: Some(MemberId(1)),
        },
        oplog: Oplog::new(OpTime::NULL, entries),
        rollback_id: 0,
        unsynced: None,
        life: 0,
    });
    state.forget_views();
    state
}

fn from(sender: u8, term: i64, body: Body) -> Message {
    Message {
        from: MemberId(sender),
        to: MemberId(0),
        term: Term(term),
        body,
    }
}

fn give(state: &mut State, input: Input) -> Vec<Output> {
    let mut outputs = Vec::new();
    step(&Rules::default(), state, 1, &input, &mut outputs);
    outputs
}
