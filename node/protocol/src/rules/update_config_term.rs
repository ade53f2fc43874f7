//! The second half of `BecomeLeader` in logless reconfiguration: a new primary stamps the configuration
//! with its term, so that whatever an older term's primary still makes of it is older.

use std::sync::Arc;

use super::install_config::persist;
use super::rule::{Context, Rule};
use crate::config::Config;
use crate::optime::Term;
use crate::state::PendingConfig;

/// See the module.
pub const RULE: Rule = Rule {
    name: "update_config_term",
    act: update_config_term,
};

fn update_config_term(context: &mut Context<'_>) -> Option<()> {
    let state = &*context.state;
    let id = state.config.id;
    // A forced configuration has no term until the next one that is not.
    let stale = id.term != Term::NONE && id.term < state.term;
    (stale && state.is_writable() && state.config_pending.is_none()).then_some(())?;
    let mut config = Config::clone(&state.config);
    config.id.term = state.term;
    let me = Some(state.me);
    persist(
        context,
        PendingConfig {
            config: Arc::new(config),
            me,
            initiates: false,
            asked_by: None,
        },
    );
    Some(())
}
