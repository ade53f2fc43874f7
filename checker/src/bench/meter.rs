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

/// Acts that take longer are measured once.
const REPEATED_SECONDS: f64 = 2.0;

/// The least of three measurements of a short act, with the most memory of them: the first one in a process also pays for
/// the memory that the system hands out page by page, which is as much as the act itself.
pub(super) fn least_measured(act: impl Fn() -> Validity) -> Measured {
    let mut least = measured(&act);
    for _ in 0..2 {
        if least.cpu_seconds >= REPEATED_SECONDS {
            break;
        }
        let again = measured(&act);
        least.cpu_seconds = least.cpu_seconds.min(again.cpu_seconds);
        least.peak_bytes = least.peak_bytes.max(again.peak_bytes);
    }
    least
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
