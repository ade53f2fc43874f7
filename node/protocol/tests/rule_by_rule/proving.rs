//! Who proves a linearizable read, and who does not.

use std::sync::Arc;

use protocol::concern::{ReadConcern, WriteConcern};
use protocol::config::{Config, ConfigId, MemberId};
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState};
use protocol::optime::Term;
use protocol::output::{Outcome, Output, Token};

use crate::lone::{Lone, TERM, old, sent};

/// The term in which the primary of these tests leads.
const PRESENT: i64 = TERM + 1;

/// A primary whose log is committed.
fn settled(config: Config) -> Lone {
    let mut lone = Lone::leading(config);
    let last = lone.state.last_written();
    for other in 1..lone.others_end() {
        lone.reported(other, last);
    }
    assert_eq!((lone.state.commit_point, lone.state.term.0), (last, PRESENT));
    lone
}

/// A read and the end of its turn.
fn read(lone: &mut Lone, id: u64) -> Vec<Output> {
    let mut outputs = lone.give(Input::ClientRead {
        id: RequestId(id),
        concern: ReadConcern::Linearizable,
        secondary_ok: false,
    });
    outputs.extend(lone.give(Input::TurnEnd));
    outputs
}

/// What is asked of the members, in this round.
fn asked(outputs: &[Output]) -> Vec<(u8, u64)> {
    let question = |output: &Output| match output {
        Output::Send(message) => match message.body {
            Body::ReadIndexRequest { round } => Some((message.to.0, round)),
            _ => None,
        },
        _ => None,
    };
    outputs.iter().filter_map(question).collect()
}

fn response(lone: &Lone, round: u64) -> Body {
    Body::ReadIndexResponse {
        asked: lone.state.term,
        round,
    }
}

fn answered(lone: &mut Lone, from: u8, round: u64) -> Vec<Output> {
    let body = response(lone, round);
    lone.hear(from, PRESENT, body)
}

fn done(id: u64) -> Vec<Output> {
    ended(id, Outcome::Done)
}

fn ended(id: u64, outcome: Outcome) -> Vec<Output> {
    let id = RequestId(id);
    vec![Output::Complete { id, outcome }]
}

/// What waiters are told.
fn told(outputs: Vec<Output>) -> Vec<Output> {
    let is_end = |output: &Output| matches!(output, Output::Complete { .. });
    outputs.into_iter().filter(is_end).collect()
}

#[test]
fn voters_are_asked_once_a_turn_and_a_majority_is_enough() {
    let mut config = Config::ordinary(6);
    (config.members[5].votes, config.members[5].priority_milli) = (false, 0);
    let mut lone = settled(config);
    for id in [8, 9] {
        lone.give(Input::ClientRead {
            id: RequestId(id),
            concern: ReadConcern::Linearizable,
            secondary_ok: false,
        });
    }
    let outputs = lone.give(Input::TurnEnd);
    assert_eq!(
        asked(&outputs),
        [(1, 1), (2, 1), (3, 1), (4, 1)],
        "who has no vote can't elect"
    );
    assert!(lone.give(Input::TurnEnd).is_empty());
    assert!(
        told(answered(&mut lone, 5, 1)).is_empty(),
        "an answer of no voter"
    );
    assert!(told(answered(&mut lone, 1, 1)).is_empty());
    assert!(told(answered(&mut lone, 1, 1)).is_empty(), "the same voter again");
    assert_eq!(told(answered(&mut lone, 2, 1)), [done(8), done(9)].concat());
    assert!(lone.state.reads.is_empty());
}

#[test]
fn nothing_is_written_for_a_read() {
    let mut lone = settled(Config::ordinary(3));
    let last = lone.state.last_written();
    read(&mut lone, 9);
    answered(&mut lone, 1, 1);
    assert_eq!(lone.state.last_written(), last);
}

#[test]
fn a_member_by_itself_proves_its_reads_at_once() {
    let mut lone = settled(Config::ordinary(1));
    lone.give(Input::Flushed(lone.state.last_written()));
    assert_eq!(told(read(&mut lone, 9)), done(9));
    // Not what its disk does not hold yet.
    lone.give(Input::ClientWrite {
        id: RequestId(1),
        entries: 1,
        concern: WriteConcern::MAJORITY,
    });
    assert!(told(read(&mut lone, 10)).is_empty());
    let flushed = lone.give(Input::Flushed(lone.state.last_written()));
    let mut both = told(flushed);
    both.sort_by_key(|output| match output {
        Output::Complete { id, .. } => id.0,
        _ => 0,
    });
    assert_eq!(both, [done(1), done(10)].concat());
}

#[test]
fn an_answer_to_an_earlier_question_proves_nothing() {
    let mut lone = settled(Config::ordinary(3));
    read(&mut lone, 8);
    let outputs = read(&mut lone, 9);
    assert_eq!(asked(&outputs), [(1, 2), (2, 2)]);
    assert_eq!(told(answered(&mut lone, 1, 1)), done(8));
    assert_eq!(told(answered(&mut lone, 1, 2)), done(9));
    // And a later one proves the earlier ones, too.
    read(&mut lone, 10);
    read(&mut lone, 11);
    assert_eq!(told(answered(&mut lone, 2, 4)), [done(10), done(11)].concat());
}

#[test]
fn an_answer_of_another_term_proves_nothing() {
    let mut lone = settled(Config::ordinary(3));
    read(&mut lone, 9);
    let (present, round) = (lone.state.term, 1);
    for (term, asked) in [(PRESENT, Term(PRESENT - 1)), (PRESENT - 1, present)] {
        let body = Body::ReadIndexResponse { asked, round };
        assert!(told(lone.hear(1, term, body)).is_empty());
    }
    // A newer term ends the office, and nobody knows.
    let body = response(&lone, 1);
    let outputs = told(lone.hear(1, PRESENT + 1, body));
    assert_eq!(outputs, ended(9, Outcome::SteppedDown));
}

#[test]
fn what_was_read_has_to_be_committed() {
    let mut lone = settled(Config::ordinary(3));
    let written = lone.write(1, WriteConcern::MAJORITY);
    read(&mut lone, 9);
    assert!(told(answered(&mut lone, 1, 1)).is_empty());
    // Newer entries don't matter: they were not read.
    lone.write(2, WriteConcern::MAJORITY);
    let outputs = told(lone.reported(2, written));
    assert_eq!(outputs, [done(9), done(1)].concat());
}

#[test]
fn a_lost_question_is_asked_again_when_its_member_is_heard_of() {
    let mut lone = settled(Config::ordinary(3));
    let quiet = lone.hear_beat(1, MemberState::Secondary, old(2));
    assert!(asked(&quiet).is_empty(), "nobody waits");
    read(&mut lone, 9);
    let outputs = lone.hear_beat(2, MemberState::Secondary, old(2));
    assert_eq!(asked(&outputs), [(2, 1)]);
    assert_eq!(told(answered(&mut lone, 2, 1)), done(9));
}

#[test]
fn in_a_new_configuration_everybody_is_asked_anew() {
    let mut lone = settled(Config::ordinary(5).forced());
    read(&mut lone, 9);
    answered(&mut lone, 1, 1);
    let mut config = Config::clone(&lone.state.config);
    config.id.version += 1;
    let id = config.id;
    lone.give(Input::Reconfig {
        id: RequestId(0),
        me: Some(MemberId(0)),
        config: Arc::new(config),
        force: true,
    });
    let pending = lone.state.config_pending.as_ref().expect("a reconfiguration");
    let id = ConfigId {
        version: pending.config.id.version.max(id.version),
        ..pending.config.id
    };
    lone.give(Input::Persisted(Token::Config(id)));
    assert_eq!(lone.state.config.id, id);
    assert!(lone.state.reads[0].vouched.is_empty());
    assert!(told(answered(&mut lone, 2, 1)).is_empty());
    let outputs = lone.give(Input::TurnEnd);
    assert_eq!(asked(&outputs), [(1, 2), (2, 2), (3, 2), (4, 2)]);
    answered(&mut lone, 2, 2);
    assert_eq!(told(answered(&mut lone, 3, 2)), done(9));
}

#[test]
fn every_member_answers_with_its_term() {
    let mut lone = Lone::among(3);
    let outputs = lone.hear(2, TERM - 1, Body::ReadIndexRequest { round: 5 });
    let Some(Output::Send(answer)) = outputs.last() else {
        panic!("no answer: {outputs:?}")
    };
    assert_eq!((answer.to, answer.term), (MemberId(2), Term(TERM)));
    let body = Body::ReadIndexResponse {
        asked: Term(TERM - 1),
        round: 5,
    };
    assert_eq!(answer.body, body);
}

#[test]
fn who_copies_the_data_vouches_for_nobody() {
    let mut lone = Lone::among(3);
    lone.give(Input::Resync);
    assert!(lone.state.initial_sync.is_some());
    let outputs = lone.hear(2, TERM, Body::ReadIndexRequest { round: 5 });
    assert!(!sent(&outputs).contains(&(2, "ReadIndexResponse")));
}

#[test]
fn a_reader_may_give_up() {
    let mut lone = settled(Config::ordinary(3));
    read(&mut lone, 9);
    let outputs = told(lone.give(Input::Abandon(RequestId(9))));
    assert_eq!(outputs, ended(9, Outcome::TimedOut));
    assert!(told(answered(&mut lone, 1, 1)).is_empty());
}

#[test]
fn a_note_is_an_entry_that_nobody_waits_for() {
    let mut lone = settled(Config::ordinary(3));
    let last = lone.state.last_written();
    let outputs = lone.give(Input::Note);
    assert!(matches!(&outputs[..], [Output::Append { .. }]), "{outputs:?}");
    assert!(lone.state.last_written() > last && lone.state.waiting.is_empty());
    let mut secondary = Lone::among(3);
    assert!(secondary.give(Input::Note).is_empty());
}
