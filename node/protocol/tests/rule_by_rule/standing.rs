//! Who may stand, whom it asks, and which answers count (R-24…R-28).

use protocol::config::{Config, MemberId};
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::optime::Term;
use protocol::output::{Output, Token, Vote};
use protocol::state::Role;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, sent};

fn stands(lone: &Lone) -> bool {
    matches!(lone.state.role, Role::Candidate { .. })
}

fn kinds(outputs: &[Output], kind: &str) -> Vec<u8> {
    let asked = sent(outputs).into_iter().filter(|(_, sent)| *sent == kind);
    asked.map(|(to, _)| to).collect()
}

#[test]
fn who_leads_already_stands_no_more() {
    for input in [
        Input::StepUp { skip_dry_run: true },
        Input::StepUp { skip_dry_run: false },
        Input::Timer(Timer::Election),
    ] {
        let mut lone = Lone::leading(Config::ordinary(3));
        let before = lone.state.clone();
        assert!(lone.give(input.clone()).is_empty(), "{input:?}");
        assert_eq!(lone.state, before);
    }
}

/// without data it would lead with nothing.
#[test]
fn who_may_not_stand_does_not_even_when_told() {
    let changes: [fn(&mut Lone); 4] = [
        |lone| lone.state.frozen = true,
        |lone| lone.state.member_state = MemberState::Recovering,
        |lone| lone.state.oplog = protocol::oplog::Oplog::default(),
        |lone| lone.state.me = MemberId(9),
    ];
    for change in changes {
        let mut lone = Lone::among(3);
        change(&mut lone);
        lone.give(Input::StepUp { skip_dry_run: true });
        assert!(!stands(&lone), "{:?}", lone.state);
        lone.hear(1, TERM, Body::StepUp);
        assert!(!stands(&lone), "{:?}", lone.state);
    }
}

#[test]
fn the_election_timer_runs_on_while_it_may_not_stand() {
    let mut lone = Lone::among(3);
    lone.give(Input::Freeze(true));
    assert_eq!(lone.fire(Timer::Election), [Output::SetTimer(Timer::Election)]);
}

/// who is behind and is told so again and again would else end term after term.
#[test]
fn who_is_told_to_stand_asks_first_unless_told_not_to() {
    let mut lone = Lone::among(3);
    let outputs = lone.give(Input::StepUp { skip_dry_run: false });
    assert_eq!(kinds(&outputs, "DryRunRequest"), [1, 2]);
    assert!(!stands(&lone));
    assert_eq!(lone.state.term, Term(TERM));
    let outputs = lone.give(Input::StepUp { skip_dry_run: true });
    assert!(kinds(&outputs, "DryRunRequest").is_empty());
    assert!(stands(&lone));
    assert_eq!(lone.state.term, Term(TERM + 1));
    let mut frozen = Lone::among(3);
    frozen.give(Input::Freeze(true));
    assert!(frozen.give(Input::StepUp { skip_dry_run: false }).is_empty());
}

/// the primary that leaves has chosen it, in this term.
#[test]
fn a_hand_off_is_taken_by_who_follows_that_term() {
    let mut lone = Lone::among(3);
    lone.hear(1, TERM - 1, Body::StepUp);
    assert!(!stands(&lone), "of an older term");
    let mut asking = Lone::among(3);
    asking.fire(Timer::Election);
    asking.hear(1, TERM, Body::StepUp);
    assert!(!stands(&asking), "it is about to stand by itself");
    assert_eq!(asking.state.term, Term(TERM));
    let outputs = lone.hear(1, TERM, Body::StepUp);
    assert!(stands(&lone));
    assert!(
        kinds(&outputs, "VoteRequest").is_empty(),
        "its own vote is not durable"
    );
    assert_eq!((lone.state.primary, lone.state.term), (None, Term(TERM + 1)));
}

#[test]
fn voters_are_asked_and_nobody_else() {
    let mut config = Config::ordinary(5);
    config.members[2].votes = false;
    config.members[3].newly_added = true;
    let mut lone = Lone::of(config);
    assert_eq!(kinds(&lone.fire(Timer::Election), "DryRunRequest"), [1, 4]);
    lone.give(Input::StepUp { skip_dry_run: true });
    let vote = lone.state.vote;
    let outputs = lone.give(Input::Persisted(Token::Vote(vote)));
    assert_eq!(kinds(&outputs, "VoteRequest"), [1, 4]);
}

/// Votes reach the disk in order: the one that it gave another before it stood, and that of an earlier candidacy.
#[test]
fn only_the_own_vote_of_the_term_lets_it_ask() {
    let mut lone = Lone::among(3);
    let given = Vote {
        term: Term(TERM),
        candidate: Some(MemberId(1)),
    };
    lone.give(Input::StepUp { skip_dry_run: true });
    let first = lone.state.vote;
    lone.give(Input::StepUp { skip_dry_run: true });
    let own = lone.state.vote;
    assert_eq!((own.term, own.candidate), (Term(TERM + 2), Some(MemberId(0))));
    for earlier in [given, first] {
        let outputs = lone.give(Input::Persisted(Token::Vote(earlier)));
        assert!(kinds(&outputs, "VoteRequest").is_empty(), "{earlier:?}");
    }
    let outputs = lone.give(Input::Persisted(Token::Vote(own)));
    assert_eq!(kinds(&outputs, "VoteRequest"), [1, 2]);
}

#[test]
fn a_dry_run_is_won_by_answers_to_its_own_questions() {
    let yes = |dry_run, asked, granted| Body::VoteResponse {
        dry_run,
        asked: Term(asked),
        granted,
    };
    let mut lone = Lone::among(5);
    lone.fire(Timer::Election);
    lone.hear(1, TERM, yes(true, TERM - 1, true));
    lone.hear(2, TERM, yes(true, TERM, false));
    lone.hear(3, TERM, yes(false, TERM, true));
    let heard = |lone: &Lone| match lone.state.role {
        Role::DryRun { granted } => granted.len(),
        _ => 0,
    };
    assert_eq!(heard(&lone), 1, "itself");
    lone.hear(1, TERM, yes(true, TERM, true));
    lone.hear(1, TERM, yes(true, TERM, true));
    assert_eq!(heard(&lone), 2, "two of five, one of them twice");
    lone.hear(2, TERM, yes(true, TERM, true));
    assert!(stands(&lone));
    assert_eq!(lone.state.term, Term(TERM + 1));
}

/// Everybody is greeted, nobody is known yet.
#[test]
fn a_member_that_comes_up_takes_up_its_place() {
    let outputs = Lone::among(3).give(Input::Start);
    assert_eq!(kinds(&outputs, "HeartbeatRequest"), [1, 2]);
    let timers = [
        Timer::Silence(MemberId(1)),
        Timer::Silence(MemberId(2)),
        Timer::Heartbeat(MemberId(1)),
        Timer::Election,
        Timer::SyncSource,
        Timer::KeepAlive,
    ];
    for timer in timers {
        assert!(outputs.contains(&Output::SetTimer(timer)), "{timer:?}");
    }
}

/// the timer would call it up for nothing, time and again.
#[test]
fn who_can_never_stand_and_who_leads_wait_for_no_election() {
    let armed = Output::SetTimer(Timer::Election);
    let mut config = Config::ordinary(3);
    config.members[0].priority_milli = 0;
    assert!(!Lone::of(config).give(Input::Start).contains(&armed));
    let mut primary = Lone::leading(Config::ordinary(3));
    let stamped = primary
        .state
        .config_pending
        .as_ref()
        .expect("a new term")
        .config
        .id;
    let outputs = primary.give(Input::Persisted(Token::Config(stamped)));
    assert!(
        outputs.contains(&Output::SetTimer(Timer::KeepAlive)),
        "in its place again"
    );
    assert!(!outputs.contains(&armed));
}
