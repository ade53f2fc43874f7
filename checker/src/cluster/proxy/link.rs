//! What a link is, what may be done to it, and what is counted there.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::nemesis::fault::Member;

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Everybody who is not a member: drivers, shells, this checker.
    Clients,
    /// A member, known by its process.
    Member(Member),
}

/// What happens to bytes on a directed link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passage {
    /// They go through.
    #[default]
    Deliver,
    /// They are kept: a little here, the rest in the sender's socket, until the link is healed. New
    /// connections along the link get no answer.
    Hold,
    /// Connections that carry the link are reset, new ones at once.
    Refuse,
}

/// How a directed link behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkRule {
    /// Whether bytes pass.
    pub passage: Passage,
    /// Each byte is delivered so much later.
    pub delay: Duration,
    /// Up to so much later still, drawn for each chunk; order is kept, as TCP keeps it.
    pub jitter: Duration,
    /// At most so many bytes pass in a second.
    pub bytes_per_second: Option<u64>,
    /// So many of 1000 chunks have one bit turned over.
    pub corrupt_permille: u32,
    /// So many of 1000 chunks are lost and sent again by TCP, each time with the same chance.
    pub loss_permille: u32,
    /// So many of 1000 packets come twice (packets only).
    pub duplicate_permille: u32,
    /// So many of 1000 packets are overtaken by others (packets only).
    pub reorder_permille: u32,
}

/// What becomes of connections that a hold has touched (that had bytes held, or opened meanwhile).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heal {
    /// What was held is delivered, late and in order.
    Deliver,
    /// They are reset: what was held is lost.
    Reset,
}

impl LinkRule {
    /// Nothing passes until the link is healed.
    pub const HOLD: Self = Self {
        passage: Passage::Hold,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        bytes_per_second: None,
        corrupt_permille: 0,
        loss_permille: 0,
        duplicate_permille: 0,
        reorder_permille: 0,
    };

    /// Everything passes, slowly.
    pub fn slow(delay: Duration, jitter: Duration, bytes_per_second: Option<u64>) -> Self {
        Self {
            passage: Passage::Deliver,
            delay,
            jitter,
            bytes_per_second,
            ..Self::default()
        }
    }

    /// Everything passes, some of it with a bit turned over.
    pub fn corrupt(permille: u32) -> Self {
        Self {
            corrupt_permille: permille,
            ..Self::default()
        }
    }

    /// Everything passes, some of it twice.
    pub fn duplicate(permille: u32) -> Self {
        Self {
            duplicate_permille: permille,
            ..Self::default()
        }
    }

    /// Everything passes, some of it too late.
    pub fn reorder(permille: u32) -> Self {
        Self {
            reorder_permille: permille,
            ..Self::default()
        }
    }

    /// Everything passes, some of it at the second try or later.
    pub fn lossy(permille: u32) -> Self {
        Self {
            loss_permille: permille,
            ..Self::default()
        }
    }
}

/// What was counted on one directed link since the proxy started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Bytes that went through.
    pub bytes_delivered: u64,
    /// Bytes that were kept by a hold, delivered later or not.
    pub bytes_held: u64,
    /// Bytes that were lost with a connection that was reset.
    pub bytes_lost: u64,
    /// Chunks that were delivered later than they came, by rule.
    pub chunks_delayed: u64,
    /// Connections opened along the link.
    pub connections_opened: u64,
    /// Connections that got no answer because of a hold.
    pub connections_held: u64,
    /// Connections along or against the link that a rule, a healing or a reset broke.
    pub connections_broken: u64,
    /// Chunks that had a bit turned over.
    pub chunks_corrupted: u64,
    /// Chunks that were lost, and delivered later.
    pub chunks_lost: u64,
    /// Connections whose receiving end was taken away behind the sender's back.
    pub connections_half_open: u64,
    /// Bytes that were sent into such a connection.
    pub bytes_swallowed: u64,
    /// Packets that came twice.
    pub chunks_duplicated: u64,
    /// Packets that others overtook.
    pub chunks_reordered: u64,
}

impl LinkCounts {
    /// What was counted since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            bytes_delivered: self.bytes_delivered - earlier.bytes_delivered,
            bytes_held: self.bytes_held - earlier.bytes_held,
            bytes_lost: self.bytes_lost - earlier.bytes_lost,
            chunks_delayed: self.chunks_delayed - earlier.chunks_delayed,
            connections_opened: self.connections_opened - earlier.connections_opened,
            connections_held: self.connections_held - earlier.connections_held,
            connections_broken: self.connections_broken - earlier.connections_broken,
            chunks_corrupted: self.chunks_corrupted - earlier.chunks_corrupted,
            chunks_lost: self.chunks_lost - earlier.chunks_lost,
            connections_half_open: self.connections_half_open - earlier.connections_half_open,
            bytes_swallowed: self.bytes_swallowed - earlier.bytes_swallowed,
            chunks_duplicated: self.chunks_duplicated - earlier.chunks_duplicated,
            chunks_reordered: self.chunks_reordered - earlier.chunks_reordered,
        }
    }
}

/// The live form of [`LinkCounts`].
#[derive(Debug, Default)]
pub(super) struct LinkCounters {
    pub(super) bytes_delivered: AtomicU64,
    pub(super) bytes_held: AtomicU64,
    pub(super) bytes_lost: AtomicU64,
    pub(super) chunks_delayed: AtomicU64,
    pub(super) connections_opened: AtomicU64,
    pub(super) connections_held: AtomicU64,
    pub(super) connections_broken: AtomicU64,
    pub(super) chunks_corrupted: AtomicU64,
    pub(super) chunks_lost: AtomicU64,
    pub(super) connections_half_open: AtomicU64,
    pub(super) bytes_swallowed: AtomicU64,
}

impl LinkCounters {
    pub(super) fn read(&self) -> LinkCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LinkCounts {
            bytes_delivered: read(&self.bytes_delivered),
            bytes_held: read(&self.bytes_held),
            bytes_lost: read(&self.bytes_lost),
            chunks_delayed: read(&self.chunks_delayed),
            connections_opened: read(&self.connections_opened),
            connections_held: read(&self.connections_held),
            connections_broken: read(&self.connections_broken),
            chunks_corrupted: read(&self.chunks_corrupted),
            chunks_lost: read(&self.chunks_lost),
            connections_half_open: read(&self.connections_half_open),
            bytes_swallowed: read(&self.bytes_swallowed),
            // Streams of bytes know neither.
            chunks_duplicated: 0,
            chunks_reordered: 0,
        }
    }
}

/// Adds to a counter.
pub(super) fn count(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
