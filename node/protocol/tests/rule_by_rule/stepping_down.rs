//! How a primary leaves, and whom it leaves the set to (§3.7).

use protocol::concern::WriteConcern;
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState};
use protocol::optime::Term;
use protocol::output::{Outcome, Output, Refusal};
use protocol::state::Role;
use protocol::timer::Timer;

use crate::lone::{Lone, TERM, old, sent};

const ID: RequestId = RequestId(1);

fn complete(id: u64, outcome: Outcome) -> Output {
    let id = RequestId(id);
    Output::Complete { id, outcome }
}

fn refused(refusal: Refusal) -> Output {
    Output::Refuse { id: ID, refusal }
}

fn heirs(outputs: &[Output]) -> Vec<u8> {
    let told = sent(outputs).into_iter().filter(|(_, kind)| *kind == "StepUp");
    told.map(|(to, _)| to).collect()
}

/// It waits for somebody to catch up.
fn leaving(config: Config, force: bool) -> Lone {
    let mut lone = Lone::leading(config);
    let outputs = lone.give(Input::StepDown { id: ID, force });
    assert!(outputs.contains(&Output::SetTimer(Timer::StepDown)));
    assert!(lone.state.is_primary() && !lone.state.is_writable());
    lone
}

#[test]
fn who_does_not_lead_cannot_step_down() {
    let step_down = Input::StepDown { id: ID, force: true };
    assert_eq!(
        Lone::among(3).give(step_down),
        [refused(Refusal::NotWritablePrimary)]
    );
    assert!(Lone::among(3).fire(Timer::StepDown).is_empty());
}

///
#[test]
fn when_nobody_catches_up_only_force_ends_the_term() {
    let mut lone = leaving(Config::ordinary(3), false);
    let outputs = lone.fire(Timer::StepDown);
    assert_eq!(outputs, [refused(Refusal::NoElectableSecondary)]);
    assert!(lone.state.is_writable() && !lone.state.frozen);
    let mut forced = leaving(Config::ordinary(3), true);
    let outputs = forced.fire(Timer::StepDown);
    assert!(outputs.contains(&complete(1, Outcome::Done)));
    assert!(
        outputs.contains(&Output::SetTimer(Timer::Unfreeze)),
        "it stands no more for a while"
    );
    assert!(forced.state.frozen);
    assert_eq!(forced.state.role, Role::Follower);
}

/// R-52, SERVER-27534: the new primary's commit point may pass their entries, which are gone by then.
#[test]
fn whoever_waits_hears_that_nobody_knows() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.write(6, WriteConcern::MAJORITY);
    lone.state.config_waiter = Some(RequestId(7));
    let term = lone.state.term.0 + 1;
    let outputs = lone.hear(1, term, Body::StepUp);
    for id in [6, 7] {
        assert!(outputs.contains(&complete(id, Outcome::SteppedDown)), "{id}");
    }
    assert_eq!(
        (lone.state.primary, lone.state.member_state),
        (None, MemberState::Secondary)
    );
    assert!(outputs.contains(&Output::SetTimer(Timer::Election)));
    assert!(outputs.contains(&Output::CancelTimer(Timer::CatchUp)));
    assert!(lone.state.waiting.is_empty() && lone.state.first_of_term.is_none());
}

#[test]
fn out_of_sight_of_a_majority_it_forgets_that_it_led() {
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.fire(Timer::Silence(MemberId(1)));
    assert_eq!(lone.state.primary, Some(MemberId(0)));
    lone.fire(Timer::Silence(MemberId(2)));
    assert_eq!((lone.state.primary, lone.state.role), (None, Role::Follower));
}

#[test]
fn the_preferred_of_those_who_have_caught_up_is_told_to_stand() {
    let mut config = Config::ordinary(4);
    config.members[2].priority_milli = 2000;
    config.members[3].priority_milli = 2000;
    let mut lone = Lone::leading(config);
    let last = lone.state.last_written();
    for other in [1, 2, 3] {
        lone.reported(other, last);
    }
    let outputs = lone.give(Input::StepDown { id: ID, force: false });
    assert_eq!(heirs(&outputs), [2], "the first of equals");
}

#[test]
fn too_few_are_no_majority() {
    let mut lone = leaving(Config::ordinary(5), false);
    let last = lone.state.last_written();
    assert!(heirs(&lone.reported(1, last)).is_empty(), "two of five");
    lone.reported(2, old(2));
    assert!(lone.state.is_primary(), "the third one has not the newest entry");
    assert_eq!(heirs(&lone.reported(2, last)), [1]);
}

#[test]
fn an_arbiter_has_nothing_to_catch_up_with() {
    let mut config = Config::ordinary(4);
    for arbiter in [2, 3] {
        config.members[arbiter].arbiter = true;
        config.members[arbiter].priority_milli = 0;
    }
    let mut lone = leaving(config, false);
    let last = lone.state.last_written();
    for other in [1, 2, 3] {
        assert!(
            heirs(&lone.reported(other, last)).is_empty(),
            "two of four hold it"
        );
    }
}

#[test]
fn the_only_member_leaves_at_once() {
    let mut lone = Lone::leading(Config::ordinary(1));
    let outputs = lone.give(Input::StepDown { id: ID, force: false });
    assert!(outputs.contains(&complete(1, Outcome::Done)));
    assert!(heirs(&outputs).is_empty() && !lone.state.is_primary());
}

/// the newer term ends every candidacy; who only follows waits on for its own time.
#[test]
fn a_newer_term_ends_a_candidacy() {
    let armed = Output::SetTimer(Timer::Election);
    let mut lone = Lone::among(3);
    let outputs = lone.hear(
        1,
        TERM + 1,
        Body::UpdatePosition {
            positions: Vec::new(),
        },
    );
    assert_eq!(lone.state.term, Term(TERM + 1));
    assert!(!outputs.contains(&armed), "it has not stood");
    lone.reported(1, old(2));
    assert!(lone.state.progress[1].is_some());
    lone.hear(
        1,
        TERM + 2,
        Body::UpdatePosition {
            positions: Vec::new(),
        },
    );
    assert!(lone.state.progress[1].is_none(), "R-60: said in the older term");
    lone.give(Input::StepUp { skip_dry_run: true });
    let outputs = lone.hear(
        1,
        TERM + 4,
        Body::UpdatePosition {
            positions: Vec::new(),
        },
    );
    assert_eq!(
        (lone.state.term, lone.state.role),
        (Term(TERM + 4), Role::Follower)
    );
    assert!(outputs.contains(&armed));
}
