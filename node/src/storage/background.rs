//! Threads that nobody waits for.

/// How much nicer they are than the rest of the process: a tenth of a processor's time is left to them when all are busy.
const NICER: i32 = 10;

/// Lets everybody else go first: call it at the beginning of a thread that merges, compacts or prepares. Threads that
/// it starts inherit this. On Linux each thread has a priority of its own.
///
/// Without it such a thread takes whole slices of a processor from the event loop, and the slowest writes wait for merging
/// (p99 in `checker bench node`).
pub(super) fn stand_back() {
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "a background thread keeps its priority");
    }
}
