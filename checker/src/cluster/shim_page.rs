//! The checker's hand on one node's clocks and disk: the writer of its shim's control page.

use std::{
    fs::{File, OpenOptions},
    io,
    mem::offset_of,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nix::time::{ClockId, clock_gettime};

use super::{
    error::ClusterError,
    shim_layout::{
        page::{
            ACTION_DELAY, ACTION_ERROR, ACTION_KILL, ACTION_LIE, ClockControl, Counters, DISK_RULES_MAX,
            DiskRule, MAGIC, PAGE_BYTES, Page, VERSION,
        },
        skew::{Drift, Skew},
    },
};

/// How far ahead of its publication a change of rates takes hold: longer than any reader holds old controls.
const ANCHOR_AHEAD: Duration = Duration::from_millis(5);

/// Rates outside of this range (in thousandths of real speed) are refused: below, timers hardly move.
pub const RATES_PERMILLE: std::ops::RangeInclusive<u32> = 100..=10_000;

/// One node's control page. One writer only: the methods take `&mut self`.
#[derive(Debug)]
pub struct ShimPage {
    file: File,
    path: PathBuf,
    sequence: u64,
    skew: Skew,
}

/// One way in which disk calls go wrong; slots are numbered `0..DISK_RULES_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskOrder {
    /// Bit set of `OPERATION_*` of the page's layout.
    pub operations: u64,
    /// What happens to a struck call.
    pub action: DiskAction,
    /// Probability that a matching call is struck, in thousandths.
    pub permille: u32,
    /// So many matching calls pass before.
    pub skip: u64,
}

/// What happens to a struck disk call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskAction {
    /// It fails with this errno.
    Fail(nix::errno::Errno),
    /// It takes this much longer.
    Delay(Duration),
    /// The process is killed at its start.
    Kill,
    /// It answers success and is not done.
    Lie,
}

/// What the shim has counted, summed over all lives of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the page's `Counters`")]
pub struct ShimCounters {
    pub starts: u64,
    pub wall_calls: u64,
    pub wall_skewed: u64,
    pub monotonic_calls: u64,
    pub monotonic_skewed: u64,
    pub wall_error_ns: i64,
    pub monotonic_error_ns: i64,
    pub waits_translated: u64,
    pub disk_writes: u64,
    pub disk_syncs: u64,
    pub undo_records: u64,
    pub undo_missed: u64,
}

impl ShimPage {
    /// Makes a fresh page file at `path`: true clocks, an honest disk.
    pub fn create(path: &Path) -> Result<Self, ClusterError> {
        let failed = |source| ClusterError::ShimPage {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(failed)?;
        file.set_len(PAGE_BYTES).map_err(failed)?;
        let page = Self {
            file,
            path: path.to_owned(),
            sequence: 0,
            skew: Skew::default(),
        };
        page.put(offset_of!(Page, version), VERSION).map_err(failed)?;
        page.put(offset_of!(Page, magic), MAGIC).map_err(failed)?;
        Ok(page)
    }

    /// Where it is: the value of the process's `PAGE_VARIABLE`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Wall clock = machine's + `offset_ms` (plus drift so far). A time before 1970 is refused.
    pub fn set_wall_offset(&mut self, offset_ms: i64) -> Result<(), ClusterError> {
        let skew = Skew {
            wall_offset_ns: wall_offset_ns(offset_ms)?,
            ..self.skew
        };
        self.publish_skew(skew)
    }

    /// Wall clock alternates between the truth and `offset_ms` more, staying `period` at each side.
    pub fn set_strobe(&mut self, offset_ms: i64, period: Duration) -> Result<(), ClusterError> {
        let skew = Skew {
            strobe_offset_ns: wall_offset_ns(offset_ms)?,
            strobe_period_ns: (period.as_nanos() as u64).max(1),
            ..self.skew
        };
        self.publish_skew(skew)
    }

    /// From now on the clocks run at these rates, in thousandths of real speed, without a jump.
    pub fn set_rates(&mut self, wall_permille: u32, monotonic_permille: u32) -> Result<(), ClusterError> {
        for permille in [wall_permille, monotonic_permille] {
            if !RATES_PERMILLE.contains(&permille) {
                return Err(ClusterError::ClockRate { permille });
            }
        }
        let gain_ppm = |permille: u32| (i64::from(permille) - 1000) * 1000;
        let anchor_ns = machine_monotonic_ns()? + ANCHOR_AHEAD.as_nanos() as i64;
        let skew = self
            .skew
            .with_gains(anchor_ns, gain_ppm(wall_permille), gain_ppm(monotonic_permille));
        self.publish_skew(skew)
    }

    /// The wall clock is the machine's again (by a jump, as a time server would set it). The monotonic clock
    /// runs at real speed and keeps what it has gained or lost: it must not jump.
    pub fn heal_clocks(&mut self) -> Result<(), ClusterError> {
        let anchor_ns = machine_monotonic_ns()? + ANCHOR_AHEAD.as_nanos() as i64;
        let slowed = self.skew.with_gains(anchor_ns, 0, 0);
        self.publish_skew(Skew {
            wall_offset_ns: 0,
            strobe_offset_ns: 0,
            strobe_period_ns: 0,
            wall: Drift::default(),
            ..slowed
        })
    }

    /// What the wall clock is ahead of the machine's now, in ns.
    pub fn wall_error_ns(&self) -> Result<i64, ClusterError> {
        Ok(self.skew.wall_error_ns(machine_monotonic_ns()?))
    }

    /// Puts a disk rule into a slot, or clears the slot. Its counts start at zero.
    pub fn set_disk(&mut self, slot: usize, order: Option<DiskOrder>) -> Result<(), ClusterError> {
        assert!(slot < DISK_RULES_MAX, "disk rule slots are 0..{DISK_RULES_MAX}");
        let base = offset_of!(Page, disk_rules) + slot * size_of::<DiskRule>();
        let (action, argument) = match order.map(|order| order.action) {
            Some(DiskAction::Fail(errno)) => (ACTION_ERROR, errno as i32 as u64),
            Some(DiskAction::Delay(delay)) => (ACTION_DELAY, delay.as_nanos() as u64),
            Some(DiskAction::Kill) => (ACTION_KILL, 0),
            Some(DiskAction::Lie) => (ACTION_LIE, 0),
            None => (0, 0),
        };
        let words = [
            (
                offset_of!(DiskRule, operations),
                order.map_or(0, |order| order.operations),
            ),
            (offset_of!(DiskRule, action), action),
            (offset_of!(DiskRule, argument), argument),
            (
                offset_of!(DiskRule, permille),
                order.map_or(0, |order| u64::from(order.permille)),
            ),
            (offset_of!(DiskRule, skip), order.map_or(0, |order| order.skip)),
            (offset_of!(DiskRule, matched), 0),
            (offset_of!(DiskRule, struck), 0),
        ];
        self.publish(|page| {
            words
                .iter()
                .try_for_each(|(offset, word)| page.put(base + offset, *word))
        })
    }

    /// Calls that matched the rule in a slot, and those it struck, since it was set.
    pub fn disk_counts(&self, slot: usize) -> Result<(u64, u64), ClusterError> {
        let base = offset_of!(Page, disk_rules) + slot * size_of::<DiskRule>();
        let get = |offset| self.get(base + offset);
        Ok((
            get(offset_of!(DiskRule, matched))?,
            get(offset_of!(DiskRule, struck))?,
        ))
    }

    /// What the shim has counted so far.
    pub fn counters(&self) -> Result<ShimCounters, ClusterError> {
        let get = |offset| self.get(offset_of!(Page, counters) + offset);
        Ok(ShimCounters {
            starts: get(offset_of!(Counters, starts))?,
            wall_calls: get(offset_of!(Counters, wall_calls))?,
            wall_skewed: get(offset_of!(Counters, wall_skewed))?,
            monotonic_calls: get(offset_of!(Counters, monotonic_calls))?,
            monotonic_skewed: get(offset_of!(Counters, monotonic_skewed))?,
            wall_error_ns: get(offset_of!(Counters, wall_error_ns))? as i64,
            monotonic_error_ns: get(offset_of!(Counters, monotonic_error_ns))? as i64,
            waits_translated: get(offset_of!(Counters, waits_translated))?,
            disk_writes: get(offset_of!(Counters, disk_writes))?,
            disk_syncs: get(offset_of!(Counters, disk_syncs))?,
            undo_records: get(offset_of!(Counters, undo_records))?,
            undo_missed: get(offset_of!(Counters, undo_missed))?,
        })
    }

    fn publish_skew(&mut self, skew: Skew) -> Result<(), ClusterError> {
        let words = [
            (
                offset_of!(ClockControl, wall_offset_ns),
                skew.wall_offset_ns as u64,
            ),
            (
                offset_of!(ClockControl, strobe_offset_ns),
                skew.strobe_offset_ns as u64,
            ),
            (offset_of!(ClockControl, strobe_period_ns), skew.strobe_period_ns),
            (offset_of!(ClockControl, anchor_ns), skew.anchor_ns as u64),
            (
                offset_of!(ClockControl, wall_gained_ns),
                skew.wall.gained_ns as u64,
            ),
            (
                offset_of!(ClockControl, wall_gain_before_ppm),
                skew.wall.gain_before_ppm as u64,
            ),
            (offset_of!(ClockControl, wall_gain_ppm), skew.wall.gain_ppm as u64),
            (
                offset_of!(ClockControl, monotonic_gained_ns),
                skew.monotonic.gained_ns as u64,
            ),
            (
                offset_of!(ClockControl, monotonic_gain_before_ppm),
                skew.monotonic.gain_before_ppm as u64,
            ),
            (
                offset_of!(ClockControl, monotonic_gain_ppm),
                skew.monotonic.gain_ppm as u64,
            ),
        ];
        let base = offset_of!(Page, clock);
        self.publish(|page| {
            words
                .iter()
                .try_for_each(|(offset, word)| page.put(base + offset, *word))
        })?;
        self.skew = skew;
        Ok(())
    }

    /// Runs `change` with the sequence odd, as the page's law demands.
    fn publish(&mut self, change: impl FnOnce(&Self) -> io::Result<()>) -> Result<(), ClusterError> {
        let sequence = offset_of!(Page, sequence);
        let changed = self
            .put(sequence, (self.sequence + 1) % 256)
            .and_then(|()| change(self))
            .and_then(|()| self.put(sequence, (self.sequence + 2) % 256));
        self.sequence = (self.sequence + 2) % 256;
        changed.map_err(|source| self.failed(source))
    }

    fn put(&self, offset: usize, word: u64) -> io::Result<()> {
        self.file.write_all_at(&word.to_ne_bytes(), offset as u64)
    }

    fn get(&self, offset: usize) -> Result<u64, ClusterError> {
        let mut word = [0; 8];
        self.file
            .read_exact_at(&mut word, offset as u64)
            .map_err(|source| self.failed(source))?;
        Ok(u64::from_ne_bytes(word))
    }

    fn failed(&self, source: io::Error) -> ClusterError {
        ClusterError::ShimPage {
            path: self.path.clone(),
            source,
        }
    }
}

/// The machine's monotonic clock, the same for all its processes.
fn machine_monotonic_ns() -> Result<i64, ClusterError> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_err(ClusterError::Clock)?;
    Ok(Duration::from(now).as_nanos() as i64)
}

fn wall_offset_ns(offset_ms: i64) -> Result<i64, ClusterError> {
    let before_epoch = ClusterError::BeforeEpoch { offset_ms };
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else {
        return Err(before_epoch);
    };
    if now.as_millis() as i64 + offset_ms.min(0) < 0 {
        return Err(before_epoch);
    }
    offset_ms.checked_mul(1_000_000).ok_or(before_epoch)
}

#[cfg(test)]
#[path = "shim_page_tests.rs"]
mod tests;
