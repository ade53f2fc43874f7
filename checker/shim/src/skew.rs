//! The arithmetic of wrong clocks: pure, the same for the shim that shows them and the checker that steers.
//!
//! Drift is anchored: before the anchor the old rate holds, from it on the new one, and both meet there in
//! `gained`. A change is published a moment before its anchor, so that no reader sees a jump:
//! 1. rate is 0.5, published with anchor = now; 2. a reader that loaded the controls just before publication
//!    shows real time up to a microsecond later than the anchor; 3. the next reader is behind it: time ran back.

/// A consistent copy of the page's clock controls. The fields are those of `ClockControl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// Added to the wall clock, in ns.
    pub wall_offset_ns: i64,
    /// Added to the wall clock in every second period, in ns.
    pub strobe_offset_ns: i64,
    /// Length of a strobe period in ns; 0: no strobe.
    pub strobe_period_ns: u64,
    /// Where the rates change, on the machine's monotonic clock.
    pub anchor_ns: i64,
    /// Drift of the wall clock.
    pub wall: Drift,
    /// Drift of the monotonic clock.
    pub monotonic: Drift,
}

/// How one clock drifts around the anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Added by drift at the anchor, in ns.
    pub gained_ns: i64,
    /// Parts per million gained before the anchor.
    pub gain_before_ppm: i64,
    /// Parts per million gained from the anchor on.
    pub gain_ppm: i64,
}

impl Skew {
    /// What to add to the wall clock when the machine's monotonic clock reads `now_ns`.
    pub fn wall_error_ns(&self, now_ns: i64) -> i64 {
        self.wall_offset_ns
            .saturating_add(self.strobe_ns(now_ns))
            .saturating_add(self.wall.error_ns(self.anchor_ns, now_ns))
    }

    /// What to add to the monotonic clock when it reads `now_ns`.
    pub fn monotonic_error_ns(&self, now_ns: i64) -> i64 {
        self.monotonic.error_ns(self.anchor_ns, now_ns)
    }

    /// The machine's monotonic reading at which the shown clock reads `shown_ns`: the inverse of
    /// `now + monotonic_error_ns(now)`.
    pub fn real_monotonic_ns(&self, shown_ns: i64) -> i64 {
        let at_anchor = self.anchor_ns.saturating_add(self.monotonic.gained_ns);
        let gain = self.monotonic.gain_at(shown_ns >= at_anchor);
        let shown_since = i128::from(shown_ns) - i128::from(at_anchor);
        let real_since = shown_since * PARTS / (PARTS + i128::from(gain)).max(1);
        clamp(i128::from(self.anchor_ns) + real_since)
    }

    /// The same clocks with other rates from `anchor_ns` on (a moment ahead), without a jump there.
    pub fn with_gains(&self, anchor_ns: i64, wall_ppm: i64, monotonic_ppm: i64) -> Self {
        Self {
            anchor_ns,
            wall: self.wall.turned(self.anchor_ns, anchor_ns, wall_ppm),
            monotonic: self.monotonic.turned(self.anchor_ns, anchor_ns, monotonic_ppm),
            ..*self
        }
    }

    fn strobe_ns(&self, now_ns: i64) -> i64 {
        if self.strobe_period_ns == 0 {
            return 0;
        }
        let odd = (now_ns as u64 / self.strobe_period_ns) % 2 == 1;
        if odd { self.strobe_offset_ns } else { 0 }
    }
}

/// One, in parts per million.
const PARTS: i128 = 1_000_000;

impl Drift {
    fn error_ns(&self, anchor_ns: i64, now_ns: i64) -> i64 {
        let since = i128::from(now_ns) - i128::from(anchor_ns);
        clamp(i128::from(self.gained_ns) + since * i128::from(self.gain_at(since >= 0)) / PARTS)
    }

    fn gain_at(&self, anchored: bool) -> i64 {
        if anchored {
            self.gain_ppm
        } else {
            self.gain_before_ppm
        }
    }

    fn turned(&self, old_anchor_ns: i64, anchor_ns: i64, gain_ppm: i64) -> Self {
        Self {
            gained_ns: self.error_ns(old_anchor_ns, anchor_ns),
            // A second change before the first one's anchor drops the short stretch in between.
            gain_before_ppm: self.gain_at(anchor_ns >= old_anchor_ns),
            gain_ppm,
        }
    }
}

fn clamp(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn untouched_clocks_tell_the_truth() {
        let skew = Skew::default();
        assert_eq!(
            (
                skew.wall_error_ns(77),
                skew.monotonic_error_ns(77),
                skew.real_monotonic_ns(77)
            ),
            (0, 0, 77)
        );
    }

    #[test]
    fn drift_grows_from_its_anchor_and_stays_when_healed() {
        let half = Skew::default().with_gains(10 * SECOND, 500_000, -500_000);
        assert_eq!(half.monotonic_error_ns(9 * SECOND), 0);
        assert_eq!(half.monotonic_error_ns(12 * SECOND), -SECOND);
        assert_eq!(half.wall_error_ns(12 * SECOND), SECOND);
        let healed = half.with_gains(14 * SECOND, 0, 0);
        assert_eq!(
            healed.monotonic_error_ns(13 * SECOND),
            half.monotonic_error_ns(13 * SECOND)
        );
        assert_eq!(healed.monotonic_error_ns(99 * SECOND), -2 * SECOND);
    }

    #[test]
    fn shown_monotonic_time_never_runs_back_across_changes() {
        let mut skew = Skew::default();
        let mut shown_before = i64::MIN;
        for (step, gain_ppm) in [1_000_000, -900_000, 0, -500_000, 250_000]
            .into_iter()
            .enumerate()
        {
            let anchor_ns = (step as i64 + 1) * SECOND;
            skew = skew.with_gains(anchor_ns, 0, gain_ppm);
            for tick in 0..1000 {
                let now = anchor_ns - SECOND / 2 + tick * SECOND / 1000;
                let shown = now + skew.monotonic_error_ns(now);
                assert!(shown >= shown_before, "step {step}, tick {tick}");
                shown_before = shown;
            }
        }
    }

    #[test]
    fn deadlines_translate_back() {
        let skew = Skew::default()
            .with_gains(SECOND, 0, 1_000_000)
            .with_gains(5 * SECOND, 0, -500_000);
        for now in [SECOND / 2, 2 * SECOND, 5 * SECOND, 60 * SECOND] {
            let shown = now + skew.monotonic_error_ns(now);
            let back = skew.real_monotonic_ns(shown);
            // Before the previous anchor the older rate is forgotten; deadlines lie ahead of it.
            if now >= 2 * SECOND {
                assert!((back - now).abs() <= 2, "{now}: {back}");
            }
        }
    }

    #[test]
    fn strobe_alternates() {
        let skew = Skew {
            strobe_offset_ns: 7,
            strobe_period_ns: 100,
            ..Skew::default()
        };
        assert_eq!([50, 150, 250].map(|now| skew.wall_error_ns(now)), [0, 7, 0]);
    }
}
