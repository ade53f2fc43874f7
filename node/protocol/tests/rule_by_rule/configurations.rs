//! Which configuration is taken, and which change is allowed.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::config_change::Incompatible;
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState};
use protocol::optime::{OpTime, Term};
use protocol::output::{Outcome, Output, Refusal, Token};
use protocol::rules::reconfigure::is_committed;

use crate::lone::{Lone, TERM};

fn next(lone: &Lone) -> Arc<Config> {
    let mut next = Config::clone(&lone.state.config);
    next.id.version += 1;
    Arc::new(next)
}

fn brought(config: &Arc<Config>) -> Body {
    Body::HeartbeatRequest {
        state: MemberState::Secondary,
        config: config.id,
        install: Some(Arc::clone(config)),
    }
}

fn is_wanted(outputs: &[Output]) -> bool {
    outputs
        .iter()
        .any(|output| matches!(output, Output::ResolveConfig(_)))
}

#[test]
fn only_a_newer_configuration_of_this_set_is_taken_and_not_while_standing() {
    let mut lone = Lone::among(3);
    let newer = next(&lone);
    let older = Arc::clone(&lone.state.config);
    assert!(is_wanted(&lone.hear(1, TERM, brought(&newer))));
    assert!(!is_wanted(&lone.hear(1, TERM, brought(&older))));
    let mut foreign = Config::clone(&newer);
    foreign.set_name = "another".to_owned();
    assert!(!is_wanted(&lone.hear(1, TERM, brought(&Arc::new(foreign)))));
    lone.give(Input::StepUp { skip_dry_run: true });
    let term = lone.state.term.0;
    assert!(!is_wanted(&lone.hear(1, term, brought(&newer))));
}

#[test]
fn a_configuration_on_its_way_to_disk_is_not_overtaken() {
    let mut lone = Lone::among(3);
    let newer = next(&lone);
    lone.give(Input::ConfigResolved {
        me: Some(MemberId(0)),
        config: Arc::clone(&newer),
    });
    assert!(!is_wanted(&lone.hear(1, TERM, brought(&newer))));
    lone.give(Input::Persisted(Token::Config(newer.id)));
    assert_eq!(lone.state.config.id, newer.id);
}

#[test]
fn the_operator_hears_of_a_change_when_a_majority_has_it() {
    let mut lone = Lone::leading(Config::ordinary(3));
    // The configuration that the new primary has stamped is everywhere, and its first entry is committed.
    let stamped = lone
        .state
        .config_pending
        .as_ref()
        .map(|pending| pending.config.id);
    lone.give(Input::Persisted(Token::Config(
        stamped.expect("a new term, a new stamp"),
    )));
    let last = lone.state.last_written();
    lone.reported(1, last);
    for other in [1, 2] {
        lone.hear_beat(other, MemberState::Secondary, last);
    }
    let id = RequestId(5);
    let mut wanted = Config::clone(&next(&lone));
    wanted.members[1].priority_milli = 500;
    let outputs = lone.give(Input::Reconfig {
        id,
        me: Some(MemberId(0)),
        config: Arc::new(wanted),
        force: false,
    });
    let stored = outputs
        .iter()
        .find_map(|output| match output {
            Output::PersistConfig(config) => Some(config.id),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{outputs:?}"));
    let done = Output::Complete {
        id,
        outcome: Outcome::Done,
    };
    let outputs = lone.give(Input::Persisted(Token::Config(stored)));
    assert!(!outputs.contains(&done), "nobody else has it");
    let outputs = lone.hear_beat(1, MemberState::Secondary, last);
    assert!(outputs.contains(&done), "{outputs:?}");
}

/// A primary whose stamped configuration is everywhere and whose first entry is committed.
pub fn settled(config: Config) -> Lone {
    let mut lone = Lone::leading(config);
    let stamped = lone
        .state
        .config_pending
        .as_ref()
        .map(|pending| pending.config.id);
    lone.give(Input::Persisted(Token::Config(
        stamped.expect("a new term, a new stamp"),
    )));
    let last = lone.state.last_written();
    for other in 1..lone.others_end() {
        lone.reported(other, last);
        lone.hear_beat(other, MemberState::Secondary, last);
    }
    lone
}

/// What the operator hears of a change at once: why not, or nothing yet.
fn asked(lone: &mut Lone, me: Option<MemberId>, change: impl FnOnce(&mut Config)) -> Option<Refusal> {
    let mut wanted = Config::clone(&next(lone));
    change(&mut wanted);
    let outputs = lone.give(Input::Reconfig {
        id: RequestId(5),
        me,
        config: Arc::new(wanted),
        force: false,
    });
    outputs.iter().find_map(|output| match output {
        Output::Refuse { refusal, .. } => Some(*refusal),
        _ => None,
    })
}

const ME: Option<MemberId> = Some(MemberId(0));

#[test]
fn each_reason_to_refuse_a_change_is_enough() {
    let three = || Config::ordinary(3);
    assert_eq!(asked(&mut settled(three()), ME, |_| ()), None);
    assert_eq!(
        asked(&mut Lone::among(3), ME, |_| ()),
        Some(Refusal::NotWritablePrimary)
    );
    let mut busy = settled(three());
    asked(&mut busy, ME, |_| ());
    assert_eq!(
        asked(&mut busy, ME, |_| ()),
        Some(Refusal::ConfigurationInProgress)
    );
    assert_eq!(
        asked(&mut settled(three()), ME, |config| config.id.version -= 1),
        Some(Refusal::Incompatible(Incompatible::Version))
    );
    assert_eq!(
        asked(&mut settled(three()), ME, |config| config.members[0]
            .priority_milli = 0),
        Some(Refusal::NodeNotElectable)
    );
    assert_eq!(
        asked(&mut settled(three()), None, |config| drop(
            config.members.remove(0)
        )),
        Some(Refusal::NodeNotElectable)
    );
}

/// the stamp of the term, a majority that has it (C1), and its first entry committed (C2).
#[test]
fn the_present_configuration_must_be_settled_before_the_next() {
    let not_yet = Some(Refusal::CurrentConfigNotCommittedYet);
    let mut lone = Lone::leading(Config::ordinary(3));
    let stamped = lone.state.config_pending.as_ref().unwrap().config.id;
    let last = lone.state.last_written();
    lone.reported(1, last);
    lone.hear_beat(1, MemberState::Secondary, last);
    lone.give(Input::Persisted(Token::Config(stamped)));
    assert_eq!(
        asked(&mut lone, ME, |_| ()),
        not_yet,
        "nobody else has the stamped one"
    );
    lone.hear_beat(1, MemberState::Secondary, last);
    let fresh = lone.state.clone();
    assert_eq!(asked(&mut lone, ME, |_| ()), None);
    lone.state = fresh;
    lone.state.progress.fill(None);
    assert_eq!(
        asked(&mut lone, ME, |_| ()),
        not_yet,
        "its first entry is on no majority"
    );
}

/// once it has the data, a new voter is counted, by a configuration of its own.
#[test]
fn a_new_voter_is_welcomed_when_it_has_data() {
    let mut config = Config::ordinary(3);
    config.members[2].newly_added = true;
    let mut lone = settled(config);
    // `settled` had it say that it is a secondary.
    let pending = lone.state.config_pending.clone().expect("welcomed");
    assert!(!pending.config.members[2].newly_added);
    assert_eq!(pending.config.id.version, lone.state.config.id.version + 1);
    assert_eq!(pending.asked_by, None);
    lone.state.config_pending = None;
    let last = lone.state.last_written();
    for (state, written) in [
        (MemberState::Startup2, last),
        (MemberState::Secondary, OpTime::NULL),
    ] {
        lone.hear_beat(2, state, written);
        assert_eq!(lone.state.config_pending, None, "{state:?} {written}");
    }
    lone.hear_beat(1, MemberState::Secondary, last);
    assert_eq!(lone.state.config_pending, None, "another one");
    lone.hear_beat(2, MemberState::Recovering, last);
    assert!(lone.state.config_pending.is_some());
}

#[test]
fn the_state_says_whether_another_change_is_possible() {
    let settled = settled(Config::ordinary(3));
    assert!(is_committed(&settled.state));
    assert!(!is_committed(&Lone::leading(Config::ordinary(3)).state));
    let with_term = |term| {
        let mut state = settled.state.clone();
        Arc::make_mut(&mut state.config).id.term = term;
        is_committed(&state)
    };
    assert!(!with_term(Term(TERM - 1)), "another term's stamp");
    assert!(with_term(Term::NONE), "a forced one has no term");
}
