//! Oplog entries as BSON: `{op, ns, ui?, o, o2?, ts, t, v: 2, wall, lsid?, txnNumber?, stmtId?}`.
//!
//! | `op` | Meaning | `o` | `o2` |
//! |---|---|---|---|
//! | `i` | insert | the document | |
//! | `u` | update | the **whole** resulting document | `{_id}` |
//! | `d` | delete | `{_id}` | |
//! | `c` | command on `db.$cmd` | `{create}`, `{drop}`, `{renameCollection, to}`, `{dropDatabase}`, `{createIndexes, …}`, `{dropIndexes, index}` | |
//! | `n` | nothing | a note | |
//!
//! All are idempotent: an update says the result, not the step.

mod build;
mod command;
mod error;
mod parse;

#[cfg(test)]
mod tests;

pub use build::{EntryParts, Session, build};
pub use error::EntryError;
pub use parse::{OpKind, OplogEntry};
