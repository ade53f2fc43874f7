//! A copy's other half: its flag, whom it asks what, and what it refuses (R-98…R-101).

use protocol::config::Config;
use protocol::initial_sync::{SyncStage, Unsynced};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::OpTime;
use protocol::output::{Output, Token};
use protocol::state::Rollback;
use protocol::timer::Timer;

use crate::initial_sync::{cloning, emptied, entries, page, stage};
use crate::lone::{Lone, TERM, new, old, sent};

/// What a member of old(2) writes to disk when the operator has it copy the data anew.
const FLAG: Unsynced = Unsynced {
    target: old_two(),
    forgot: false,
    whole: false,
};

const fn old_two() -> OpTime {
    OpTime {
        term: protocol::optime::Term(1),
        ts: protocol::optime::Timestamp { secs: 1, inc: 2 },
    }
}

/// The operator has the data copied anew.
fn resyncing() -> Lone {
    let mut lone = Lone::among(3);
    let outputs = lone.give(Input::Resync);
    assert!(
        outputs.contains(&Output::PersistUnsynced(Some(FLAG))),
        "{outputs:?}"
    );
    assert_eq!(*stage(&lone), SyncStage::Marking);
    lone
}

/// An answer to the question of this life.
pub fn memory(had: OpTime, written: OpTime) -> Body {
    Body::MemoryResponse {
        life: 7,
        had,
        written,
    }
}

fn asked_for_memory(outputs: &[Output]) -> Vec<u8> {
    let asked = sent(outputs).into_iter();
    asked
        .filter(|(_, kind)| *kind == "MemoryRequest")
        .map(|(to, _)| to)
        .collect()
}

/// A crash before that leaves the old data whole; after it, none.
#[test]
fn nothing_is_thrown_away_before_the_flag_is_durable() {
    let mut lone = resyncing();
    let outputs = lone.give(Input::Persisted(Token::Unsynced(Some(FLAG))));
    assert_eq!(*stage(&lone), SyncStage::Waiting);
    assert_eq!(lone.state.unsynced, Some(FLAG));
    for timer in [Timer::Sync, Timer::SyncSource] {
        assert!(outputs.contains(&Output::SetTimer(timer)), "{timer:?}");
    }
}

#[test]
fn the_operator_may_ask_a_member_that_can_do_without_its_data() {
    let refuses = |lone: &mut Lone| {
        let before = lone.state.clone();
        assert!(lone.give(Input::Resync).is_empty());
        assert_eq!(lone.state, before);
    };
    refuses(&mut Lone::leading(Config::ordinary(3)));
    let mut config = Config::ordinary(3);
    config.members[0].arbiter = true;
    config.members[0].priority_milli = 0;
    refuses(&mut Lone::of(config));
    refuses(&mut cloning());
    // The cut that is on its way to disk would come upon the clone.
    let mut cutting = Lone::among(3);
    cutting.state.rollback = Some(Rollback::Cutting(old(1)));
    refuses(&mut cutting);
}

#[test]
fn a_flag_that_is_durable_once_more_disturbs_no_copy() {
    let mut lone = cloning();
    let before = stage(&lone).clone();
    lone.give(Input::Persisted(Token::Unsynced(Some(FLAG))));
    assert_eq!(*stage(&lone), before);
}

#[test]
fn who_has_forgotten_asks_everybody_until_all_have_answered() {
    let mut lone = emptied(true);
    for input in [Input::Start, Input::Timer(Timer::Sync)] {
        let outputs = lone.give(input);
        assert_eq!(asked_for_memory(&outputs), [1, 2]);
        assert!(
            outputs.contains(&Output::SetTimer(Timer::Sync)),
            "asked again then"
        );
    }
    let greeting = lone.hear_beat(2, MemberState::Secondary, old(2));
    assert_eq!(asked_for_memory(&greeting), [2], "it is there");
    lone.hear(1, TERM, memory(OpTime::NULL, old(2)));
    assert_eq!(asked_for_memory(&lone.fire(Timer::Sync)), [2]);
    let greeting = lone.hear_beat(1, MemberState::Secondary, old(2));
    assert!(asked_for_memory(&greeting).is_empty(), "it has answered");
}

/// Who remembers what it had asks only in the end, if that is nowhere any more.
#[test]
fn who_remembers_asks_nobody_while_it_copies() {
    let mut lone = resyncing();
    lone.give(Input::Persisted(Token::Unsynced(Some(FLAG))));
    assert!(asked_for_memory(&lone.fire(Timer::Sync)).is_empty());
    let greeting = lone.hear_beat(1, MemberState::Secondary, old(2));
    assert!(asked_for_memory(&greeting).is_empty());
    lone.hear(1, TERM, memory(old(2), new(5)));
    let sync = lone.state.initial_sync.as_ref().unwrap();
    assert!(
        sync.heard.is_empty() && sync.vouched.is_null(),
        "nobody was asked"
    );
}

#[test]
fn an_answer_about_other_data_vouches_for_nothing() {
    let mut lone = emptied(true);
    lone.hear(1, TERM, memory(old(2), new(5)));
    assert!(lone.state.initial_sync.as_ref().unwrap().heard.is_empty());
    lone.hear(1, TERM, memory(OpTime::NULL, new(5)));
    lone.hear(2, TERM, memory(OpTime::NULL, old(1)));
    let sync = lone.state.initial_sync.as_ref().unwrap();
    assert_eq!((sync.heard.len(), sync.vouched), (2, new(5)), "the newest of all");
}

#[test]
fn the_clone_begins_where_the_present_source_says() {
    let mut lone = emptied(false);
    assert_eq!(asked_page(&lone.fire(Timer::Sync)), Some((0, vec![])));
    lone.hear(2, TERM, page(None, 0, old(2), false));
    assert_eq!(*stage(&lone), SyncStage::Waiting, "not the source");
    lone.hear(1, TERM, page(Some(old(1)), 0, old(2), false));
    assert_eq!(*stage(&lone), SyncStage::Waiting, "of a clone that was given up");
    let outputs = lone.hear(1, TERM, page(None, 0, old(2), false));
    assert!(outputs.contains(&Output::SetTimer(Timer::Sync)));
    assert!(
        sent(&outputs).contains(&(1, "FetchRequest")),
        "the oplog beside it"
    );
    assert_eq!(lone.state.last_written(), old(2));
    assert_eq!(lone.state.durable, OpTime::NULL, "nothing is durable yet");
}

fn asked_page(outputs: &[Output]) -> Option<(u32, Vec<u8>)> {
    outputs.iter().find_map(|output| match output {
        Output::Send(Message {
            body: Body::CloneRequest { number, cursor, .. },
            ..
        }) => Some((*number, cursor.clone())),
        _ => None,
    })
}

#[test]
fn the_next_page_is_asked_for_by_its_number_and_again_when_it_does_not_come() {
    let mut lone = cloning();
    let outputs = lone.hear(1, TERM, page(Some(old(2)), 0, old(2), false));
    assert_eq!(asked_page(&outputs), Some((1, vec![1])));
    assert_eq!(asked_page(&lone.fire(Timer::Sync)), Some((1, vec![1])));
    assert!(lone.fired(Input::Timer(Timer::Sync)).contains(&"initial_sync"));
}

#[test]
fn the_begin_becomes_durable_once() {
    let mut lone = emptied(false);
    lone.hear(1, TERM, page(None, 0, old(2), false));
    let durable = || Input::Persisted(Token::Begun(old(2)));
    assert!(lone.fired(durable()).contains(&"initial_sync"));
    assert!(!lone.fired(durable()).contains(&"initial_sync"), "known");
}

/// All pages and entries are here and on disk; the shell applies them.
fn applying() -> Lone {
    let mut lone = cloning();
    lone.hear(1, TERM, page(Some(old(2)), 0, old(3), true));
    lone.hear(1, TERM, entries(old(2), &[old(3)]));
    let outputs = lone.give(Input::Flushed(old(3)));
    assert!(
        outputs.contains(&Output::CommitPoint(old(3))),
        "the page was read there"
    );
    lone
}

/// In force when it is durable, with all that anybody vouched for.
#[test]
fn the_flag_says_that_the_data_are_whole_when_all_is_applied() {
    let mut lone = applying();
    lone.hear(1, TERM, memory(OpTime::NULL, new(4)));
    let whole = Unsynced {
        target: new(4),
        forgot: true,
        whole: true,
    };
    let outputs = lone.give(Input::CloneApplied);
    assert!(
        outputs.contains(&Output::PersistUnsynced(Some(whole))),
        "{outputs:?}"
    );
    assert!(matches!(stage(&lone), SyncStage::Applying(_)), "not durable");
    lone.give(Input::Persisted(Token::Unsynced(Some(whole))));
    assert_eq!(*stage(&lone), SyncStage::Settling);
    assert!(lone.give(Input::CloneApplied).is_empty(), "told twice");
}

#[test]
fn a_commit_point_beyond_the_clone_stays() {
    let mut lone = cloning();
    lone.state.commit_point = old(3);
    lone.hear(1, TERM, page(Some(old(2)), 0, old(3), true));
    lone.hear(1, TERM, entries(old(2), &[old(3)]));
    let outputs = lone.give(Input::Flushed(old(3)));
    assert!(outputs.contains(&Output::ApplyToClone { stop: old(3) }));
    assert!(!outputs.contains(&Output::CommitPoint(old(3))), "no news");
}
