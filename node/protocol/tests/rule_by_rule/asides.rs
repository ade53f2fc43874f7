//! Freezing, the disk's news, the oplog's cap, and clients that give up.

use protocol::concern::WriteConcern;
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::output::{Outcome, Output};
use protocol::timer::Timer;

use crate::lone::{Lone, new, old, sent};

fn stands(outputs: &[Output]) -> bool {
    let votes = |output: &Output| matches!(output, Output::PersistVote(_));
    outputs.iter().any(votes) || !sent(outputs).is_empty()
}

/// nobody to wait for.
#[test]
fn a_lone_voter_stands_as_soon_as_it_may() {
    let mut lone = Lone::among(1);
    assert!(!stands(&lone.give(Input::Freeze(true))));
    assert!(stands(&lone.give(Input::Freeze(false))));
    let mut three = Lone::among(3);
    assert!(!stands(&three.give(Input::Freeze(false))), "others may lead");
    let mut closed = Lone::among(1);
    closed.give(Input::Maintenance(true));
    assert!(!stands(&closed.give(Input::Freeze(false))), "no reads here");
}

#[test]
fn a_freeze_ends_by_its_timer() {
    let mut lone = Lone::among(3);
    let armed = Output::SetTimer(Timer::Election);
    assert!(lone.fire(Timer::Unfreeze).is_empty(), "not frozen");
    lone.give(Input::Freeze(true));
    assert!(lone.fire(Timer::Unfreeze).contains(&armed));
    assert!(!lone.state.frozen);
    assert!(stands(&lone.fire(Timer::Election)));
}

/// what is durable grows entry by entry, and only by entries that are still here.
#[test]
fn the_disk_vouches_for_what_is_in_the_oplog_once() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    lone.give(Input::TurnEnd);
    for known in [old(2), old(1)] {
        lone.give(Input::Flushed(known));
        assert_eq!(lone.state.durable, old(2));
        assert!(sent(&lone.give(Input::TurnEnd)).is_empty(), "no news");
    }
    lone.give(Input::Flushed(new(1)));
    assert_eq!(lone.state.durable, old(2), "cut by a rollback since");
    lone.state.oplog.append(new(1));
    lone.give(Input::Flushed(new(1)));
    assert_eq!(lone.state.durable, new(1));
    assert_eq!(sent(&lone.give(Input::TurnEnd)), [(1, "UpdatePosition")]);
}

#[test]
fn what_the_cap_drops_is_gone() {
    let mut lone = Lone::among(3);
    lone.give(Input::Capped(old(1)));
    assert_eq!(
        (lone.state.oplog.base(), lone.state.oplog.oldest()),
        (old(1), old(2))
    );
}

/// the write stays; only the wait ends, and only this one.
#[test]
fn who_gives_up_waiting_is_told_that_nobody_knows() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.write(6, WriteConcern::MAJORITY);
    lone.write(7, WriteConcern::MAJORITY);
    lone.state.config_waiter = Some(RequestId(8));
    let timed_out = |id| {
        vec![Output::Complete {
            id: RequestId(id),
            outcome: Outcome::TimedOut,
        }]
    };
    let waiting = |lone: &Lone| -> Vec<u64> { lone.state.waiting.iter().map(|waiter| waiter.id.0).collect() };
    assert!(lone.give(Input::Abandon(RequestId(5))).is_empty());
    assert_eq!(waiting(&lone), [6, 7]);
    assert_eq!(lone.give(Input::Abandon(RequestId(7))), timed_out(7));
    assert_eq!(
        (waiting(&lone), lone.state.config_waiter),
        (vec![6], Some(RequestId(8)))
    );
    assert_eq!(lone.give(Input::Abandon(RequestId(8))), timed_out(8));
    assert_eq!((waiting(&lone), lone.state.config_waiter), (vec![6], None));
}
