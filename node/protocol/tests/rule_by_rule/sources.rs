//! Whom a member pulls from, and when it looks for somebody else (R-80… ).

use protocol::config::{Config, MemberId};
use protocol::initial_sync::{InitialSync, SyncStage, Unsynced};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::OpTime;
use protocol::output::Output;
use protocol::state::{Denial, State};
use protocol::timer::Timer;

use crate::lone::{Lone, heartbeat, new, old, sent};

const FIRST: Option<MemberId> = Some(MemberId(1));
const SECOND: Option<MemberId> = Some(MemberId(2));

/// Whom a member of three chooses: both others are ahead, the second one is fresher.
fn chosen(config: impl FnOnce(&mut Config), change: impl FnOnce(&mut State)) -> Option<MemberId> {
    let mut three = Config::ordinary(3);
    config(&mut three);
    let mut lone = Lone::of(three);
    lone.state.seen[1].written = new(1);
    lone.state.seen[2].written = new(2);
    change(&mut lone.state);
    lone.fire(Timer::SyncSource);
    lone.state.sync_source
}

#[test]
fn the_primary_is_preferred_if_it_says_so_itself() {
    let first_leads = |state: &mut State| {
        state.primary = FIRST;
        state.seen[1].state = MemberState::Primary;
    };
    assert_eq!(chosen(|_| (), first_leads), FIRST);
    let of_an_older_term = |state: &mut State| state.seen[1].state = MemberState::Primary;
    assert_eq!(chosen(|_| (), of_an_older_term), SECOND);
    let stepped_down = |state: &mut State| state.primary = FIRST;
    assert_eq!(chosen(|_| (), stepped_down), SECOND);
}

#[test]
fn who_builds_indexes_needs_a_source_that_does() {
    let without = |config: &mut Config, member: usize| {
        config.members[member].build_indexes = false;
        config.members[member].priority_milli = 0;
    };
    assert_eq!(chosen(|config| without(config, 2), |_| ()), FIRST);
    let neither = |config: &mut Config| [0, 2].into_iter().for_each(|member| without(config, member));
    assert_eq!(chosen(neither, |_| ()), SECOND);
}

/// With chaining forbidden only the primary is pulled from; without a primary the setting would only keep members behind.
#[test]
fn chaining_may_be_forbidden_while_there_is_a_primary() {
    let forbid = |config: &mut Config| config.chaining_allowed = false;
    let leads_but_denied = |state: &mut State| {
        state.primary = FIRST;
        state.seen[1].state = MemberState::Primary;
        state.seen[1].denied = Some(Denial::Silent);
    };
    assert_eq!(chosen(forbid, leads_but_denied), None);
    assert_eq!(chosen(|_| (), leads_but_denied), SECOND);
    assert_eq!(chosen(forbid, |_| ()), SECOND);
}

/// Whom a member chooses that copies the data, is at this stage, and sees the others at `theirs`.
fn chosen_at(stage: SyncStage, theirs: OpTime) -> Option<MemberId> {
    let flag = Unsynced {
        target: old(2),
        forgot: false,
        whole: false,
    };
    chosen(
        |_| (),
        |state| {
            state.initial_sync = Some(Box::new(InitialSync::new(flag, stage)));
            for seen in &mut state.seen {
                seen.written = theirs;
            }
        },
    )
}

/// What a copy needs are somebody's data, not entries that are newer than its own.
#[test]
fn a_copy_takes_what_there_is() {
    assert_eq!(chosen_at(SyncStage::Waiting, old(1)), FIRST, "all that is left");
    assert_eq!(chosen_at(SyncStage::Waiting, OpTime::NULL), None, "nothing there");
    let fetching = || SyncStage::Fetching(old(2));
    assert_eq!(chosen_at(fetching(), old(1)), None, "the clone began after that");
    assert_eq!(chosen_at(fetching(), old(2)), FIRST);
    assert_eq!(
        chosen_at(SyncStage::Settling, old(2)),
        None,
        "it has the data now"
    );
    assert_eq!(chosen_at(SyncStage::Settling, old(3)), FIRST);
}

#[test]
fn a_denial_ends_by_its_own_timer() {
    let mut lone = Lone::among(3);
    lone.state.seen[1].denied = Some(Denial::Behind);
    lone.fire(Timer::Forgive(MemberId(1), Denial::Silent));
    assert_eq!(lone.state.seen[1].denied, Some(Denial::Behind), "an older one");
    lone.fire(Timer::Forgive(MemberId(1), Denial::Behind));
    assert_eq!(lone.state.seen[1].denied, None);
}

#[test]
fn a_source_that_cannot_be_read_is_left() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    let body = heartbeat(MemberState::Recovering, old(2), &lone.state);
    let message = Message {
        from: MemberId(1),
        to: MemberId(0),
        term: lone.state.term,
        body,
    };
    assert!(
        lone.fired(Input::Message(message))
            .contains(&"choose_sync_source")
    );
    assert_eq!(lone.state.sync_source, None, "the other one has nothing new");
}

#[test]
fn looking_around_counts_only_when_it_is_time() {
    let name = "choose_sync_source";
    let mut lone = Lone::among(3);
    assert!(lone.fired(Input::Timer(Timer::SyncSource)).contains(&name));
    assert!(!lone.fired(Input::TurnEnd).contains(&name), "nothing was done");
    let mut primary = Lone::leading(Config::ordinary(3));
    assert!(!primary.fired(Input::Timer(Timer::SyncSource)).contains(&name));
}

/// Of four: pulls from 2, follows 1.
fn between(config: impl FnOnce(&mut Config), of_source: OpTime) -> Lone {
    let mut four = Config::ordinary(4);
    config(&mut four);
    let mut lone = Lone::of(four);
    lone.hear_beat(1, MemberState::Primary, new(1));
    lone.give(Input::SyncFrom(MemberId(2)));
    lone.state.seen[2].written = of_source;
    lone
}

/// A word from a third one; does it make the member pull anew, and from whom?
fn then(lone: &mut Lone) -> (bool, Option<MemberId>) {
    let outputs = lone.hear_beat(3, MemberState::Secondary, old(2));
    let asks = sent(&outputs).iter().any(|(_, kind)| *kind == "FetchRequest");
    (asks, lone.state.sync_source)
}

#[test]
fn a_source_with_nothing_new_is_left_for_the_primary() {
    assert_eq!(then(&mut between(|_| (), new(2))), (false, SECOND), "it is ahead");
    assert_eq!(then(&mut between(|_| (), old(2))), (true, FIRST));
    let forbid = |config: &mut Config| config.chaining_allowed = false;
    assert_eq!(then(&mut between(forbid, new(2))), (true, FIRST), "no chaining");
    let mut denied = between(|_| (), old(2));
    denied.state.seen[1].denied = Some(Denial::Silent);
    assert_eq!(then(&mut denied), (false, SECOND), "it did not answer");
    let mut silent = between(|_| (), old(2));
    silent.state.seen[1].up = false;
    assert_eq!(then(&mut silent), (false, SECOND), "out of sight");
    let mut lost = between(|_| (), old(2));
    lost.state.seen[1].state = MemberState::Secondary;
    assert_eq!(then(&mut lost), (false, SECOND), "no primary any more");
}

#[test]
fn who_pulls_from_the_primary_goes_on() {
    let mut lone = between(|_| (), old(2));
    lone.give(Input::SyncFrom(MemberId(1)));
    lone.state.seen[1].written = old(2);
    assert_eq!(then(&mut lone), (false, FIRST), "its answer is on its way");
}

/// The answer would come from the member itself in the end (SERVER-58988).
#[test]
fn nobody_is_chosen_who_pulls_from_me() {
    let from_me = |state: &mut State| state.seen[2].sync_source = Some(MemberId(0));
    assert_eq!(chosen(|_| (), from_me), FIRST);
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    let answer = Body::FetchResponse {
        after: old(2),
        found: true,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest: old(2),
        dropped: OpTime::NULL,
        sync_source: Some(MemberId(0)),
    };
    let outputs = lone.hear(1, lone.state.term.0, answer);
    assert!(outputs.contains(&Output::CancelTimer(Timer::Fetch)));
    assert_eq!(lone.state.sync_source, None);
}

/// A new primary that catches up from me has written nothing newer yet; its last heartbeat is of before.
#[test]
fn a_primary_that_catches_up_from_me_is_not_asked_again_at_once() {
    let mut lone = Lone::among(3);
    lone.state.primary = FIRST;
    lone.state.seen[1].state = MemberState::Primary;
    lone.state.seen[1].written = old(2);
    lone.give(Input::SyncFrom(MemberId(1)));
    let answer = Body::FetchResponse {
        after: lone.state.last_written(),
        found: true,
        entries: Vec::new(),
        commit_point: OpTime::NULL,
        newest: lone.state.last_written(),
        dropped: OpTime::NULL,
        sync_source: Some(MemberId(0)),
    };
    lone.hear(1, lone.state.term.0, answer);
    assert_eq!(
        lone.state.sync_source, None,
        "until a heartbeat says that it pulls from nobody"
    );
    lone.hear_beat(1, MemberState::Primary, old(2));
    assert_eq!(lone.state.sync_source, FIRST);
}
