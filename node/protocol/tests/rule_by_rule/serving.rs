//! What a member tells those who pull from it, copy from it, or lead it.

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message, Position};
use protocol::optime::{OpTime, Term};
use protocol::output::Output;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, new, old, sent};

fn body(outputs: &[Output]) -> Option<Body> {
    outputs.iter().find_map(|output| match output {
        Output::Send(message) => Some(message.body.clone()),
        _ => None,
    })
}

fn fetch(after: OpTime, commit_point: OpTime) -> Body {
    Body::FetchRequest { after, commit_point }
}

/// What member 1 hears at the end of the turn.
fn answer(lone: &mut Lone) -> Option<(bool, Vec<OpTime>)> {
    match body(&lone.give(Input::TurnEnd))? {
        Body::FetchResponse { found, entries, .. } => Some((found, entries)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fetch_waits_for_news() {
    let mut lone = Lone::among(3);
    lone.hear(1, TERM, fetch(old(1), OpTime::NULL));
    assert_eq!(answer(&mut lone), Some((true, vec![old(2)])));
    lone.hear(1, TERM, fetch(old(2), OpTime::NULL));
    assert_eq!(answer(&mut lone), None);
    lone.state.oplog.append(new(1));
    assert_eq!(answer(&mut lone), Some((true, vec![new(1)])));
    assert_eq!(answer(&mut lone), None, "answered once");
    lone.hear(1, TERM, fetch(new(1), OpTime::NULL));
    lone.state.commit_point = old(2);
    assert_eq!(answer(&mut lone), Some((true, vec![])), "a commit point is news");
    lone.hear(1, TERM, fetch(new(1), old(2)));
    assert_eq!(answer(&mut lone), None, "it knows that one");
    lone.hear(1, TERM, fetch(new(2), old(2)));
    assert_eq!(answer(&mut lone), Some((false, vec![])), "not on this branch");
}

#[test]
fn who_asks_again_wants_a_sign_of_life() {
    let mut lone = Lone::among(3);
    lone.hear(1, TERM, fetch(old(2), OpTime::NULL));
    lone.hear(2, TERM, fetch(old(2), OpTime::NULL));
    assert_eq!(answer(&mut lone), None);
    lone.hear(1, TERM, fetch(old(2), OpTime::NULL));
    let outputs = lone.give(Input::TurnEnd);
    assert_eq!(sent(&outputs), [(1, "FetchResponse")], "the other one waits on");
    assert_eq!(lone.state.parked.len(), 1);
}

///
#[test]
fn who_may_not_be_read_serves_no_entries() {
    let mut lone = Lone::among(3);
    lone.hear(1, TERM, fetch(old(1), OpTime::NULL));
    lone.give(Input::Maintenance(true));
    lone.hear(2, TERM, fetch(old(1), OpTime::NULL));
    assert!(
        lone.fired(Input::TurnEnd).contains(&"serve_oplog"),
        "it forgets who waited"
    );
    assert!(lone.state.parked.is_empty());
    assert!(!lone.fired(Input::TurnEnd).contains(&"serve_oplog"));
    let candidates = vec![old(2)];
    assert!(sent(&lone.hear(1, TERM, Body::CommonPointRequest { candidates })).is_empty());
}

#[test]
fn the_newest_common_point_is_the_first_that_is_here() {
    let mut lone = Lone::among(3);
    let candidates = vec![new(5), old(2), old(1)];
    let outputs = lone.hear(1, TERM, Body::CommonPointRequest { candidates });
    let expected = Body::CommonPointResponse {
        asked: new(5),
        common: Some(old(2)),
        newest: old(2),
    };
    assert_eq!(body(&outputs), Some(expected));
}

/// Where the clone's next page would be read.
fn page(lone: &mut Lone, begin: Option<OpTime>) -> Option<OpTime> {
    let request = Body::CloneRequest {
        begin,
        number: 3,
        cursor: Vec::new(),
    };
    match body(&lone.hear(1, TERM, request))? {
        Body::CloneResponse { at, number: 3, .. } => Some(at),
        other => panic!("{other:?}"),
    }
}

/// pages are read at commit points, so that nothing of them is taken back.
#[test]
fn a_page_is_read_where_all_is_committed() {
    let mut lone = Lone::among(3);
    assert_eq!(
        page(&mut lone, None),
        Some(OpTime::NULL),
        "nothing is known to be"
    );
    assert_eq!(
        page(&mut lone, Some(old(2))),
        Some(old(2)),
        "the clone's begin was committed"
    );
    assert_eq!(page(&mut lone, Some(new(1))), None, "not here yet");
    lone.state.commit_point = old(1);
    assert_eq!(page(&mut lone, None), Some(old(1)));
    lone.state.commit_point = new(9);
    assert_eq!(
        page(&mut lone, Some(old(1))),
        Some(old(2)),
        "no further than here"
    );
    lone.state.commit_point = OpTime::NULL;
    lone.give(Input::Capped(old(1)));
    assert_eq!(page(&mut lone, None), Some(old(1)), "the cap drops only that");
    lone.give(Input::Maintenance(true));
    assert_eq!(page(&mut lone, None), None);
}

fn memory(lone: &mut Lone) -> Option<Body> {
    let (life, had) = (4, old(1));
    body(&lone.hear(1, TERM, Body::MemoryRequest { life, had }))
}

///
#[test]
fn a_voucher_says_how_far_it_is() {
    let (life, had) = (4, old(1));
    let says = |written| Some(Body::MemoryResponse { life, had, written });
    assert_eq!(memory(&mut Lone::among(3)), says(old(2)));
    let mut config = Config::ordinary(3);
    config.members[0].arbiter = true;
    assert_eq!(
        memory(&mut Lone::of(config)),
        says(OpTime::NULL),
        "it holds nothing"
    );
    let mut syncing = Lone::among(3);
    syncing.give(Input::Resync);
    assert_eq!(memory(&mut syncing), None, "it can't vouch");
}

fn row(member: u8, term: i64, reached: OpTime) -> Position {
    Position {
        member: MemberId(member),
        term: Term(term),
        written: reached,
        durable: reached,
    }
}

fn reports(outputs: &[Output]) -> Option<Vec<Position>> {
    match body(outputs)? {
        Body::UpdatePosition { positions } => Some(positions),
        other => panic!("{other:?}"),
    }
}

/// R-58…R-60: the primary hears of everybody, however long the chain.
#[test]
fn positions_are_passed_on_while_they_are_news() {
    let mut lone = Lone::among(4);
    lone.give(Input::SyncFrom(MemberId(1)));
    let own = row(0, TERM, old(2));
    assert_eq!(reports(&lone.give(Input::TurnEnd)), Some(vec![own]));
    assert_eq!(reports(&lone.give(Input::TurnEnd)), None);
    let told = |lone: &mut Lone, rows: &[Position]| {
        let positions = rows.to_vec();
        lone.hear(2, TERM, Body::UpdatePosition { positions });
        reports(&lone.give(Input::TurnEnd))
    };
    let theirs = row(2, TERM, old(2));
    assert_eq!(told(&mut lone, &[theirs]), Some(vec![own, theirs]));
    assert_eq!(told(&mut lone, &[theirs]), None, "known");
    assert_eq!(
        told(&mut lone, &[row(2, TERM, old(1))]),
        None,
        "overtaken by the last one"
    );
    assert_eq!(
        told(&mut lone, &[row(3, TERM - 1, old(2))]),
        None,
        "of an older term"
    );
    assert_eq!(told(&mut lone, &[row(0, TERM, new(9))]), None, "about itself");
    assert_eq!(told(&mut lone, &[row(9, TERM, new(9))]), None, "about nobody");
    let outputs = lone.fire(Timer::KeepAlive);
    assert!(outputs.contains(&Output::SetTimer(Timer::KeepAlive)));
    assert_eq!(reports(&lone.give(Input::TurnEnd)), Some(vec![own, theirs]));
}

#[test]
fn who_leads_reports_to_nobody() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.state.sync_source = Some(MemberId(1));
    lone.fire(Timer::KeepAlive);
    assert!(sent(&lone.give(Input::TurnEnd)).is_empty());
    assert_eq!(lone.state.member_state, MemberState::Primary);
    let own_echo = Message {
        from: MemberId(0),
        to: MemberId(0),
        term: lone.state.term,
        body: fetch(old(1), OpTime::NULL),
    };
    lone.give(Input::Message(own_echo));
    assert!(lone.state.parked.is_empty());
}
