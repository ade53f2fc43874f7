//! `Next`: every rule, in the order in which a member tries them.

pub mod acknowledge_write;
pub mod advance_commit_point;
pub mod answer_read;
pub mod append_oplog;
pub mod become_primary;
pub mod choose_sync_source;
pub mod client_write;
pub mod exchange_heartbeats;
pub mod flush_oplog;
pub mod freeze;
pub mod grant_vote;
pub mod initial_sync;
pub mod install_config;
pub mod learn_commit_point;
pub mod prove_read;
pub mod reconfigure;
pub mod report_position;
pub mod roll_back_oplog;
pub mod rule;
pub mod serve_clone;
pub mod serve_oplog;
pub mod stand_for_election;
pub mod start;
pub mod step_down;
pub mod suspect_primary;
pub mod take_over;
pub mod update_config_term;
pub mod update_position;
pub mod update_term;

use rule::Rule;

/// Every rule. All are tried on every input, and several may fire. The order has meaning: `update_term` comes
/// first, as in the specification, so that no other rule ever sees a message of a newer term; what changes the
/// log comes before what judges it, and so does what notes who has the configuration (`reconfigure`): a primary that
/// commits alone may do so with the word of the majority that has it, and not at the next input. Answers to clients come
/// last.
pub const NEXT: [Rule; 28] = [
    update_term::RULE,
    start::RULE,
    install_config::RULE,
    exchange_heartbeats::RULE,
    freeze::RULE,
    grant_vote::RULE,
    stand_for_election::RULE,
    suspect_primary::RULE,
    take_over::RULE,
    roll_back_oplog::RULE,
    append_oplog::RULE,
    become_primary::RULE,
    update_config_term::RULE,
    client_write::RULE,
    answer_read::RULE,
    flush_oplog::RULE,
    update_position::RULE,
    step_down::RULE,
    choose_sync_source::RULE,
    initial_sync::RULE,
    reconfigure::RULE,
    advance_commit_point::RULE,
    learn_commit_point::RULE,
    prove_read::RULE,
    acknowledge_write::RULE,
    serve_clone::RULE,
    serve_oplog::RULE,
    report_position::RULE,
];
