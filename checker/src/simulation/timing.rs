//! How long the named timers run. The core knows names only.

use protocol::state::Denial;
use protocol::timer::Timer;

use crate::nemesis::dice::Dice;

/// Durations of the timers, in microseconds of the member's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two heartbeats to one member.
    pub heartbeat_us: u64,
    /// The election timeout, before its jitter of up to 15 %.
    pub election_us: u64,
    /// How long a new primary waits for those who are ahead.
    pub catch_up_us: u64,
    /// How long an operator's step-down waits for a caught-up secondary.
    pub step_down_us: u64,
    /// How long a member that stepped down may not stand.
    pub unfreeze_us: u64,
    /// Before it looks for a sync source again.
    pub sync_source_us: u64,
}

/// The largest share of the election timeout that is added at random.
const JITTER_PERMILLE: u64 = 150;

/// From a broken connection to the question, at least and at most; as the server has it.
const SUSPICION_US: (u64, u64) = (5_000, 20_000);

impl Timing {
    /// MongoDB's defaults.
    pub const MODERN: Self = Self {
        heartbeat_us: 2_000_000,
        election_us: 10_000_000,
        catch_up_us: 30_000_000,
        step_down_us: 10_000_000,
        unfreeze_us: 60_000_000,
        sync_source_us: 1_000_000,
    };

    /// What continuous integration uses: a second instead of ten.
    pub const FAST: Self = Self {
        heartbeat_us: 250_000,
        election_us: 1_000_000,
        catch_up_us: 2_000_000,
        step_down_us: 1_000_000,
        unfreeze_us: 5_000_000,
        sync_source_us: 200_000,
    };

    /// The notes' own figures: 2 s, 20 s, 30 s.
    pub const LEGACY: Self = Self {
        election_us: 20_000_000,
        unfreeze_us: 30_000_000,
        ..Self::MODERN
    };

    /// How long `timer` runs, armed now.
    pub fn draw_us(&self, timer: Timer, dice: &mut Dice) -> u64 {
        match timer {
            Timer::Election => self.election_us + dice.below(self.election_us * JITTER_PERMILLE / 1000 + 1),
            Timer::PriorityTakeover(rank) => {
                self.draw_us(Timer::Election, dice) + self.election_us * u64::from(rank)
            }
            Timer::CatchUpTakeover => self.catch_up_us,
            Timer::Heartbeat(_) => self.heartbeat_us,
            Timer::Silence(_) => self.election_us,
            Timer::Suspicion => SUSPICION_US.0 + dice.below(SUSPICION_US.1 - SUSPICION_US.0 + 1),
            Timer::Fetch | Timer::KeepAlive => self.election_us / 2,
            Timer::SyncSource | Timer::Ripen => self.sync_source_us,
            Timer::Sync | Timer::Forgive(_, Denial::Silent) => self.election_us,
            Timer::Forgive(_, Denial::Behind) => self.heartbeat_us,
            Timer::Forgive(_, Denial::TooFresh) => 6 * self.election_us,
            Timer::CatchUp => self.catch_up_us,
            Timer::StepDown => self.step_down_us,
            Timer::Unfreeze => self.unfreeze_us,
        }
    }
}
