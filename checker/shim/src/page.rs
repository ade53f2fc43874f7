//! The control page: what the checker tells one process's shim, and what the shim counts.
//!
//! One file of [`PAGE_BYTES`] per node, mapped shared by the shim and written by the checker with ordinary
//! positioned writes (Linux keeps both views of a file coherent), so that the checker needs no unsafe code.
//! This file is compiled into both: the shim owns it, the checker includes it by path.
//!
//! **The law.** Controls are guarded by [`Page::sequence`], a seqlock with one writer: odd while they change.
//! It counts modulo 256, so that each step changes a single byte and no reader can see half of it. Counters
//! are written by the shim alone and are plain sums over all lives of the process.
//!
//! A page of another [`MAGIC`] or [`VERSION`] is not read: the shim stays inert.

use std::sync::atomic::{AtomicI64, AtomicU64};

/// First word of a page.
pub const MAGIC: u64 = u64::from_le_bytes(*b"chkshim1");

/// Layout version: raised with every change of this file's structs.
pub const VERSION: u64 = 1;

/// Size of the file: one page of memory.
pub const PAGE_BYTES: u64 = 4096;

/// How many disk rules may stand at once.
pub const DISK_RULES_MAX: usize = 8;

/// Environment variable that holds the page's path. Without it the shim is inert.
pub const PAGE_VARIABLE: &str = "CHECKER_SHIM_PAGE";

/// Environment variable that holds the directory whose files the disk rules strike (canonical, without a
/// trailing slash). Without it no file is struck.
pub const SCOPE_VARIABLE: &str = "CHECKER_SHIM_SCOPE";

/// Environment variable that holds an existing directory for the undo journal (canonical, outside the
/// scope, on the same file system). Without it nothing is journaled.
pub const UNDO_VARIABLE: &str = "CHECKER_SHIM_UNDO";

/// Environment variable that, when it is there, lets only a sync of a directory make names durable. POSIX promises no more;
/// the journal of most file systems takes all names along with a sync of any file.
pub const STRICT_NAMES_VARIABLE: &str = "CHECKER_SHIM_STRICT_NAMES";

/// Environment variable that holds the checker's process id: the process is to die with it.
pub const PARENT_VARIABLE: &str = "CHECKER_PDEATHSIG";

/// The whole page.
#[repr(C)]
pub struct Page {
    /// [`MAGIC`].
    pub magic: AtomicU64,
    /// [`VERSION`].
    pub version: AtomicU64,
    /// Odd while `clock` or `disk_rules` change; modulo 256.
    pub sequence: AtomicU64,
    /// How the clocks lie.
    pub clock: ClockControl,
    /// Which disk calls fail, and how; unused ones have no operations.
    pub disk_rules: [DiskRule; DISK_RULES_MAX],
    /// What the shim did.
    pub counters: Counters,
}

/// How the clocks lie. `shown = real + offset + strobe + drift`; see `skew.rs` for the arithmetic.
#[repr(C)]
pub struct ClockControl {
    /// Added to the wall clock, in ns.
    pub wall_offset_ns: AtomicI64,
    /// Added to the wall clock in every second period, in ns.
    pub strobe_offset_ns: AtomicI64,
    /// Length of a strobe period in ns; 0: no strobe.
    pub strobe_period_ns: AtomicU64,
    /// The moment (real monotonic clock, ns) at which the rates below replace those before.
    pub anchor_ns: AtomicI64,
    /// What drift had added to the wall clock at the anchor, in ns.
    pub wall_gained_ns: AtomicI64,
    /// Gain of the wall clock before the anchor, in parts per million of real time.
    pub wall_gain_before_ppm: AtomicI64,
    /// Gain of the wall clock from the anchor on.
    pub wall_gain_ppm: AtomicI64,
    /// What drift had added to the monotonic clock at the anchor, in ns.
    pub monotonic_gained_ns: AtomicI64,
    /// Gain of the monotonic clock before the anchor. Never at or below -1 000 000 (a clock that stands).
    pub monotonic_gain_before_ppm: AtomicI64,
    /// Gain of the monotonic clock from the anchor on.
    pub monotonic_gain_ppm: AtomicI64,
}

/// One way in which disk calls on files of the scope go wrong. The first rule that strikes a call decides.
#[repr(C)]
pub struct DiskRule {
    /// Bit set of `OPERATION_*`; 0: the rule is not in use.
    pub operations: AtomicU64,
    /// One of `ACTION_*`.
    pub action: AtomicU64,
    /// The errno of [`ACTION_ERROR`], the delay in ns of [`ACTION_DELAY`]; else unused.
    pub argument: AtomicU64,
    /// Probability that a call is struck, in thousandths.
    pub permille: AtomicU64,
    /// So many matching calls pass before the first is struck.
    pub skip: AtomicU64,
    /// Calls that matched since the rule was set (written by the shim, zeroed when set).
    pub matched: AtomicU64,
    /// Calls that were struck since the rule was set (written by the shim, zeroed when set).
    pub struck: AtomicU64,
}

/// What the shim did, summed over all lives of the process.
#[repr(C)]
pub struct Counters {
    /// Times a process was started with this page.
    pub starts: AtomicU64,
    /// Wall clock readings answered.
    pub wall_calls: AtomicU64,
    /// Of these, answered otherwise than the machine's clock would.
    pub wall_skewed: AtomicU64,
    /// Monotonic clock readings answered.
    pub monotonic_calls: AtomicU64,
    /// Of these, answered otherwise than the machine's clock would.
    pub monotonic_skewed: AtomicU64,
    /// Last wall reading minus the machine's clock, in ns.
    pub wall_error_ns: AtomicI64,
    /// Last monotonic reading minus the machine's clock, in ns.
    pub monotonic_error_ns: AtomicI64,
    /// Waits with a monotonic deadline whose deadline was translated to the machine's clock.
    pub waits_translated: AtomicU64,
    /// Write calls on files of the scope.
    pub disk_writes: AtomicU64,
    /// Sync calls on files of the scope.
    pub disk_syncs: AtomicU64,
    /// Undo records written.
    pub undo_records: AtomicU64,
    /// Changes that the undo journal could not record: power loss would keep them.
    pub undo_missed: AtomicU64,
}

/// write, pwrite, writev, pwritev, ftruncate, fallocate.
pub const OPERATION_WRITE: u64 = 1;
/// fsync, fdatasync, sync_file_range.
pub const OPERATION_SYNC: u64 = 2;
/// read, pread, readv, preadv.
pub const OPERATION_READ: u64 = 4;
/// open, creat.
pub const OPERATION_OPEN: u64 = 8;

/// The call fails with the errno in `argument`; nothing is done.
pub const ACTION_ERROR: u64 = 1;
/// The call is done after `argument` ns.
pub const ACTION_DELAY: u64 = 2;
/// The process is killed (SIGKILL) at the start of the call.
pub const ACTION_KILL: u64 = 3;
/// The call answers success and nothing is done: the disk that lies.
pub const ACTION_LIE: u64 = 4;
