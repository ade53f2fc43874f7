//! Sizes of the log.

/// How big the log and its pieces may be.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Above this many bytes of segment files the oldest are dropped, as far as the floor allows
    /// (MongoDB's `oplogSizeMB`).
    pub cap_bytes: u64,
    /// Size of one segment file. A record that doesn't fit gets a bigger segment of its own.
    pub segment_bytes: u64,
    /// Newest entries kept in memory for followers, in bytes of entries. Entries that are not durable yet are
    /// kept whatever this says.
    pub ring_bytes: usize,
}

impl LogOptions {
    /// Smallest segment: room for the header, the named records and something to say.
    pub(super) const SEGMENT_BYTES_MIN: u64 = 4096;
    /// Largest segment: offsets inside are 32 bits.
    pub(super) const SEGMENT_BYTES_MAX: u64 = 1 << 30;
}

impl LogOptions {
    /// Pieces of a small log: the cap can only drop whole segments, and keeps the one that is written to.
    const SEGMENTS_MIN: u64 = 8;
    /// Segments of a small log are not smaller than this.
    const SMALL_SEGMENT_BYTES_MIN: u64 = 64 << 10;

    /// The same, with segments that are small beside the cap.
    #[must_use]
    pub fn with_small_segments(mut self) -> Self {
        let most = (self.cap_bytes / Self::SEGMENTS_MIN).max(Self::SMALL_SEGMENT_BYTES_MIN);
        self.segment_bytes = self.segment_bytes.min(most);
        self
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            cap_bytes: 1024 << 20,
            segment_bytes: 16 << 20,
            ring_bytes: 16 << 20,
        }
    }
}
