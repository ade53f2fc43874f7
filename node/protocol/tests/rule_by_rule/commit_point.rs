//! How far the primary takes the set to be (R-67…R-69).

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Position};
use protocol::optime::OpTime;
use protocol::output::{Output, Token};
use protocol::rules::advance_commit_point::{counted, majority_point};

use crate::lone::{Lone, old};

fn reports(lone: &mut Lone, from: u8, written: OpTime, durable: OpTime) -> Vec<Output> {
    let term = lone.state.term;
    let position = Position {
        member: MemberId(from),
        term,
        written,
        durable,
    };
    let positions = vec![position];
    lone.hear(from, term.0, Body::UpdatePosition { positions })
}

/// Raft §5.4.2, figure 8: a majority has the older entry, and may still lose it to a candidate with a newer one.
#[test]
fn an_entry_of_an_older_term_is_not_committed_by_itself() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.reported(1, old(2));
    lone.reported(2, old(2));
    assert_eq!(lone.state.commit_point, OpTime::NULL);
    let first = lone.state.last_written();
    let outputs = lone.reported(1, first);
    assert!(
        outputs.contains(&Output::CommitPoint(first)),
        "and with it all before"
    );
    let outputs = lone.reported(2, first);
    assert!(!outputs.contains(&Output::CommitPoint(first)), "told once");
}

#[test]
fn what_counts_is_durable_unless_the_configuration_says_otherwise() {
    let mut lone = Lone::leading(Config::ordinary(3));
    let first = lone.state.last_written();
    reports(&mut lone, 1, first, old(2));
    assert_eq!(lone.state.commit_point, OpTime::NULL, "not on the other's disk");
    reports(&mut lone, 1, first, first);
    assert_eq!(lone.state.commit_point, first);
    let mut config = Config::ordinary(3);
    config.majority_journaled = false;
    let mut lone = Lone::leading(config);
    let first = lone.state.last_written();
    reports(&mut lone, 1, first, old(2));
    assert_eq!(lone.state.commit_point, first);
}

/// With two arbiters the primary commits alone. A majority that elects must know of the arbiters by then: in the
/// configuration before, it could have been one without this member.
#[test]
fn who_commits_alone_waits_until_its_configuration_is_known() {
    let mut config = Config::ordinary(3);
    for arbiter in [1, 2] {
        config.members[arbiter].arbiter = true;
        config.members[arbiter].priority_milli = 0;
    }
    let mut lone = Lone::leading(config);
    let stamped = lone.state.config_pending.as_ref().expect("a new term").config.id;
    lone.state.commit_point = OpTime::NULL;
    lone.give(Input::Persisted(Token::Config(stamped)));
    assert_eq!(lone.state.commit_point, OpTime::NULL, "nobody else has it");
    let outputs = lone.hear_beat(1, MemberState::Arbiter, OpTime::NULL);
    let last = lone.state.last_written();
    assert!(
        outputs.contains(&Output::CommitPoint(last)),
        "at once: no more inputs may come"
    );
}

#[test]
fn where_nobody_votes_nothing_is_committed() {
    let mut lone = Lone::among(3);
    lone.state.config = std::sync::Arc::new(Config::none());
    assert_eq!(majority_point(&lone.state, counted), OpTime::NULL);
}
