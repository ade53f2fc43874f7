//! When a client hears that its write is where it asked for (R-61…R-66).

use protocol::concern::{W, WriteConcern};
use protocol::config::Config;
use protocol::input::{Input, RequestId};
use protocol::optime::OpTime;
use protocol::output::{Outcome, Output, Refusal};

use crate::lone::{Lone, old};

const ID: RequestId = RequestId(9);

const DONE: Output = Output::Complete {
    id: ID,
    outcome: Outcome::Done,
};

/// A write that is in the oplog, but not on its disk; and is the client answered already?
fn write(lone: &mut Lone, w: W, journal: bool) -> (OpTime, bool) {
    let outputs = lone.give(Input::ClientWrite {
        id: ID,
        entries: 1,
        concern: WriteConcern { w, journal },
    });
    (lone.state.last_written(), outputs.contains(&DONE))
}

#[test]
fn one_member_answers_at_once_unless_the_journal_is_asked_for() {
    let mut lone = Lone::leading(Config::ordinary(3));
    assert!(write(&mut lone, W::Members(1), false).1);
    let (written, answered) = write(&mut lone, W::Members(1), true);
    assert!(!answered, "not on its disk");
    assert!(lone.give(Input::Flushed(written)).contains(&DONE));
}

/// What a majority holds durably survives; whether the primary is one of them is no matter.
#[test]
fn the_primary_need_not_be_of_the_majority() {
    let mut lone = Lone::leading(Config::ordinary(3));
    let (written, _) = write(&mut lone, W::Majority, true);
    assert!(!lone.reported(1, written).contains(&DONE), "one of three");
    assert!(lone.reported(2, written).contains(&DONE));
    assert!(lone.state.durable < written);
}

#[test]
fn a_majority_in_memory_and_a_journal_at_home() {
    let mut config = Config::ordinary(3);
    config.majority_journaled = false;
    let mut lone = Lone::leading(config);
    let (written, _) = write(&mut lone, W::Majority, true);
    assert!(!lone.reported(1, written).contains(&DONE));
    assert_eq!(lone.state.commit_point, written);
    assert!(lone.give(Input::Flushed(written)).contains(&DONE));
    let (written, _) = write(&mut lone, W::Majority, false);
    assert!(lone.reported(1, written).contains(&DONE), "no journal asked for");
}

/// what a statement that changed nothing has seen may still be taken back.
#[test]
fn a_statement_that_changed_nothing_waits_for_what_it_saw() {
    let noop = || Input::ClientNoop {
        id: ID,
        concern: WriteConcern::MAJORITY,
    };
    let mut lone = Lone::leading(Config::ordinary(3));
    let last = lone.state.last_written();
    assert!(!lone.give(noop()).contains(&DONE));
    assert_eq!(lone.state.last_written(), last, "nothing is written");
    assert!(!lone.reported(1, old(2)).contains(&DONE));
    assert!(lone.reported(1, last).contains(&DONE));
    let refused = Output::Refuse {
        id: ID,
        refusal: Refusal::NotWritablePrimary,
    };
    assert_eq!(Lone::among(3).give(noop()), [refused]);
}
