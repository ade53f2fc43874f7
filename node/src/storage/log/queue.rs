//! The hand-over between the owner and the log thread.
//!
//! There are no timers: the disk is the timer. The owner adds to the queue while the thread writes; when the
//! thread comes back it takes all there is, as one write and one `fdatasync` (group commit).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::segment::{SegmentHeader, SegmentNumber};

/// Number of an append, truncate or persist since the log was opened; rises by one. What was recovered at open
/// is `Lsn(0)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// How far the log is on disk, as told through the watch channel of [`super::Log::durability`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Everything up to and including this number survives a power cut.
    UpTo(Lsn),
    /// The disk failed. What was not reported durable before never will be: after a failed `fdatasync` the
    /// kernel may have dropped the dirty pages, so it is not tried again. The member has to stop.
    Failed {
        /// The error, with file and action.
        reason: String,
    },
}

/// What the log thread has done, for status and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounters {
    /// Batches written.
    pub batches: u64,
    /// `fdatasync` calls for batches.
    pub syncs: u64,
    /// Bytes of records written.
    pub bytes: u64,
}

/// Consecutive bytes of one segment.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) segment: SegmentNumber,
    /// Set if the segment has to be made first.
    pub(super) create: Option<SegmentHeader>,
    pub(super) offset: usize,
    pub(super) bytes: Vec<u8>,
}

/// What waits for the log thread.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) parts: Vec<Part>,
    /// Segments to take out of the log once the parts are durable.
    pub(super) retire: Vec<SegmentHeader>,
    pub(super) up_to: Lsn,
}

#[derive(Debug, Default)]
struct Inner {
    pending: Pending,
    submitted: bool,
    stop: bool,
}

/// Shared by the owner and the log thread.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    work: Condvar,
    batches: AtomicU64,
    syncs: AtomicU64,
    bytes: AtomicU64,
}

impl Queue {
    /// Lets the owner add to what is pending.
    pub(super) fn add<R>(&self, change: impl FnOnce(&mut Pending) -> R) -> R {
        change(&mut self.lock().pending)
    }

    /// Tells the thread that what is pending may be written.
    pub(super) fn submit(&self) {
        let mut inner = self.lock();
        let waits = inner.pending.parts.is_empty() && inner.pending.retire.is_empty();
        if !waits && !inner.submitted {
            inner.submitted = true;
            drop(inner);
            self.work.notify_one();
        }
    }

    /// Ends the thread after what was submitted.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.work.notify_one();
    }

    /// Waits for submitted work; `None` when the queue has stopped and is empty.
    pub(super) fn take(&self) -> Option<Pending> {
        let mut inner = self.lock();
        loop {
            if inner.submitted {
                inner.submitted = false;
                let pending = std::mem::take(&mut inner.pending);
                // A later batch may hold nothing but segments to retire; it must not take back what is durable.
                inner.pending.up_to = pending.up_to;
                return Some(pending);
            }
            if inner.stop {
                return None;
            }
            inner = self.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn counters(&self) -> WriteCounters {
        WriteCounters {
            batches: self.batches.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    pub(super) fn count_batch(&self) {
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_sync(&self, bytes: usize) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    // A panic inside the few lines that hold this lock can't leave it half changed in a way that matters: the
    // queue is plain data.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
