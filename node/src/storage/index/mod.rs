//! Secondary indexes: what they are, and which keys a document has in one.

mod paths;
mod spec;

pub use spec::{INDEX_KEYS_MAX, IndexSpec};
