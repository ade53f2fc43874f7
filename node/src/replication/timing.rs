//! Timer names become durations: from the `settings` of the configuration, with MongoDB's defaults.

use std::time::Duration;

use bson::Document;
use protocol::state::Denial;
use protocol::timer::Timer;

/// Where the defaults of a new configuration come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// MongoDB's own since 3.2.
    #[default]
    Modern,
    /// The old days: a silent member is given up after 20 s, and after a tie each waits 30 s (S4-30, S4-31).
    Legacy,
}

impl Profile {
    /// `heartbeatTimeoutSecs`.
    #[must_use]
    pub fn heartbeat_timeout_secs(self) -> i32 {
        match self {
            Self::Modern => 10,
            Self::Legacy => 20,
        }
    }

    /// `electionTimeoutMillis`.
    #[must_use]
    pub fn election_timeout_ms(self) -> i32 {
        self.heartbeat_timeout_secs() * 1000
    }

    /// How long a member waits that has stood, until it may stand again.
    #[must_use]
    pub fn retry(self, election_timeout: Duration) -> Duration {
        match self {
            Self::Modern => election_timeout,
            Self::Legacy => election_timeout * 3 / 2,
        }
    }
}

/// The durations of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `electionTimeoutMillis`.
    pub election_timeout: Duration,
    /// `heartbeatIntervalMillis`.
    pub heartbeat_interval: Duration,
    /// `catchUpTimeoutMillis`; −1 (the default) waits ten election timeouts.
    pub catch_up_timeout: Duration,
    /// `catchUpTakeoverDelayMillis`; −1: never.
    pub catch_up_takeover: Duration,
}

/// As good as never.
const NEVER: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

impl Default for Timing {
    fn default() -> Self {
        Self::from_settings(&Document::new())
    }
}

impl Timing {
    /// The most of an election timeout that jitter adds: 15 % (R-24).
    pub const JITTER_MAX_PERCENT: u32 = 15;
    /// From the primary's broken connection to the question whether the others lost it, too: at least. By then the
    /// others have seen it; on one machine or in one rack a dead process is seen within a millisecond.
    pub const SUSPICION_MIN: Duration = Duration::from_millis(5);
    /// At most. Far more than a dry run and a vote take, so that seldom two stand at once.
    pub const SUSPICION_MAX: Duration = Duration::from_millis(20);

    /// Reads the `settings` document; what is missing or senseless takes the default.
    #[must_use]
    pub fn from_settings(settings: &Document) -> Self {
        let millis = |key: &str, default: u64| {
            let value = settings
                .get(key)
                .and_then(as_i64)
                .and_then(|value| u64::try_from(value).ok());
            Duration::from_millis(value.filter(|value| *value > 0).unwrap_or(default))
        };
        let election_timeout = millis("electionTimeoutMillis", 10_000);
        let endless = u64::try_from(election_timeout.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_mul(10);
        Self {
            election_timeout,
            heartbeat_interval: millis("heartbeatIntervalMillis", 2_000),
            catch_up_timeout: millis("catchUpTimeoutMillis", endless),
            catch_up_takeover: match settings.get("catchUpTakeoverDelayMillis").and_then(as_i64) {
                Some(-1) => NEVER,
                _ => millis("catchUpTakeoverDelayMillis", 30_000),
            },
        }
    }

    /// How long `timer` runs; `jitter` is a fresh number from 0 to 1000. `None`: the command that arms it gives
    /// its length.
    #[must_use]
    pub fn duration(&self, timer: Timer, jitter: u32) -> Option<Duration> {
        Some(match timer {
            Timer::Election => self.election_timeout + self.spread(jitter),
            Timer::PriorityTakeover(rank) => {
                self.election_timeout * (u32::from(rank) + 1) + self.spread(jitter)
            }
            Timer::CatchUpTakeover => self.catch_up_takeover,
            Timer::Heartbeat(_) => self.heartbeat_interval,
            Timer::Silence(_) => self.election_timeout,
            Timer::Suspicion => {
                Self::SUSPICION_MIN + (Self::SUSPICION_MAX - Self::SUSPICION_MIN) * jitter / 1000
            }
            Timer::Fetch | Timer::KeepAlive => self.election_timeout / 2,
            Timer::SyncSource | Timer::Ripen => self.heartbeat_interval.min(Duration::from_secs(1)),
            Timer::Sync | Timer::Forgive(_, Denial::Silent) => self.election_timeout,
            Timer::Forgive(_, Denial::Behind) => self.heartbeat_interval,
            Timer::Forgive(_, Denial::TooFresh) => self.election_timeout * 6,
            Timer::CatchUp => self.catch_up_timeout,
            Timer::StepDown | Timer::Unfreeze => return None,
        })
    }

    fn spread(&self, jitter: u32) -> Duration {
        self.election_timeout * Self::JITTER_MAX_PERCENT * jitter / 100_000
    }
}

fn as_i64(value: &bson::Bson) -> Option<i64> {
    match value {
        bson::Bson::Int32(value) => Some(i64::from(*value)),
        bson::Bson::Int64(value) => Some(*value),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "settings are small; a huge one saturates"
        )]
        bson::Bson::Double(value) => Some(*value as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn jitter_adds_at_most_fifteen_percent() {
        let timing = Timing::from_settings(&doc! { "electionTimeoutMillis": 1000_i64 });
        assert_eq!(
            timing.duration(Timer::Election, 0),
            Some(Duration::from_millis(1000))
        );
        assert_eq!(
            timing.duration(Timer::Election, 1000),
            Some(Duration::from_millis(1150))
        );
    }

    #[test]
    fn senseless_settings_take_the_default() {
        let timing =
            Timing::from_settings(&doc! { "electionTimeoutMillis": -5, "heartbeatIntervalMillis": "x" });
        assert_eq!(timing, Timing::default());
        assert_eq!(timing.election_timeout, Duration::from_secs(10));
    }
}
