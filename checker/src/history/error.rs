//! What can be wrong with a history; each names the line.

use std::path::PathBuf;

use thiserror::Error;

use super::schema::{LINE_BYTES_MAX, SCHEMA};

/// A history that cannot be read or does not make sense. Lines count from 1; in histories that never were a
/// file, `line` is the event's place, from 1.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages tell the variants and their fields")]
pub enum HistoryError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("line {line}: not an event: {reason}")]
    Malformed { line: u64, reason: String },
    #[error("line {line}: longer than the limit of {LINE_BYTES_MAX} bytes (LINE_BYTES_MAX)")]
    Overlong { line: u64 },
    #[error("line {line}: the file is larger than the limit of {bytes_max} bytes (TEXT_BYTES_MAX)")]
    TooLarge { line: u64, bytes_max: usize },
    #[error("line {line}: schema {found} is newer than {SCHEMA}, the newest this checker reads")]
    NewerSchema { line: u64, found: u32 },
    #[error("line {line}: index {found} where {expected} or more is due: events are out of order")]
    IndexOutOfOrder { line: u64, found: u64, expected: u64 },
    #[error("line {line}: time {found} ns after {before} ns: time runs backwards")]
    TimeOutOfOrder { line: u64, found: u64, before: u64 },
    #[error("line {line}: process {process} completes operation {operation}, which it has not open")]
    CompletionWithoutInvocation { line: u64, process: u32, operation: u64 },
    #[error(
        "line {line}: process {process} invokes operation {operation} while its operation {open} is open"
    )]
    TwoOpen {
        line: u64,
        process: u32,
        operation: u64,
        open: u64,
    },
    #[error("line {line}: operation number {operation} is used twice")]
    NumberUsedTwice { line: u64, operation: u64 },
    #[error(
        "line {line}: process {process} goes on after an operation of unknown end; it must get a new number"
    )]
    RetiredProcess { line: u64, process: u32 },
    #[error("line {line}: {what} cannot be the outcome of {action}")]
    WrongOutcome { line: u64, what: String, action: String },
    #[error("line {line}: more than {} events", u32::MAX)]
    TooMany { line: u64 },
}
