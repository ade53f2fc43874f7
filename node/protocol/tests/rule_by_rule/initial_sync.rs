//! A copy, step by step.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::initial_sync::{SyncStage, Unsynced};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::oplog::Oplog;
use protocol::optime::{OpTime, Term};
use protocol::output::{FatalReason, Output, Token, Vote};
use protocol::rules::initial_sync::ATTEMPTS_MAX;
use protocol::state::Durable;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, new, old, sent};

/// The flag of a member whose data directory was emptied.
fn unsynced(whole: bool) -> Unsynced {
    Unsynced {
        target: OpTime::NULL,
        forgot: true,
        whole,
    }
}

/// A member whose data directory was emptied, with a source to copy from.
pub fn emptied(whole: bool) -> Lone {
    let flag = unsynced(whole);
    let log = if whole { vec![old(1), old(2)] } else { Vec::new() };
    let mut lone = Lone::from(Durable {
        me: MemberId(0),
        config: Arc::new(Config::ordinary(3)),
        vote: Vote {
            term: Term(TERM),
            candidate: None,
        },
        oplog: Oplog::new(OpTime::NULL, log),
        rollback_id: 0,
        unsynced: Some(flag),
        life: 7,
    });
    lone.give(Input::SyncFrom(MemberId(1)));
    lone
}

/// A page of somebody's data.
pub fn page(begin: Option<OpTime>, number: u32, at: OpTime, last: bool) -> Body {
    Body::CloneResponse {
        begin,
        number,
        at,
        next: (!last).then(|| vec![1]),
    }
}

/// How far the copy is.
pub fn stage(lone: &Lone) -> &SyncStage {
    &lone.state.initial_sync.as_ref().expect("it syncs").stage
}

/// Its clone begins after `old(2)`.
pub fn cloning() -> Lone {
    let mut lone = emptied(false);
    let outputs = lone.hear(1, TERM, page(None, 0, old(2), false));
    assert!(
        outputs.contains(&Output::BeginClone { begin: old(2) }),
        "{outputs:?}"
    );
    assert!(sent(&outputs).contains(&(1, "CloneRequest")));
    lone.give(Input::Persisted(Token::Begun(old(2))));
    lone
}

/// What follows in the source's oplog.
pub fn entries(after: OpTime, entries: &[OpTime]) -> Body {
    Body::FetchResponse {
        after,
        found: true,
        entries: entries.to_vec(),
        commit_point: OpTime::NULL,
        newest: entries.last().copied().unwrap_or(after),
        dropped: OpTime::NULL,
        sync_source: None,
    }
}

#[test]
fn pages_come_one_after_the_other_and_each_once() {
    let mut lone = cloning();
    let begin = Some(old(2));
    let taken = |outputs: &[Output]| outputs.contains(&Output::TakePage { begin: old(2) });
    assert!(
        !taken(&lone.hear(1, TERM, page(begin, 1, old(2), false))),
        "not asked for yet"
    );
    assert!(
        !taken(&lone.hear(1, TERM, page(Some(old(1)), 0, old(2), false))),
        "of another clone"
    );
    let outputs = lone.hear(1, TERM, page(begin, 0, old(2), false));
    assert!(taken(&outputs));
    assert!(sent(&outputs).contains(&(1, "CloneRequest")), "the next one");
    assert!(
        !taken(&lone.hear(1, TERM, page(begin, 0, old(2), false))),
        "again"
    );
}

/// The set, in which this member is an arbiter now.
fn as_arbiter() -> Arc<Config> {
    let mut config = Config::ordinary(3);
    config.members[0].arbiter = true;
    config.members[0].priority_milli = 0;
    config.id.version += 1;
    Arc::new(config)
}

/// Found by `simulate --from 251369 --seeds 1`: it kept the copy, and gave no vote for ever.
#[test]
fn who_becomes_an_arbiter_drops_its_copy_and_votes_again() {
    let mut lone = cloning();
    lone.hear(1, TERM, entries(old(2), &[old(3)]));
    let config = as_arbiter();
    let id = config.id;
    lone.give(Input::ConfigResolved {
        me: Some(MemberId(0)),
        config,
    });
    let mut outputs = lone.give(Input::Persisted(Token::Config(id)));
    outputs.extend(lone.give(Input::Timer(Timer::Sync)));
    assert!(
        outputs.contains(&Output::BeginClone { begin: OpTime::NULL }),
        "{outputs:?}"
    );
    assert_eq!(lone.state.last_written(), OpTime::NULL);
    assert_eq!(stage(&lone), &SyncStage::Settling);
    assert!(
        !outputs.contains(&Output::PersistUnsynced(None)),
        "it has forgotten its votes"
    );
    for other in [1, 2] {
        let memory = Body::MemoryResponse {
            life: 7,
            had: OpTime::NULL,
            written: old(2),
        };
        outputs.extend(lone.hear(other, TERM, memory));
    }
    let gone = outputs
        .iter()
        .position(|output| *output == Output::PersistUnsynced(None));
    let wiped = outputs
        .iter()
        .position(|output| matches!(output, Output::BeginClone { .. }));
    assert!(
        gone > wiped,
        "half of the data must be gone before the flag is: {outputs:?}"
    );
    lone.give(Input::Persisted(Token::Unsynced(None)));
    assert_eq!(lone.state.initial_sync, None);
    assert_eq!(lone.state.member_state, MemberState::Arbiter);
}

#[test]
fn the_begin_is_durable_when_the_disk_says_so() {
    let mut lone = emptied(false);
    lone.hear(1, TERM, page(None, 0, old(2), false));
    lone.give(Input::Persisted(Token::Begun(old(1))));
    assert_eq!(lone.state.durable, OpTime::NULL, "another clone's begin");
    lone.give(Input::Persisted(Token::Begun(old(2))));
    assert_eq!(lone.state.durable, old(2));
    let mut settled = Lone::among(3);
    settled.give(Input::Persisted(Token::Begun(old(1))));
    assert_eq!(settled.state.durable, old(2), "no sync is under way");
}

#[test]
fn the_oplog_is_applied_when_it_reaches_the_last_page_durably() {
    let mut lone = cloning();
    let begin = Some(old(2));
    let outputs = lone.hear(1, TERM, page(begin, 0, new(2), true));
    let applied = |outputs: &[Output]| outputs.contains(&Output::ApplyToClone { stop: new(2) });
    assert_eq!(*stage(&lone), SyncStage::Fetching(new(2)));
    assert!(!applied(&outputs));
    assert!(
        !applied(&lone.hear(1, TERM, entries(old(2), &[new(1), new(2)]))),
        "not on disk"
    );
    assert!(!applied(&lone.give(Input::Flushed(new(1)))));
    assert!(applied(&lone.give(Input::Flushed(new(2)))));
}

#[test]
fn attempts_are_counted_and_end() {
    let mut lone = cloning();
    for attempt in 1..=ATTEMPTS_MAX {
        assert_eq!(
            lone.state.member_state,
            MemberState::Startup2,
            "before attempt {attempt}"
        );
        let outputs = lone.give(Input::CloneFailed);
        let fatal = Output::Fatal(FatalReason::InitialSyncFailed);
        assert_eq!(
            outputs.contains(&fatal),
            attempt == ATTEMPTS_MAX,
            "attempt {attempt}"
        );
        lone.give(Input::Persisted(Token::Unsynced(Some(unsynced(false)))));
        lone.give(Input::SyncFrom(MemberId(1)));
        lone.hear(1, TERM, page(None, 0, old(2), false));
        // Only a clone that is being applied can fail.
        lone.give(Input::Persisted(Token::Begun(old(2))));
        lone.hear(1, TERM, page(Some(old(2)), 0, old(2), true));
        lone.give(Input::Flushed(old(2)));
    }
    assert_eq!(lone.state.member_state, MemberState::Fatal);
}

/// Simulated seed 121720: the copy lay on a branch that was lost, and was begun anew while the word that it is whole was on
/// its way to the disk.
#[test]
fn the_word_that_a_lost_copy_is_whole_does_not_count_for_the_next() {
    let mut lone = cloning();
    lone.hear(1, TERM, page(Some(old(2)), 0, old(2), true));
    assert_eq!(*stage(&lone), SyncStage::Applying(old(2)));
    let flags = |outputs: &[Output]| -> Vec<bool> {
        let flag = |output: &Output| match output {
            Output::PersistUnsynced(Some(flag)) => Some(flag.whole),
            _ => None,
        };
        outputs.iter().filter_map(flag).collect()
    };
    assert_eq!(flags(&lone.give(Input::CloneApplied)), [true]);
    assert_eq!(
        flags(&lone.give(Input::CloneFailed)),
        [false],
        "what a crash leaves is no whole copy"
    );
    lone.give(Input::Persisted(Token::Unsynced(Some(unsynced(true)))));
    assert_eq!(*stage(&lone), SyncStage::Marking, "the newer flag is not on disk");
    lone.give(Input::Persisted(Token::Unsynced(Some(unsynced(false)))));
    assert_eq!(*stage(&lone), SyncStage::Waiting);
}

/// what was thrown away before the first copy is owed after the second, too.
#[test]
fn what_was_owed_is_owed_by_the_next_copy() {
    let owed = new(9);
    let mut lone = Lone::from(Durable {
        me: MemberId(0),
        config: Arc::new(Config::ordinary(3)),
        vote: Vote {
            term: Term(TERM),
            candidate: None,
        },
        oplog: Oplog::new(OpTime::NULL, vec![old(1), old(2)]),
        rollback_id: 0,
        unsynced: Some(Unsynced {
            target: owed,
            forgot: false,
            whole: true,
        }),
        life: 7,
    });
    let asked = Output::PersistUnsynced(Some(Unsynced {
        target: owed,
        forgot: false,
        whole: false,
    }));
    let outputs = lone.give(Input::Resync);
    assert!(outputs.contains(&asked), "{outputs:?}");
}

/// who has forgotten hears from every other voter before it counts, and holds what any of them had.
#[test]
fn who_has_forgotten_waits_for_every_voter() {
    let mut lone = emptied(true);
    let memory = |life, written| Body::MemoryResponse {
        life,
        had: OpTime::NULL,
        written,
    };
    let settled = |outputs: &[Output]| outputs.contains(&Output::PersistUnsynced(None));
    assert!(!settled(&lone.fire(Timer::Sync)));
    assert!(!settled(&lone.hear(1, TERM, memory(7, old(2)))), "one of two");
    assert!(
        !settled(&lone.hear(2, TERM, memory(6, old(2)))),
        "an answer to an earlier life"
    );
    assert!(settled(&lone.hear(2, TERM, memory(7, old(2)))));
    let mut behind = emptied(true);
    behind.hear(1, TERM, memory(7, old(2)));
    assert!(
        !settled(&behind.hear(2, TERM, memory(7, new(1)))),
        "it may have acknowledged more than it has"
    );
    behind.hear(1, TERM, entries(old(2), &[new(1)]));
    assert!(settled(&behind.give(Input::Flushed(new(1)))));
}
