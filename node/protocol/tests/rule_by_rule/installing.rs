//! What a configuration changes when it comes into force, and what an operator may force (R-104…R-109).

use std::sync::Arc;

use protocol::config::{Config, ConfigId, MemberId, MemberSet};
use protocol::input::{Input, RequestId};
use protocol::message::{Body, MemberState};
use protocol::optime::{OpTime, Term};
use protocol::output::{Output, Refusal, Token};
use protocol::state::Role;
use protocol::timer::Timer;

use crate::configurations::settled;
use crate::lone::{Lone, TERM, heartbeat, old};

const ID: RequestId = RequestId(5);

/// What is on its way to disk.
fn stored(outputs: &[Output]) -> Option<ConfigId> {
    outputs.iter().find_map(|output| match output {
        Output::PersistConfig(config) => Some(config.id),
        _ => None,
    })
}

/// The present configuration with the next version, changed.
fn next(lone: &Lone, change: impl FnOnce(&mut Config)) -> Arc<Config> {
    let mut next = Config::clone(&lone.state.config);
    next.id.version += 1;
    change(&mut next);
    Arc::new(next)
}

/// A newer configuration came, and is durable.
fn install(lone: &mut Lone, me: Option<MemberId>, config: Arc<Config>) -> Vec<Output> {
    let id = config.id;
    assert_eq!(stored(&lone.give(Input::ConfigResolved { me, config })), Some(id));
    lone.give(Input::Persisted(Token::Config(id)))
}

/// two who found a set of the same members would found two sets.
#[test]
fn a_set_is_founded_once_and_by_an_empty_member() {
    let initiate = || Input::Initiate {
        me: MemberId(0),
        config: Arc::new(Config::ordinary(3)),
    };
    let empty = || {
        let mut lone = Lone::of(Config::none());
        lone.state.oplog = protocol::oplog::Oplog::default();
        lone
    };
    let mut lone = empty();
    assert!(stored(&lone.give(initiate())).is_some());
    assert_eq!(stored(&lone.give(initiate())), None, "it is under way");
    let mut member = Lone::among(3);
    assert_eq!(stored(&member.give(initiate())), None);
    member.state.oplog = protocol::oplog::Oplog::default();
    assert_eq!(stored(&member.give(initiate())), None, "of a set, without data");
    let mut data = Lone::of(Config::none());
    assert_eq!(stored(&data.give(initiate())), None, "another set's data");
}

/// R-104, C2: what was committed by the members before must be held by a majority of those now, first.
#[test]
fn new_members_inherit_what_was_committed_before() {
    let mut lone = settled(Config::ordinary(3));
    assert_eq!(
        lone.state.inherited,
        OpTime::NULL,
        "the stamp has changed no member"
    );
    let committed = lone.state.commit_point;
    let config = next(&lone, |config| config.members[2].priority_milli = 500);
    let outputs = lone.give(Input::Reconfig {
        id: ID,
        me: Some(MemberId(0)),
        config,
        force: false,
    });
    let id = stored(&outputs).expect("it is possible");
    lone.give(Input::Persisted(Token::Config(id)));
    assert_eq!(lone.state.inherited, committed);
    let mut follower = Lone::among(3);
    follower.state.commit_point = old(2);
    let config = next(&follower, |config| config.members[2].priority_milli = 500);
    install(&mut follower, Some(MemberId(0)), config);
    assert_eq!(follower.state.inherited, OpTime::NULL, "the primary's business");
}

/// the configuration of a later term is a word of that term.
#[test]
fn a_configuration_of_a_later_term_ends_this_one() {
    let mut lone = Lone::leading(Config::ordinary(3));
    let term = Term(TERM + 5);
    lone.state.config_pending = None;
    let config = next(&lone, |config| config.id.term = term);
    install(&mut lone, Some(MemberId(0)), config);
    assert_eq!((lone.state.term, lone.state.role), (term, Role::Follower));
    assert_eq!(
        (lone.state.primary, lone.state.member_state),
        (None, MemberState::Secondary)
    );
    let mut led = Lone::among(3);
    led.hear_beat(1, MemberState::Primary, old(2));
    let config = next(&led, |_| ());
    install(&mut led, Some(MemberId(0)), config);
    assert_eq!(
        (led.state.term, led.state.primary),
        (Term(TERM), Some(MemberId(1))),
        "an older one"
    );
}

#[test]
fn who_is_removed_pulls_and_serves_no_more() {
    let mut lone = Lone::among(3);
    lone.give(Input::SyncFrom(MemberId(1)));
    let fetch = Body::FetchRequest {
        after: old(2),
        commit_point: OpTime::NULL,
    };
    lone.hear(2, TERM, fetch);
    assert!(!lone.state.parked.is_empty());
    let config = next(&lone, |config| drop(config.members.remove(0)));
    let outputs = install(&mut lone, None, config);
    assert_eq!(lone.state.member_state, MemberState::Removed);
    assert_eq!(lone.state.sync_source, None);
    assert!(lone.state.parked.is_empty());
    for timer in [Timer::Election, Timer::SyncSource, Timer::KeepAlive, Timer::Fetch] {
        assert!(outputs.contains(&Output::CancelTimer(timer)), "{timer:?}");
    }
}

///
fn force(lone: &mut Lone, config: Arc<Config>) -> Result<ConfigId, Option<Refusal>> {
    let outputs = lone.give(Input::Reconfig {
        id: ID,
        me: Some(MemberId(0)),
        config,
        force: true,
    });
    stored(&outputs).ok_or(outputs.iter().find_map(|output| match output {
        Output::Refuse { refusal, .. } => Some(*refusal),
        _ => None,
    }))
}

#[test]
fn even_a_forced_configuration_is_newer_and_waits_its_turn() {
    let mut lone = Lone::among(3);
    let present = Arc::clone(&lone.state.config);
    let forced = ConfigId {
        term: Term::NONE,
        version: present.id.version + 1,
    };
    assert_eq!(
        force(&mut lone, Arc::clone(&present)),
        Ok(forced),
        "newer than the present one"
    );
    let busy = Err(Some(Refusal::ConfigurationInProgress));
    assert_eq!(force(&mut lone, Arc::clone(&present)), busy);
    let mut standing = Lone::among(3);
    standing.give(Input::StepUp { skip_dry_run: true });
    assert_eq!(
        force(&mut standing, present),
        busy,
        "its votes are of this configuration"
    );
}

/// R-104, C1: counted by the primary, of the configuration in force.
#[test]
fn who_has_the_configuration_is_the_primarys_to_know() {
    let mut follower = Lone::among(3);
    follower.hear_beat(1, MemberState::Secondary, old(2));
    assert_eq!(follower.state.installed, MemberSet::EMPTY);
    let mut lone = Lone::leading(Config::ordinary(3));
    lone.state.installed = MemberSet::EMPTY;
    let mut body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    if let Body::HeartbeatResponse { config, .. } = &mut body {
        config.version -= 1;
    }
    lone.hear(1, lone.state.term.0, body);
    assert_eq!(lone.state.installed, MemberSet::EMPTY, "an older one");
    let body = heartbeat(MemberState::Secondary, old(2), &lone.state);
    lone.hear(1, TERM, body);
    assert_eq!(lone.state.installed, MemberSet::EMPTY, "said in an older term");
    lone.hear_beat(1, MemberState::Secondary, old(2));
    assert!(lone.state.installed.contains(1));
}
