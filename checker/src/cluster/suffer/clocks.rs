//! Bent clocks.

use std::time::Duration;

use super::effects::Effects;
use crate::{
    cluster::{
        error::ClusterError,
        rig::Rig,
        shim_page::{ShimCounters, ShimPage},
    },
    nemesis::fault::Member,
};

/// A member whose clock is bent, with what its shim had counted before.
#[derive(Debug)]
pub(super) struct BentClock {
    member: Member,
    before: ShimCounters,
}

impl BentClock {
    /// Some reading was answered wrongly by now.
    pub(super) fn has_struck(&self, rig: &Rig) -> bool {
        let counters = rig.page(self.member).and_then(|page| page.counters().ok());
        counters.is_some_and(|counters| counters.wall_skewed > self.before.wall_skewed)
    }
}

/// The wall clock jumps.
pub(super) fn jump(rig: &mut Rig, member: Member, offset_ms: i64) -> Result<BentClock, ClusterError> {
    bend(rig, member, |page| page.set_wall_offset(offset_ms))
}

/// The wall clock jumps there and back.
pub(super) fn strobe(
    rig: &mut Rig,
    member: Member,
    offset_ms: i64,
    period_ms: u64,
) -> Result<BentClock, ClusterError> {
    bend(rig, member, |page| {
        page.set_strobe(offset_ms, Duration::from_millis(period_ms))
    })
}

/// Both clocks run at another speed.
pub(super) fn drift(rig: &mut Rig, member: Member, rate_permille: u32) -> Result<BentClock, ClusterError> {
    bend(rig, member, |page| page.set_rates(rate_permille, rate_permille))
}

/// Straightens the clock and reads what was answered meanwhile.
pub(super) fn heal(rig: &mut Rig, bent: &BentClock) -> (Effects, Result<(), ClusterError>) {
    rig.skewed.remove(&bent.member);
    let mut effects = Effects::default();
    let healed = straighten(rig, bent, &mut effects);
    effects.struck = effects.get("wall_readings_skewed") + effects.get("monotonic_readings_skewed") > 0;
    (effects, healed)
}

fn straighten(rig: &mut Rig, bent: &BentClock, effects: &mut Effects) -> Result<(), ClusterError> {
    let page = rig.page_mut(bent.member)?;
    let after = page.counters()?;
    // The monotonic clock keeps what it gained before: readings are skewed ever after, so only those of a
    // clock that moved meanwhile prove anything.
    let moved = after.monotonic_error_ns != bent.before.monotonic_error_ns;
    effects.add(
        "wall_readings_skewed",
        after.wall_skewed - bent.before.wall_skewed,
    );
    if moved {
        effects.add(
            "monotonic_readings_skewed",
            after.monotonic_skewed - bent.before.monotonic_skewed,
        );
    }
    effects.add("wall_error_ms", page.wall_error_ns()?.unsigned_abs() / 1_000_000);
    page.heal_clocks()
}

fn bend(
    rig: &mut Rig,
    member: Member,
    change: impl FnOnce(&mut ShimPage) -> Result<(), ClusterError>,
) -> Result<BentClock, ClusterError> {
    let page = rig.page_mut(member)?;
    let before = page.counters()?;
    // A program that is linked statically never asks the library: said now, not after the run.
    if before.starts == 0 || before.wall_calls + before.monotonic_calls == 0 {
        return Err(ClusterError::ShimUnused { member });
    }
    change(page)?;
    rig.skewed.insert(member);
    Ok(BentClock { member, before })
}
