//! One member's clocks: a wall clock that may be wrong and a monotonic one that may run fast or slow.

/// Seconds since 1970 at the start of every simulation.
const START_SECS: u64 = 1_000_000;
const SECOND_US: u64 = 1_000_000;

/// The clocks of one member, as functions of virtual time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Virtual time when the rate last changed, and the member's time then.
    anchor_us: (u64, u64),
    rate_permille: u64,
    /// Added to the wall clock.
    offset_us: i64,
    /// Added to the wall clock every other period: offset and period.
    strobe_us: Option<(i64, u64)>,
}

impl Clock {
    /// A clock with this error.
    #[must_use]
    pub fn new(offset_us: i64) -> Self {
        Self {
            anchor_us: (0, 0),
            rate_permille: 1000,
            offset_us,
            strobe_us: None,
        }
    }

    /// The wall clock, in seconds since 1970.
    #[must_use]
    pub fn wall_secs(&self, now_us: u64) -> u32 {
        let strobe = match self.strobe_us {
            Some((offset, period)) if (now_us / period.max(1)) % 2 == 1 => offset,
            _ => 0,
        };
        let wall_us = (START_SECS * SECOND_US + self.local_us(now_us)) as i64 + self.offset_us + strobe;
        u32::try_from(wall_us.max(0) as u64 / SECOND_US).unwrap_or(u32::MAX)
    }

    /// Virtual time at which `duration_us` of this member's time will have passed.
    #[must_use]
    pub fn deadline_us(&self, now_us: u64, duration_us: u64) -> u64 {
        now_us + duration_us * 1000 / self.rate_permille
    }

    /// The wall clock jumps.
    pub fn jump(&mut self, by_us: i64) {
        self.offset_us += by_us;
    }

    /// The wall clock jumps to and fro, or ceases to.
    pub fn strobe(&mut self, offset_and_period_us: Option<(i64, u64)>) {
        self.strobe_us = offset_and_period_us;
    }

    /// Both clocks run at this rate from now on.
    pub fn run_at(&mut self, now_us: u64, rate_permille: u64) {
        self.anchor_us = (now_us, self.local_us(now_us));
        self.rate_permille = rate_permille.max(1);
    }

    fn local_us(&self, now_us: u64) -> u64 {
        self.anchor_us.1 + (now_us - self.anchor_us.0) * self.rate_permille / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_stretches_timers_and_keeps_its_past() {
        let mut clock = Clock::new(0);
        assert_eq!(clock.wall_secs(5 * SECOND_US), 1_000_005);
        clock.run_at(10 * SECOND_US, 500);
        assert_eq!(clock.wall_secs(14 * SECOND_US), 1_000_012);
        assert_eq!(clock.deadline_us(14 * SECOND_US, SECOND_US), 16 * SECOND_US);
        clock.jump(-3_000_000);
        assert_eq!(clock.wall_secs(14 * SECOND_US), 1_000_009);
    }
}
