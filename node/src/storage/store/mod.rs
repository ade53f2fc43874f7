//! The data of one member.
//!
//! Reading order: `engine` (an ordered store of bytes), `overlay` (versions newer than the engine),
//! `catalog` (which collections there are), `journal` (what can be undone), `data` (all of it together),
//! `absorb` (handing committed versions to the engine).

mod absorb;
mod absorber;
mod apply;
mod apply_catalog;
mod catalog;
mod counts;
mod data;
mod dump;
mod engine;
mod error;
mod fjall_engine;
mod home;
mod journal;
mod memory_engine;
mod merge;
mod overlay;
mod page;
mod read;
mod torn_journal;
mod validate;

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;

pub use catalog::{Collection, Index, NamedCollection};
pub use counts::Counts;
pub use data::{Store, StoreOptions};
pub use dump::CollectionHash;
pub use engine::{Batch, BatchItem, Engine, EngineError, KeyRange, Order, PageLimit, Room, Row};
pub use error::StoreError;
pub use fjall_engine::{FjallEngine, FjallOptions};
pub use memory_engine::MemoryEngine;
pub use page::{IndexHit, IndexPage, Page};
pub use read::{Duplicate, ReadAt};
