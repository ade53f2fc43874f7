use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState};
use protocol::output::{Outcome, Output, Token};

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
    lone.give(Input::StepUp);
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
