//! The end of a copy, or of having forgotten: from when on a member counts again.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::initial_sync::{InitialSync, SyncStage, Unsynced};
use protocol::input::Input;
use protocol::message::MemberState;
use protocol::optime::OpTime;
use protocol::output::{Output, Token};
use protocol::state::Rollback;

use crate::copying::memory;
use crate::initial_sync::{emptied, stage};
use crate::lone::{Lone, TERM, new, old};

/// Whole data, all vouched for: the flag is being cleared.
fn finishing() -> Lone {
    let mut lone = emptied(true);
    for other in [1, 2] {
        lone.hear(other, TERM, memory(OpTime::NULL, old(2)));
    }
    assert_eq!(*stage(&lone), SyncStage::Finishing);
    lone
}

#[test]
fn it_counts_when_the_flag_is_cleared_unless_it_begins_anew_meanwhile() {
    let mut lone = finishing();
    let outputs = lone.give(Input::Persisted(Token::Unsynced(None)));
    assert_eq!(lone.state.initial_sync, None);
    assert_eq!(lone.state.member_state, MemberState::Secondary);
    for state in [MemberState::Recovering, MemberState::Secondary] {
        assert!(outputs.contains(&Output::StateChanged(state)), "S4-20: {state:?}");
    }
    let mut again = finishing();
    again.give(Input::Resync);
    assert_eq!(*stage(&again), SyncStage::Marking);
    again.give(Input::Persisted(Token::Unsynced(None)));
    assert_eq!(*stage(&again), SyncStage::Marking, "its data are about to go");
}

/// An entry of the vote record, too: what it may have voted for is in none of the terms to come.
#[test]
fn who_has_forgotten_its_votes_gives_none_in_the_terms_it_knows_of() {
    let mut lone = emptied(true);
    let term = TERM + 2;
    lone.hear(1, term, memory(OpTime::NULL, old(2)));
    let outputs = lone.hear(2, term, memory(OpTime::NULL, old(2)));
    assert_eq!((lone.state.vote.term.0, lone.state.vote.candidate), (term, None));
    assert!(outputs.contains(&Output::PersistVote(lone.state.vote)));
}

/// A rollback that began meanwhile goes on: it is no secondary before that.
#[test]
fn a_rollback_outlives_the_flag() {
    let mut lone = finishing();
    lone.state.rollback = Some(Rollback::Cutting(old(1)));
    lone.state.member_state = MemberState::Rollback;
    lone.give(Input::Persisted(Token::Unsynced(None)));
    assert_eq!(lone.state.initial_sync, None);
    assert_eq!(lone.state.member_state, MemberState::Rollback);
}

/// A member with whole data that may have had `target`; all others have vouched for `vouched`, or none has.
fn settles(target: OpTime, forgot: bool, vouched: Option<OpTime>, change: impl FnOnce(&mut Lone)) -> bool {
    let mut lone = Lone::among(3);
    let flag = Unsynced {
        target,
        forgot,
        whole: true,
    };
    lone.state.initial_sync = Some(Box::new(InitialSync::new(flag, SyncStage::Settling)));
    change(&mut lone);
    let sync = lone.state.initial_sync.as_mut().unwrap();
    if let Some(vouched) = vouched {
        [1, 2].into_iter().for_each(|other| sync.heard.insert(other));
        sync.vouched = vouched;
    }
    lone.give(Input::TurnEnd).contains(&Output::PersistUnsynced(None))
}

/// What it had is enough; and if that is nowhere any more, what all others have.
#[test]
fn who_remembers_holds_what_it_had_or_all_that_there_is() {
    assert!(settles(old(2), false, None, |_| ()));
    assert!(!settles(new(1), false, None, |_| ()), "it had more");
    assert!(settles(new(1), false, Some(old(2)), |_| ()), "nobody else has it");
    assert!(!settles(new(1), false, Some(new(1)), |_| ()), "somebody has");
    let one_heard = |lone: &mut Lone| lone.state.initial_sync.as_mut().unwrap().heard.insert(1);
    assert!(!settles(new(1), false, None, one_heard), "the other one may");
    let unflushed = |lone: &mut Lone| lone.state.durable = old(1);
    assert!(!settles(old(2), false, None, unflushed), "a crash would lose it");
}

#[test]
fn who_has_forgotten_holds_what_anybody_who_votes_has() {
    assert!(settles(OpTime::NULL, true, Some(old(2)), |_| ()));
    assert!(!settles(OpTime::NULL, true, Some(new(1)), |_| ()));
    assert!(
        !settles(new(1), true, Some(old(2)), |_| ()),
        "known from the time before"
    );
    assert!(!settles(OpTime::NULL, true, None, |_| ()));
    let change = |lone: &mut Lone, change: fn(&mut Config)| change(Arc::make_mut(&mut lone.state.config));
    let alone = |lone: &mut Lone| {
        change(lone, |config| {
            config.members[1].votes = false;
            config.members[2].votes = false;
        });
    };
    assert!(settles(OpTime::NULL, true, None, alone), "nobody else votes");
    let arbiter = |lone: &mut Lone| change(lone, |config| config.members[0].arbiter = true);
    assert!(
        settles(OpTime::NULL, true, Some(new(1)), arbiter),
        "it holds no data"
    );
    let removed = |lone: &mut Lone| lone.state.me = MemberId(9);
    assert!(!settles(old(2), false, None, removed), "it may come back");
}

/// Brings a member its first configuration; what does it write before it?
fn flagged(change: impl FnOnce(&mut Config), data: bool, initiates: bool) -> Option<Unsynced> {
    let mut config = Config::ordinary(3);
    config.id.term = protocol::optime::Term(2);
    change(&mut config);
    let config = Arc::new(config);
    let mut lone = Lone::of(Config::none());
    lone.state.term = protocol::optime::Term::INITIAL;
    if !data {
        lone.state.oplog = protocol::oplog::Oplog::default();
    }
    let me = MemberId(0);
    let outputs = lone.give(if initiates {
        Input::Initiate { me, config }
    } else {
        let me = Some(me);
        Input::ConfigResolved { me, config }
    });
    let at = |wanted: fn(&Output) -> bool| outputs.iter().position(wanted);
    let flag = at(|output| matches!(output, Output::PersistUnsynced(_)));
    let stored = at(|output| matches!(output, Output::PersistConfig(_))).expect("it is wanted");
    assert!(flag.is_none_or(|flag| flag < stored), "the flag comes first");
    outputs.iter().find_map(|output| match output {
        Output::PersistUnsynced(flag) => *flag,
        _ => None,
    })
}

/// R-98, BUG-R08.
#[test]
fn an_old_member_without_a_configuration_has_forgotten() {
    let forgot = |whole| {
        Some(Unsynced {
            target: OpTime::NULL,
            forgot: true,
            whole,
        })
    };
    assert_eq!(flagged(|_| (), false, false), forgot(false));
    assert_eq!(flagged(|_| (), true, false), forgot(true), "another's directory");
    let arbiter = |config: &mut Config| config.members[0].arbiter = true;
    assert_eq!(
        flagged(arbiter, false, false),
        forgot(true),
        "it has no data to copy"
    );
    let new_here = |config: &mut Config| config.members[0].newly_added = true;
    assert_eq!(flagged(new_here, false, false), None);
    let new_set = |config: &mut Config| config.id.term = protocol::optime::Term::INITIAL;
    assert_eq!(flagged(new_set, false, false), None, "nobody ever led");
    assert_eq!(flagged(|_| (), false, true), None, "it founds the set");
}
