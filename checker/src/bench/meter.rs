//! What one act costs this process: CPU time, and memory at its peak.

use std::fs;

use nix::time::{ClockId, clock_gettime};

use crate::checks::Validity;

/// How one checker did on one history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// CPU seconds of the check.
    pub cpu_seconds: f64,
    /// Most resident bytes during it, beyond those at its begin; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// What it said; `Unknown` when it gave up.
    pub validity: Validity,
}

/// Measures `act` in this process.
pub(super) fn measured(act: impl FnOnce() -> Validity) -> Measured {
    // The kernel forgets the old peak.
    let forgotten = fs::write("/proc/self/clear_refs", "5").is_ok();
    let (held, before) = (status_bytes("VmRSS:"), cpu_seconds());
    let validity = act();
    let cpu_seconds = cpu_seconds() - before;
    let peak_bytes = status_bytes("VmHWM:").zip(held).filter(|_| forgotten);
    Measured {
        cpu_seconds,
        peak_bytes: peak_bytes.map(|(peak, held)| peak.saturating_sub(held)),
        validity,
    }
}

/// CPU seconds of this process so far.
#[must_use]
pub fn cpu_seconds() -> f64 {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map_or(0.0, |time| time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

/// Resident bytes of this process; `None` where the system does not tell.
pub(super) fn held_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

fn status_bytes(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
