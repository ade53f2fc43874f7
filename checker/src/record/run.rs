//! `run.json`: what was run, how to run it again, and what it ran on.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use serde::{Deserialize, Serialize};
use workloads::operation::Concerns;

use super::{SCHEMA, clock, seed, standstill::StandstillRecord};

/// `<time>-<seed>`: the name of a run and of its directory. Names sort as their times do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// The name of the run of `seed` that started at `started`.
    pub fn new(started: SystemTime, seed: u64) -> Self {
        Self(format!("{}-{seed}", clock::utc_name(started)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The whole of `run.json`. It is written once at the start (so that a killed run says what it was) and again
/// at the end with counts, duration and shortfalls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this schema.
    pub schema: u32,
    /// Name of the run.
    pub id: RunId,
    /// Everything random was drawn from it.
    #[serde(with = "seed")]
    pub seed: u64,
    /// Calendar time of the start, `2026-11-21T07:09:08.123Z`.
    pub started_at: String,
    /// Length of the run, without the checks. 0 while it runs.
    #[serde(default)]
    pub duration_ms: u64,
    /// What to type to see it again.
    pub commands: Commands,
    /// What the clients asked, and how it ended.
    #[serde(default)]
    pub workloads: Vec<WorkloadRecord>,
    /// Who disturbed.
    #[serde(default)]
    pub nemeses: Vec<NemesisRecord>,
    /// The replica set's members, by index.
    #[serde(default)]
    pub members: Vec<MemberRecord>,
    /// Which timers the members ran with.
    #[serde(default)]
    pub timing: TimingRecord,
    /// Name of the planted bug, when the members carried one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planted_bug: Option<String>,
    /// Which sources and binaries.
    #[serde(default)]
    pub versions: Versions,
    /// Which machine, and which back ends it allowed.
    #[serde(default)]
    pub environment: Environment,
    /// Before, during and after the faults, and the quiet final reads.
    #[serde(default)]
    pub phases: Vec<PhaseRecord>,
    /// How many operations were in flight when faults struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadRecord>,
    /// When the machine stood still, so that members could not do what clients are owed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standstills: Vec<StandstillRecord>,
    /// Why the run cannot prove anything, a sentence each: a fault without effect, too little traffic. Not
    /// empty means that its verdict is never `pass`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortfalls: Vec<String>,
    /// What was not checked, a sentence each, for people who would otherwise assume it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_checked: Vec<String>,
    /// Further options of the run (rates, limits, flags), as the command line names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl RunRecord {
    /// A run that begins now: the rest is filled in as it becomes known.
    pub fn begin(started: SystemTime, seed: u64, commands: Commands) -> Self {
        Self {
            schema: SCHEMA,
            id: RunId::new(started, seed),
            seed,
            started_at: clock::utc_text(started),
            duration_ms: 0,
            commands,
            workloads: Vec::new(),
            nemeses: Vec::new(),
            members: Vec::new(),
            timing: TimingRecord::default(),
            planted_bug: None,
            versions: Versions::default(),
            environment: Environment::default(),
            phases: Vec::new(),
            load: None,
            standstills: Vec::new(),
            shortfalls: Vec::new(),
            not_checked: Vec::new(),
            options: BTreeMap::new(),
        }
    }

    /// Ends of all operations together.
    pub fn counts(&self) -> OperationCounts {
        self.workloads
            .iter()
            .fold(OperationCounts::default(), |sum, workload| sum + workload.counts)
    }
}

/// Commands a person copies. Each is one line of shell, run from the root of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    /// Runs the same scenario from the same seed.
    pub repeat: String,
    /// Judges the stored history again, without a cluster.
    pub recheck: String,
    /// Opens the smallest counterexample.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub open_counterexample: String,
}

/// One workload of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadRecord {
    /// Name in the catalogue.
    pub name: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// Concerns of its operations.
    pub concerns: Concerns,
    /// Number of client processes.
    #[serde(default)]
    pub processes: u32,
    /// Names of the checks that judge it.
    #[serde(default)]
    pub checks: Vec<String>,
    /// How its operations ended.
    #[serde(default)]
    pub counts: OperationCounts,
}

/// How operations ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCounts {
    /// It happened.
    pub ok: u64,
    /// It certainly did not happen.
    pub fail: u64,
    /// Nobody knows.
    pub info: u64,
}

impl OperationCounts {
    /// All of them.
    pub fn total(self) -> u64 {
        self.ok + self.fail + self.info
    }
}

impl std::ops::Add for OperationCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            ok: self.ok + other.ok,
            fail: self.fail + other.fail,
            info: self.info + other.info,
        }
    }
}

/// One nemesis of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NemesisRecord {
    /// Name in the list.
    pub name: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
}

/// One member of the replica set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// Index in the cluster, from 0.
    pub index: u8,
    /// Name in reports: `n0`.
    pub name: String,
    /// `host:port` in the replica set's configuration.
    #[serde(default)]
    pub address: String,
}

/// Which timers the members ran with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimingRecord {
    /// Name of the profile.
    pub profile: String,
    /// Timer name to milliseconds.
    #[serde(default)]
    pub timers_ms: BTreeMap<String, u64>,
}

/// Which sources and binaries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Version of the checker.
    pub checker: String,
    /// Commit of the sources, with `-dirty` when they were changed. Empty outside a repository.
    #[serde(default)]
    pub git: String,
    /// Version that the node binary tells.
    #[serde(default)]
    pub node: String,
    /// Hash of the node binary, `algorithm:hex`.
    #[serde(default)]
    pub node_hash: String,
}

/// Which machine, and which back ends it allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Operating system and kernel.
    pub os: String,
    /// Cores that the run could use.
    #[serde(default)]
    pub cores: u32,
    /// Memory of the machine, in MiB; 0 when not known.
    #[serde(default)]
    pub memory_mib: u64,
    /// Privilege tier: `T0` nothing, `T1` user namespaces, `T2` root.
    #[serde(default)]
    pub tier: String,
    /// Power (`network`, `disk`, `clock`, …) to the back end that was chosen for it.
    #[serde(default)]
    pub back_ends: BTreeMap<String, String>,
}

/// How the load met the faults: before one strikes, clients ask out of their turn until enough operations are in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Operations that ought to be in flight when a fault strikes.
    pub aim: u64,
    /// Faults that were applied.
    pub faults: u64,
    /// Those that met an operation in flight.
    pub met_some: u64,
    /// Operations in flight at the median fault.
    pub median: u64,
    /// And at the one that met fewest.
    pub least: u64,
}

/// One phase of the run, and the traffic that it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// `before`, `during`, `after`, `final`.
    pub name: String,
    /// Its begin.
    pub start_ns: u64,
    /// Its end.
    pub end_ns: u64,
    /// How the operations that began in it ended.
    #[serde(default)]
    pub counts: OperationCounts,
}
