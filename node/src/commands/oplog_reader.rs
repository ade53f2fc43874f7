//! `local.oplog.rs` for commands: the member's own oplog, read where it lies.

use std::sync::Arc;

use bson::Timestamp;

use super::error::CommandError;

/// Namespace of the oplog.
pub const OPLOG: &str = "local.oplog.rs";

/// Read access to the oplog.
pub trait OplogReader {
    /// At most `max` entries whose timestamp is at least `from`, oldest first.
    ///
    /// # Errors
    /// When an entry can't be read back from disk.
    fn entries_from(&mut self, from: Timestamp, max: usize) -> Result<Vec<Arc<[u8]>>, CommandError>;

    /// Number of entries.
    fn entries(&self) -> u64;

    /// Timestamp of the newest entry that the cap has dropped.
    fn dropped(&self) -> Option<Timestamp>;

    /// Timestamp of the newest entry.
    fn newest(&self) -> Option<Timestamp>;
}
