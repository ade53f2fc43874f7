//! The times of a run: how fast the set elects, how long faults last, how long anything is waited for.

use std::{collections::BTreeMap, time::Duration};

use crate::{nemesis::dice::Dice, record::run::TimingRecord};

/// Settings of the replica set: MongoDB's defaults are 10 s, 2 s and 10 s, which would leave time for a handful
/// of elections per run.
pub const ELECTION_TIMEOUT_MS: u64 = 1_000;
/// See [`ELECTION_TIMEOUT_MS`].
pub const HEARTBEAT_INTERVAL_MS: u64 = 250;
/// See [`ELECTION_TIMEOUT_MS`].
pub const HEARTBEAT_TIMEOUT_SECONDS: u64 = 1;

/// How long a fault lasts: from less than an election timeout to several of them.
const HOLD_MS: (u64, u64) = (600, 4_500);
/// How long it is quiet between two faults of one lane.
const CALM_MS: (u64, u64) = (300, 2_000);

/// How long a set may take until it has its first primary.
pub const FIRST_PRIMARY: Duration = Duration::from_secs(30);
/// How long a set may take to be whole again before the next fault; then the fault strikes anyway.
pub const WHOLE_AGAIN: Duration = Duration::from_secs(6);
/// How long a set may take to be healthy and equal after everything is healed. Twice the longest sync of the
/// data of a run on a machine that builds beside it.
pub const SETTLED: Duration = Duration::from_secs(60);

/// Between two looks at a member.
pub const STATUS_PERIOD: Duration = Duration::from_millis(250);
/// How long a look at a member may take.
pub const STATUS_TIMEOUT: Duration = Duration::from_millis(1_000);

/// How long the next fault lasts.
pub fn hold(dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.between(HOLD_MS.0, HOLD_MS.1))
}

/// How long it is quiet after a fault.
pub fn calm(dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.between(CALM_MS.0, CALM_MS.1))
}

/// The profile as `run.json` keeps it.
pub fn record() -> TimingRecord {
    TimingRecord {
        profile: "fast".to_owned(),
        timers_ms: BTreeMap::from([
            ("electionTimeoutMillis".to_owned(), ELECTION_TIMEOUT_MS),
            ("heartbeatIntervalMillis".to_owned(), HEARTBEAT_INTERVAL_MS),
            ("heartbeatTimeout".to_owned(), HEARTBEAT_TIMEOUT_SECONDS * 1_000),
        ]),
    }
}
