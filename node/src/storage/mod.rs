//! The disk of one member: what survives `kill -9` and a power cut.
//!
//! ```text
//!   event loop ──append/truncate/persist──▶ Log ──one write, one fdatasync──▶ <dbpath>/oplog/
//!        │                                   │
//!        └──apply(optime, changes)──▶ Store: versioned overlay ──absorb(<= commit point)──▶ Engine
//! ```
//!
//! The log is the oplog and the write-ahead log at once: nothing is durable before the log says so. The store's
//! engine is never trusted with more than the commit point, so a rollback is a cut of the log and a drop of
//! overlay versions, never an undo on disk. After a crash: open the engine, replay the log's entries after
//! [`store::Store::applied_through`].

mod background;
pub mod change;
pub mod entry;
pub mod index;
pub mod key;
pub mod lock;
pub mod log;
pub mod store;
