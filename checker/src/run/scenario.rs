//! What a run is, whole: who asks what, who disturbs, for how long, from which seed.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use protocol::member::Rules;
use workloads::{catalogue::WORKLOADS, workload::Workload};

use crate::{
    cluster::{fuse_disk::NamesLaw, network::NetworkBackend},
    nemesis::{
        dice::Dice,
        nemesis::{Needs, Nemesis},
        redraw::Redraws,
        view::QuorumBudget,
    },
};

/// The description of one live run. Together with the sources it is all that a repetition needs.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Everything random is drawn from it.
    pub seed: u64,
    /// Number of data-bearing members.
    pub members: u8,
    /// Number of members that vote and hold no data; their numbers follow.
    pub arbiters: u8,
    /// How long clients ask, from the first request to the last: calm, faults, calm.
    pub time_limit: Duration,
    /// Client processes of each workload.
    pub processes: u32,
    /// Requests per second of all clients together; `None`: as many as they can.
    pub rate: Option<u32>,
    /// How much of the set may be taken away at once.
    pub budget: QuorumBudget,
    /// How the members are connected.
    pub network: NetworkBackend,
    /// Whose disks they write to.
    pub disks: Disks,
    /// From which turns of the nemeses on something else is drawn than the seed says.
    pub redraws: Redraws,
}

/// Whose disks members write to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disks {
    /// The machine's; where power is lost, what it would take is journaled.
    #[default]
    Machine,
    /// File systems of their own on loop devices (root only).
    Images,
    /// File systems of their own in the checker's memory.
    Fuse(NamesLaw),
}

impl Disks {
    /// Their name on the command line; nothing where no option is needed.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Disks::Machine => None,
            Disks::Images => Some("images"),
            Disks::Fuse(NamesLaw::Ordered) => Some("fuse"),
            Disks::Fuse(NamesLaw::Strict) => Some("fuse-strict"),
        }
    }
}

/// Names of the parts of a scenario that are chosen from lists.
#[derive(Clone)]
pub struct Cast {
    /// What the clients ask, in the order of the command line.
    pub workloads: Vec<&'static Workload>,
    /// Who disturbs. Empty: nobody.
    pub nemeses: Vec<&'static Nemesis>,
    /// A planted bug that the members carry.
    pub planted_bug: Option<String>,
}

/// Where things lie, and what is kept.
#[derive(Clone, Debug)]
pub struct Places {
    /// Below it each run makes its directory.
    pub results: PathBuf,
    /// The server binary; `None`: build it.
    pub node_binary: Option<PathBuf>,
    /// Another server binary, for members that are restarted from the other one; `None`: there is only one.
    pub other_node_binary: Option<PathBuf>,
    /// The scenario file that is told to the members; `None`: no story.
    pub story: Option<PathBuf>,
    /// Keep the members' data directories in the run's directory.
    pub keep_data: bool,
    /// What kind of server it is.
    pub system: System,
}

/// Whose command line the server understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// This project's `node`, which can write down its steps.
    #[default]
    Node,
    /// A `mongod` 7 or something that passes for one: only flags and commands that it has are used.
    Mongod,
}

impl System {
    /// All of them, as the command line names them.
    pub const NAMES: [(&'static str, Self); 2] = [("node", Self::Node), ("mongod", Self::Mongod)];
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 0,
            members: Self::MEMBERS,
            arbiters: 0,
            time_limit: Self::TIME_LIMIT,
            processes: Self::PROCESSES,
            rate: Some(Self::RATE),
            budget: QuorumBudget::KeepMajority,
            network: NetworkBackend::default(),
            disks: Disks::default(),
            redraws: Redraws::default(),
        }
    }
}

impl Scenario {
    /// Default number of members.
    pub const MEMBERS: u8 = 3;
    /// Default length.
    pub const TIME_LIMIT: Duration = Duration::from_secs(80);
    /// Default number of client processes per workload.
    pub const PROCESSES: u32 = 5;
    /// Default requests per second: enough to overlap with every fault, few enough for a report of some
    /// hundred kilobytes and for two cores.
    pub const RATE: u32 = 200;

    /// Members with data and without.
    pub fn voters(&self) -> u8 {
        self.members + self.arbiters
    }

    /// The part of the time limit before the first and after the last fault.
    pub fn calm(&self) -> Duration {
        (self.time_limit / 10).min(Duration::from_secs(5))
    }

    /// The part of the time limit in which faults are struck.
    pub fn faulted(&self) -> Duration {
        self.time_limit.saturating_sub(self.calm() * 2)
    }

    /// The command that does the same again, from the root of the repository.
    pub fn command(&self, cast: &Cast, places: &Places) -> String {
        let mut words = vec![format!("cargo run -p checker -- run --seed {}", self.seed)];
        let mut option = |given: bool, text: String| {
            if given {
                words.push(text);
            }
        };
        let time = self.time_limit.as_secs();
        option(
            self.time_limit != Self::TIME_LIMIT,
            format!("--time-limit {time}"),
        );
        option(
            self.members != Self::MEMBERS,
            format!("--members {}", self.members),
        );
        option(self.arbiters > 0, format!("--arbiters {}", self.arbiters));
        option(
            self.processes != Self::PROCESSES,
            format!("--concurrency {}", self.processes),
        );
        option(
            self.rate != Some(Self::RATE),
            format!("--rate {}", self.rate.unwrap_or(0)),
        );
        option(self.budget == QuorumBudget::Any, "--exceed-quorum".to_owned());
        if let Some(story) = &places.story {
            option(true, format!("--story {}", quoted(story)));
        }
        let names = |names: Vec<&str>| names.join(",");
        let listed =
            |workloads: &[&'static Workload]| names(workloads.iter().map(|workload| workload.name).collect());
        let workloads = listed(&cast.workloads);
        option(
            workloads != listed(&Cast::drawn(self.seed)),
            format!("--workload {workloads}"),
        );
        let nemeses = names(cast.nemeses.iter().map(|nemesis| nemesis.name).collect());
        let nobody = if nemeses.is_empty() { "none" } else { &nemeses };
        let told = places.story.is_some();
        option(
            !told && nemeses != Cast::NEMESES.join(","),
            format!("--nemesis {nobody}"),
        );
        option(!self.redraws.is_empty(), format!("--redraw {}", self.redraws));
        if let Some(bug) = &cast.planted_bug {
            option(true, format!("--planted-bug {bug}"));
        }
        if let Some(binary) = &places.node_binary {
            option(true, format!("--node-binary {}", quoted(binary)));
        }
        if let Some(binary) = &places.other_node_binary {
            option(true, format!("--other-node-binary {}", quoted(binary)));
        }
        option(
            self.network == NetworkBackend::Packets,
            "--network packets".to_owned(),
        );
        if let Some(disks) = self.disks.word() {
            option(true, format!("--disk {disks}"));
        }
        option(places.system == System::Mongod, "--system mongod".to_owned());
        words.join(" ")
    }
}

impl Cast {
    /// The core as the members of this run have it.
    pub fn rules(&self) -> Rules {
        let planted = self.planted_bug.as_deref().and_then(planted);
        planted.unwrap_or_default()
    }

    /// The workloads of a run that names none: [`Cast::WORKLOADS`], and one of the others, drawn from the seed. Many default
    /// runs ask everything, and each has few enough clients for two cores.
    pub fn drawn(seed: u64) -> Vec<&'static Workload> {
        let is_fixed = |workload: &&Workload| Self::WORKLOADS.contains(&workload.name);
        let (mut drawn, others): (Vec<_>, Vec<_>) = WORKLOADS.iter().partition(is_fixed);
        let last = others.len() as u64 - 1;
        drawn.push(others[Dice::new(seed, "workloads").between(0, last) as usize]);
        drawn
    }

    /// How many machines must stand by that are no members yet.
    pub fn spares(&self) -> u8 {
        u8::from(self.nemeses.iter().any(|nemesis| nemesis.needs == Needs::Spare))
    }

    /// What every run that names no workloads asks; [`Cast::drawn`] adds to them.
    pub const WORKLOADS: [&'static str; 2] = ["register", "set"];
    /// The nemeses of a run that names none.
    pub const NEMESES: [&'static str; 4] = ["kill", "pause", "partition", "clock"];
}

/// The core with this bug; nothing for a bug of the shell, whose core is the correct one.
#[cfg(feature = "planted-bugs")]
fn planted(id: &str) -> Option<Rules> {
    protocol::bugs::find(id).map(protocol::bugs::Bug::plant)
}

/// There are none in this build.
#[cfg(not(feature = "planted-bugs"))]
fn planted(_: &str) -> Option<Rules> {
    None
}

/// The path as one word of a shell.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:,@".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::NEMESES;

    #[test]
    fn a_default_run_is_repeated_by_its_seed_alone() {
        let (scenario, cast, places) = default();
        assert_eq!(
            scenario.command(&cast, &places),
            "cargo run -p checker -- run --seed 7"
        );
    }

    #[test]
    fn what_differs_is_told() {
        let (mut scenario, mut cast, mut places) = default();
        scenario.time_limit = Duration::from_secs(20);
        scenario.rate = None;
        cast.nemeses.clear();
        cast.planted_bug = Some("C12".to_owned());
        places.node_binary = Some(PathBuf::from("/my node"));
        assert_eq!(
            scenario.command(&cast, &places),
            "cargo run -p checker -- run --seed 7 --time-limit 20 --rate 0 --nemesis none --planted-bug C12 \
             --node-binary '/my node'"
        );
    }

    #[test]
    fn default_runs_together_ask_everything() {
        let named = |seed| -> Vec<&str> {
            let drawn = Cast::drawn(seed);
            drawn.iter().map(|workload| workload.name).collect()
        };
        assert_eq!(named(7), named(7));
        assert!((0..100).all(|seed| named(seed).len() == 3 && named(seed)[..2] == Cast::WORKLOADS));
        let all: std::collections::BTreeSet<&str> = (0..100).flat_map(named).collect();
        assert_eq!(all.len(), WORKLOADS.len());
    }

    #[test]
    fn the_faulted_part_is_most_of_it() {
        let (mut scenario, ..) = default();
        assert_eq!(scenario.faulted(), Duration::from_secs(70));
        scenario.time_limit = Duration::from_secs(10);
        assert_eq!(scenario.faulted(), Duration::from_secs(8));
    }

    fn default() -> (Scenario, Cast, Places) {
        let scenario = Scenario {
            seed: 7,
            ..Scenario::default()
        };
        let nemesis = |name: &str| NEMESES.iter().find(|nemesis| nemesis.name == name);
        let cast = Cast {
            workloads: Cast::drawn(scenario.seed),
            nemeses: Cast::NEMESES
                .iter()
                .map(|name| nemesis(name).expect("in the list"))
                .collect(),
            planted_bug: None,
        };
        let places = Places {
            results: PathBuf::from("results"),
            node_binary: None,
            other_node_binary: None,
            story: None,
            keep_data: false,
            system: System::Node,
        };
        (scenario, cast, places)
    }
}
