//! `Reconfig` (MongoReplReconfig; … ): the primary puts a new configuration in the place of
//! one that a majority has and whose entries that majority holds; a forced one asks nobody.

use std::sync::Arc;

use super::advance_commit_point::{counted, majority_point};
use super::install_config::persist;
use super::rule::{Context, Rule};
use crate::config::{Config, MemberId};
use crate::config_change::{check_change, mark_newly_added};
use crate::input::Input;
use crate::message::{Body, MemberState};
use crate::optime::{OpTime, Term};
use crate::output::{Outcome, Output, Refusal};
use crate::state::{Mode, PendingConfig, Role, State};

/// See the module.
pub const RULE: Rule = Rule {
    name: "reconfigure",
    act: |context| reconfigure(context, &CHECKS),
};

/// A configuration that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// It.
    pub config: &'a Config,
    /// This member's id in it.
    pub me: Option<MemberId>,
}

/// One thing that must hold before the next configuration; `Some` says why not.
pub type Check = fn(&State, &Proposal<'_>) -> Option<Refusal>;

/// What must hold, in the order in which the operator hears of it.
pub const CHECKS: [Check; 7] = [
    is_writable,
    has_none_under_way,
    fits_the_present,
    may_lead_in_it,
    is_of_my_term,
    is_installed,
    is_oplog_committed,
];

/// Puts the next configuration into force when all of `checks` pass.
pub fn reconfigure(context: &mut Context<'_>, checks: &[Check]) -> Option<()> {
    let noted = note_installed(context);
    let acted = match context.input {
        Input::Reconfig {
            id,
            me,
            config,
            force: true,
        } => {
            force(context, *id, *me, config);
            Some(())
        }
        Input::Reconfig { id, me, config, .. } => {
            let mut next = Config::clone(config);
            mark_newly_added(&context.state.config, &mut next);
            next.id.term = context.state.term;
            let proposal = Proposal {
                config: &next,
                me: *me,
            };
            match checks.iter().find_map(|check| check(context.state, &proposal)) {
                Some(refusal) => context.out(Output::Refuse { id: *id, refusal }),
                None => put(context, next, *me, Some(*id)),
            }
            Some(())
        }
        _ => welcome_synced(context, checks),
    };
    let told = tell_operator(context);
    noted.or(acted).or(told)
}

/// Without any check: the operator knows better, and may lose what was acknowledged.
fn force(context: &mut Context<'_>, id: crate::input::RequestId, me: Option<MemberId>, config: &Arc<Config>) {
    let state = &*context.state;
    let busy = state.config_pending.is_some()
        || matches!(
            state.role,
            Role::Candidate { .. } | Role::Primary(Mode::CatchUp { .. })
        );
    let refusal = if state.config.is_none() {
        Some(Refusal::NotYetInitialized)
    } else if busy {
        Some(Refusal::ConfigurationInProgress)
    } else if me.is_none() {
        Some(Refusal::NodeNotFound)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return context.out(Output::Refuse { id, refusal });
    }
    let mut next = Config::clone(config);
    next.id.term = Term::NONE;
    next.id.version = next.id.version.max(state.config.id.version + 1);
    put(context, next, me, Some(id));
}

fn put(
    context: &mut Context<'_>,
    config: Config,
    me: Option<MemberId>,
    asked_by: Option<crate::input::RequestId>,
) {
    persist(
        context,
        PendingConfig {
            config: Arc::new(config),
            me,
            initiates: false,
            asked_by,
        },
    );
}

/// Who says, in my term, that my configuration is in force there. It stays true: a member's configuration only
/// gets newer, and it refuses its vote to candidates with an older one.
fn note_installed(context: &mut Context<'_>) -> Option<()> {
    let (message, position) = context.message_from()?;
    let Body::HeartbeatResponse { config, .. } = message.body else {
        return None;
    };
    let state = &mut *context.state;
    let mine = state.is_primary() && message.term == state.term && config == state.config.id;
    mine.then_some(())?;
    (!state.installed.contains(position)).then_some(())?;
    state.installed.insert(position);
    Some(())
}

/// A new voter has its data now: from the next configuration on it counts.
fn welcome_synced(context: &mut Context<'_>, checks: &[Check]) -> Option<()> {
    let (message, position) = context.message_from()?;
    let Body::HeartbeatResponse {
        state: theirs,
        written,
        ..
    } = message.body
    else {
        return None;
    };
    let state = &*context.state;
    let synced = matches!(
        theirs,
        MemberState::Secondary | MemberState::Recovering | MemberState::Rollback
    );
    (state.config.members[position].newly_added && synced && !written.is_null()).then_some(())?;
    let mut next = Config::clone(&state.config);
    next.members[position].newly_added = false;
    next.id.version += 1;
    next.id.term = state.term;
    let me = Some(state.me);
    let proposal = Proposal { config: &next, me };
    // Not possible now: tried again at its next heartbeat.
    let refused = checks.iter().any(|check| check(state, &proposal).is_some());
    (!refused).then_some(())?;
    put(context, next, me, None);
    Some(())
}

/// The operator hears of it when a majority of the new configuration has it.
fn tell_operator(context: &mut Context<'_>) -> Option<()> {
    let state = &mut *context.state;
    // Hardly ever does anybody wait.
    let id = state.config_waiter?;
    (state.is_primary() && state.config_pending.is_none() && state.has_majority_installed()).then_some(())?;
    state.config_waiter = None;
    context.out(Output::Complete {
        id,
        outcome: Outcome::Done,
    });
    Some(())
}

/// May the present configuration be followed by another one (`commitmentStatus`)?
#[must_use]
pub fn is_committed(state: &State) -> bool {
    let present = Proposal {
        config: &state.config,
        me: Some(state.me),
    };
    let checks: [Check; 3] = [is_of_my_term, is_installed, is_oplog_committed];
    checks.iter().all(|check| check(state, &present).is_none())
}

/// Only a primary that takes writes.
pub fn is_writable(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    (!state.is_writable()).then_some(Refusal::NotWritablePrimary)
}

/// One at a time.
pub fn has_none_under_way(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    state
        .config_pending
        .is_some()
        .then_some(Refusal::ConfigurationInProgress)
}

///
pub fn fits_the_present(state: &State, proposal: &Proposal<'_>) -> Option<Refusal> {
    let checked = check_change(&state.config, proposal.config);
    checked.err().map(Refusal::Incompatible)
}

/// Whoever puts a configuration into force is electable in it.
pub fn may_lead_in_it(_: &State, proposal: &Proposal<'_>) -> Option<Refusal> {
    let me = proposal.me.and_then(|me| proposal.config.member(me));
    (!me.is_some_and(|me| me.is_electable())).then_some(Refusal::NodeNotElectable)
}

/// the present configuration carries my term (or was forced). Without this: two primaries, of an older
/// and a newer term, each change the same configuration by one vote, and the two results do not overlap (the
/// flaw of Raft's single-server changes, Ongaro 2015).
pub fn is_of_my_term(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    let term = state.config.id.term;
    (term != state.term && term != Term::NONE).then_some(Refusal::CurrentConfigNotCommittedYet)
}

/// C1: a majority has the present configuration, so no older one can elect anybody any more.
pub fn is_installed(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    (!state.has_majority_installed()).then_some(Refusal::CurrentConfigNotCommittedYet)
}

/// C2: a majority of the present configuration has what was committed in earlier ones. Without this: {a, b, c}
/// commits x on a and b; d and e are added one after the other; {c, d, e} elects c, which lacks x.
pub fn is_oplog_committed(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    let first = state.first_of_term.unwrap_or(OpTime::NULL);
    let needed = first.max(state.inherited);
    (majority_point(state, counted) < needed).then_some(Refusal::CurrentConfigNotCommittedYet)
}
