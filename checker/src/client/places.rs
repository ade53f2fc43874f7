//! Where the keys of a workload live in the database. The oplog is read against these names, so they are the
//! schema of a live run.
//!
//! | actions | namespace | document |
//! |---|---|---|
//! | read, write, cas | `checker.registers` | `{_id: key, value, mark}` |
//! | add, read-set | `checker.set<key>` | `{_id: value, mark}` |
//! | add-many | `checker.set<key>` | `{_id: value, mark}` each |
//! | append, append-many, read-list | `checker.lists` | `{_id: key, values: [...], mark}` |
//! | log, read-log | `checker.log<key>`, and its entries in the oplog | `{_id: value, mark}` |
//! | increment, read-counter | `checker.counters` | `{_id: key, count, mark}` |
//! | enqueue, dequeue | `checker.queue<key>` | `{_id: value, mark}` |
//! | claim | `checker.names<key>` | `{_id: value, by: process, mark}` |
//! | stamp | `checker.stamps` | `{_id: key, value, mark}` |
//!
//! `mark` is the number of the operation that touched the document last: it goes into the oplog entry, and so
//! tells for an operation of unknown end whether it happened.

use workloads::operation::Key;

/// The database of all workloads.
pub const DATABASE: &str = "checker";
/// Registers, one document each.
pub const REGISTERS: &str = "registers";
/// Lists, one document each.
pub const LISTS: &str = "lists";
/// Counters, one document each.
pub const COUNTERS: &str = "counters";
/// Documents whose writes tell their operation time.
pub const STAMPS: &str = "stamps";

/// The operation that touched the document last.
pub const MARK: &str = "mark";
/// A register's value.
pub const VALUE: &str = "value";
/// A list's values.
pub const VALUES: &str = "values";
/// A counter's count.
pub const COUNT: &str = "count";

/// The collection of a set: one document per element.
pub fn set(key: Key) -> String {
    format!("set{key}")
}

/// The collection whose entries in the oplog are followed.
pub fn log(key: Key) -> String {
    format!("log{key}")
}

/// The collection of a queue: one document per waiting job.
pub fn queue(key: Key) -> String {
    format!("queue{key}")
}

/// The collection of claimed names: one document per name.
pub fn names(key: Key) -> String {
    format!("names{key}")
}
