//! The first line of `history.jsonl`, and the limits of the format.

use serde::{Deserialize, Serialize};

/// Version of the format. A reader accepts this and older ones, and refuses newer ones. Version 2 knows the end `unordered`.
pub const SCHEMA: u32 = 2;

/// Longest line that is read, without its end. A read of two million elements fits.
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// The first line of a history. A file without it is read as version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub history_schema: u32,
}
