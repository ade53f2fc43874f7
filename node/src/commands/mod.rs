//! What a driver may ask of the data: one file a command.

mod access;
mod aggregate;
mod aggregate_out;
mod alternatives;
mod arguments;
mod bounds;
mod build_info;
mod coll_mod;
mod collections;
mod command;
mod connection_status;
mod count;
mod create;
mod create_indexes;
mod current_op;
mod cursors;
mod db_hash;
mod delete;
mod distinct;
mod drop;
mod drop_indexes;
mod error;
mod explain;
mod find;
mod find_and_modify;
mod get_log;
mod get_more;
mod get_parameter;
mod hint;
mod host_info;
mod index_options;
mod insert;
mod kill_cursors;
mod list_collections;
mod list_commands;
mod list_databases;
mod list_indexes;
mod logical_sessions;
mod lookup;
mod merge;
mod oplog_reader;
mod ping;
mod profile;
mod rename_collection;
mod running;
mod scan;
mod search_indexes;
mod sessions;
mod sorter;
mod stats;
mod top;
mod traffic;
mod update;
mod users;
mod validate;
mod way;
mod whats_my_uri;
mod write_batch;

pub use command::{Access, Command, Facts, ReadAccess, Scope, WriteAccess, WriteOp};
pub use cursors::{CursorTable, Reading};
pub use error::CommandError;
pub use logical_sessions::{LogicalSessions, SESSION_IDLE_MAX, session_key, session_of};
pub use lookup::command_for;
pub use oplog_reader::{OPLOG, OplogReader};
pub use traffic::{Traffic, statements};
pub use write_batch::Progress;

/// Every command on data.
pub const COMMANDS: &[Command] = &[
    aggregate::COMMAND,
    build_info::COMMAND,
    coll_mod::COMMAND,
    connection_status::COMMAND,
    count::COMMAND,
    create::COMMAND,
    create_indexes::COMMAND,
    current_op::COMMAND,
    current_op::KILL,
    db_hash::COMMAND,
    delete::COMMAND,
    distinct::COMMAND,
    drop::COMMAND,
    drop::DATABASE,
    drop_indexes::COMMAND,
    explain::COMMAND,
    find::COMMAND,
    find_and_modify::COMMAND,
    get_log::COMMAND,
    get_more::COMMAND,
    get_parameter::COMMAND,
    get_parameter::COMMAND_LINE,
    host_info::COMMAND,
    insert::COMMAND,
    kill_cursors::COMMAND,
    list_collections::COMMAND,
    list_commands::COMMAND,
    list_databases::COMMAND,
    list_indexes::COMMAND,
    ping::COMMAND,
    profile::COMMAND,
    rename_collection::COMMAND,
    search_indexes::COMMAND,
    sessions::START,
    sessions::REFRESH,
    sessions::END,
    sessions::END_ALL,
    stats::DATABASE,
    stats::COLLECTION,
    stats::SERVER,
    top::COMMAND,
    update::COMMAND,
    users::CREATE,
    users::UPDATE,
    users::DROP,
    users::DROP_ALL,
    users::GRANT,
    users::REVOKE,
    users::INFO,
    validate::COMMAND,
    whats_my_uri::COMMAND,
];

#[cfg(test)]
mod tests;
