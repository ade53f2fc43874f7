//! Each reason to refuse a vote is enough, and none refuses more than it must.

use std::sync::Arc;

use protocol::config::{Config, ConfigId, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Token, Vote};

use crate::lone::{Lone, TERM, old};

/// A dry run: no vote is used up by it.
const ASKS: bool = true;
/// The real thing.
const WANTS: bool = false;

fn request(lone: &mut Lone, from: u8, term: i64, dry_run: bool, config: ConfigId, last: OpTime) -> bool {
    let body = Body::VoteRequest {
        dry_run,
        unless_led: false,
        config,
        last,
    };
    let outputs = lone.hear(from, term, body);
    let answered = outputs.iter().find_map(|output| match output {
        Output::Send(Message {
            body: Body::VoteResponse { granted, .. },
            ..
        }) => Some(*granted),
        _ => None,
    });
    // A real vote is answered once it is durable.
    let voted = |output: &Output| matches!(output, Output::PersistVote(_));
    answered.unwrap_or_else(|| outputs.iter().any(voted))
}

/// What candidate 2 hears that has all that this member has.
fn grants(lone: &mut Lone, dry_run: bool, term: i64) -> bool {
    let (config, last) = (lone.state.config.id, lone.state.last_written());
    request(lone, 2, term, dry_run, config, last)
}

#[test]
fn a_candidate_with_less_of_anything_is_refused() {
    let mut lone = Lone::among(3);
    let present = lone.state.config.id;
    let mut older = present;
    older.version -= 1;
    assert!(grants(&mut lone, ASKS, TERM));
    assert!(!grants(&mut lone, ASKS, TERM - 1), "of an older term");
    assert!(!request(&mut lone, 2, TERM, ASKS, older, old(2)));
    assert!(!request(&mut lone, 2, TERM, ASKS, present, old(1)), "data staler");
    assert!(request(&mut lone, 2, TERM, ASKS, present, old(3)));
}

/// After a crash the newer configuration may be the one on disk.
#[test]
fn a_configuration_on_its_way_to_disk_binds_already() {
    let mut lone = Lone::among(3);
    let mut next = Config::clone(&lone.state.config);
    next.id.version += 1;
    let newer = next.id;
    lone.give(Input::ConfigResolved {
        me: Some(MemberId(0)),
        config: Arc::new(next),
    });
    assert!(!grants(&mut lone, ASKS, TERM));
    assert!(request(&mut lone, 2, TERM, ASKS, newer, old(2)));
}

#[test]
fn one_vote_a_term_and_none_for_a_question() {
    let mut lone = Lone::among(3);
    assert!(grants(&mut lone, ASKS, TERM + 1));
    assert!(grants(&mut lone, WANTS, TERM + 1), "the question cost nothing");
    assert!(!grants(&mut lone, WANTS, TERM + 1), "not even the same one again");
    assert!(grants(&mut lone, ASKS, TERM + 1), "a question may be asked");
    assert!(grants(&mut lone, WANTS, TERM + 2));
    assert_eq!(lone.state.vote.term, Term(TERM + 2));
}

/// Else a member whose rules let it vote twice in a term would believe in another record than its disk has.
#[test]
fn the_record_that_was_confirmed_last_is_the_one_on_disk() {
    let mut lone = Lone::among(3);
    let record = |candidate| Vote {
        term: Term(TERM + 1),
        candidate,
    };
    assert!(grants(&mut lone, WANTS, TERM + 1));
    assert_eq!(lone.state.vote_durable.term, Term(TERM), "on its way");
    for vote in [record(None), record(Some(MemberId(2)))] {
        lone.give(Input::Persisted(Token::Vote(vote)));
        assert_eq!((lone.state.vote_durable, lone.state.durable().vote), (vote, vote));
    }
}

/// whoever throws its data away would vote as one that never had them.
#[test]
fn who_copies_the_data_gives_no_vote() {
    let mut lone = Lone::among(3);
    lone.give(Input::Resync);
    assert!(!grants(&mut lone, WANTS, TERM + 1));
}

/// An arbiter that sees member 1 lead.
fn arbiter(change: impl FnOnce(&mut Config)) -> Lone {
    let mut config = Config::ordinary(3);
    config.members[0].arbiter = true;
    config.members[0].priority_milli = 0;
    change(&mut config);
    let mut lone = Lone::of(config);
    lone.state.seen[1].state = MemberState::Primary;
    lone
}

#[test]
fn an_arbiter_keeps_a_healthy_primary_that_is_no_worse() {
    assert!(!grants(&mut arbiter(|_| ()), ASKS, TERM));
    let mut no_arbiter = Lone::among(3);
    no_arbiter.state.seen[1].state = MemberState::Primary;
    assert!(grants(&mut no_arbiter, ASKS, TERM), "a matter of arbiters");
    let mut of_less = arbiter(|config| config.members[1].priority_milli = 500);
    assert!(grants(&mut of_less, ASKS, TERM), "the candidate is preferred");
    let mut of_more = arbiter(|config| config.members[1].priority_milli = 2000);
    assert!(!grants(&mut of_more, ASKS, TERM));
    let mut silent = arbiter(|_| ());
    silent.state.seen[1].up = false;
    assert!(grants(&mut silent, ASKS, TERM), "not healthy");
    let mut lost = arbiter(|_| ());
    lost.state.seen[1].state = MemberState::Secondary;
    assert!(grants(&mut lost, ASKS, TERM), "no primary");
    let mut asked_by_it = arbiter(|_| ());
    asked_by_it.state.seen[1].state = MemberState::Secondary;
    asked_by_it.state.seen[2].state = MemberState::Primary;
    assert!(
        grants(&mut asked_by_it, ASKS, TERM),
        "the primary that it sees asks"
    );
    let mut changed = arbiter(|_| ());
    let mut newer = changed.state.config.id;
    newer.version += 1;
    assert!(
        request(&mut changed, 2, TERM, ASKS, newer, old(2)),
        "the candidate may know of other priorities"
    );
}
