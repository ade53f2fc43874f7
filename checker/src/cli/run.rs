//! `checker run`: one live run.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Parser, builder::PossibleValuesParser, value_parser};
use workloads::catalogue::{self, WORKLOADS};

use super::{
    context::Context,
    namespaces::{self, Place},
    planted_bug, seed, smoke, tell,
};
use crate::{
    cluster::{
        build::{self, Flavour},
        network::NetworkBackend,
    },
    console::Console,
    nemesis::{NEMESES, nemesis::Needs, redraw::Redraws, view::QuorumBudget},
    record::{exit::Exit, model::ModelRecord},
    run::{
        error::RunError,
        interrupt::{Interrupt, Interrupter, Wish},
        live::{Live, Outcome},
        retell::{Retold, retell},
        scenario::{Cast, Disks, Places, Scenario, System},
    },
};

/// What stands for "no nemesis".
const NOBODY: &str = "none";

/// How long tasks that cannot be interrupted may still take after Ctrl-C was pressed twice.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker run --seed 7                             the same faults and requests again
  checker run --nemesis kill,partition --time-limit 60
  checker run --nemesis primary-divergence         a directed schedule
  checker run --story simulation.txt               a counterexample, told to real processes
  checker run --planted-bug E05                    must end with exit code 1";

/// Start a replica set, disturb it under load, prove what its clients saw.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Draw requests and faults from this seed (default: a new one, printed first).
    #[arg(long)]
    seed: Option<u64>,

    /// Length of the load in seconds: calm, faults, calm.
    #[arg(long, value_name = "SECONDS", default_value_t = Scenario::TIME_LIMIT.as_secs(), value_parser = value_parser!(u64).range(5..=86_400))]
    time_limit: u64,

    /// Data-bearing members.
    #[arg(long, value_name = "COUNT", default_value_t = Scenario::MEMBERS, value_parser = value_parser!(u8).range(1..=7))]
    members: u8,

    /// Members besides that vote and hold no data.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = value_parser!(u8).range(0..=3), conflicts_with = "story")]
    arbiters: u8,

    /// What the clients ask (default: register, set, and one more drawn from the seed).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = names(WORKLOADS.iter().map(|workload| workload.name)))]
    workload: Vec<String>,

    /// Who disturbs; `none` for nobody.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values_t = Cast::NEMESES.map(str::to_owned), value_parser = names(NEMESES.iter().map(|nemesis| nemesis.name).chain([NOBODY])))]
    nemesis: Vec<String>,

    /// Draw anew from these turns of the nemeses on: a list of TURN:CHANGE:SEED with up to four changes, such as
    /// 4:targets:17. Guided campaigns change schedules so. Changes: order, targets, times, and strike-at-once, -election,
    /// -catch-up, heal-at-once, -election, -catch-up for the moment of that turn's fault.
    #[arg(
        long,
        value_name = "CHANGES",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "story"
    )]
    redraw: Redraws,

    /// Tell this scenario file to the members instead, again and again: a counterexample of the model, a shrunk seed. It says
    /// how many members there are, and which planted bug it is about.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nemesis", "members"])]
    story: Option<PathBuf>,

    /// Requests per second of all clients together; 0 for as many as they can.
    #[arg(long, value_name = "PER_SECOND", default_value_t = Scenario::RATE)]
    rate: u32,

    /// Client processes per workload.
    #[arg(long, value_name = "COUNT", default_value_t = Scenario::PROCESSES, value_parser = value_parser!(u32).range(1..=1_000))]
    concurrency: u32,

    /// Let nemeses take the majority away, too.
    #[arg(long)]
    exceed_quorum: bool,

    /// Give the members a known mistake, which the checks must find.
    #[arg(long, value_name = "ID", value_parser = planted_bug::parse)]
    planted_bug: Option<String>,

    /// Where runs are kept.
    #[arg(long, value_name = "DIRECTORY", default_value = "results")]
    results: PathBuf,

    /// Keep the members' data directories.
    #[arg(long)]
    keep: bool,

    /// Use this server binary instead of building one.
    #[arg(long, value_name = "PATH")]
    node_binary: Option<PathBuf>,

    /// Another build of the server: members that are restarted by an upgrade run it in place of the first, and the
    /// other way round.
    #[arg(long, value_name = "PATH")]
    other_node_binary: Option<PathBuf>,

    /// How the members are connected: through a proxy of connections, or through a switch of packets, each in a network
    /// namespace of its own. `auto` takes the switch for nemeses that need it.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = PossibleValuesParser::new(namespaces::NETWORKS))]
    network: String,

    /// Whose disks the members write to: the machine's, or file systems of their own, whose power loss spares nothing
    /// that was not synced, whoever wrote it: `images` on loop devices (as root), `fuse` in the checker's memory (needs
    /// `/dev/fuse`), `fuse-strict` the same where only a sync of their directory keeps names. `auto` takes the machine's.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = PossibleValuesParser::new(namespaces::DISKS))]
    disk: String,

    /// Insist on what this machine must allow (see `checker doctor`); from T1 on, `auto` takes the packet switch, with T2
    /// also the members' own disks.
    #[arg(long, value_name = "TIER", value_parser = PossibleValuesParser::new(["T0", "T1", "T2"]))]
    require_tier: Option<String>,

    /// What kind of server the binary is; of a mongod only flags and commands are used that it has.
    #[arg(long, default_value = "node", requires_if("mongod", "node_binary"), value_parser = PossibleValuesParser::new(System::NAMES.map(|(name, _)| name)))]
    system: String,

    /// What was settled before the run.
    #[arg(skip)]
    settled_network: NetworkBackend,
    #[arg(skip)]
    settled_disks: Disks,
}

impl Arguments {
    /// What a command line without any option asks for.
    pub(super) fn defaults() -> Self {
        #[derive(Debug, Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        Line::parse_from(["run"]).arguments
    }

    /// The same with a story, told for so long.
    pub(super) fn telling(story: PathBuf, seed: Option<u64>, time_limit: Option<u64>) -> Self {
        let defaults = Self::defaults();
        Self {
            story: Some(story),
            seed,
            time_limit: time_limit.unwrap_or(defaults.time_limit),
            ..defaults
        }
    }

    /// Where this run must happen; an answer here means that it happened inside.
    fn settle_namespaces(&mut self, console: &Console) -> anyhow::Result<Option<Exit>> {
        let needs_packets = |name: &String| {
            let nemesis = NEMESES.iter().find(|nemesis| nemesis.name == name);
            nemesis.is_some_and(|nemesis| nemesis.needs == Needs::Packets)
        };
        let wanted = namespaces::Wanted {
            network: &self.network,
            disk: &self.disk,
            tier: self.require_tier.as_deref(),
            needed_by: self
                .nemesis
                .iter()
                .find(|name| needs_packets(name))
                .map(String::as_str),
        };
        match namespaces::settle(&wanted)? {
            Place::Here(network, disks) => {
                (self.settled_network, self.settled_disks) = (network, disks);
                Ok(None)
            }
            Place::Inside(gate) => {
                if self.node_binary.is_none() {
                    // Inside there is no network from which cargo could fetch anything.
                    let flavour = match self.planted_bug {
                        Some(_) => Flavour::PlantedBugs,
                        None => Flavour::Correct,
                    };
                    console.suspended(|| build::programs(flavour))?;
                }
                namespaces::again(gate).map(Some)
            }
        }
    }

    fn live(
        self,
        model: Option<ModelRecord>,
        console: &Console,
        interrupt: Interrupt,
    ) -> anyhow::Result<Live> {
        let retold = match &self.story {
            Some(path) => Some(retold(path, console)?),
            None => None,
        };
        let nemesis = |name: &String| NEMESES.iter().find(|nemesis| nemesis.name == name);
        let named = self
            .nemesis
            .iter()
            .filter_map(|name| Some((name, nemesis(name)?.needs)));
        for (name, needs) in named {
            match needs {
                Needs::Arbiter if self.arbiters == 0 => {
                    anyhow::bail!("the nemesis {name} needs an arbiter: --members 2 --arbiters 1");
                }
                Needs::EvenMembers if !(self.members + self.arbiters).is_multiple_of(2) => {
                    anyhow::bail!("the nemesis {name} needs an even number of members: --members 4");
                }
                _ => {}
            }
        }
        let places = Places {
            results: self.results,
            node_binary: self.node_binary,
            other_node_binary: self.other_node_binary,
            story: self.story,
            keep_data: self.keep,
            system: System::NAMES
                .iter()
                .find(|(name, _)| *name == self.system)
                .map_or(System::Node, |(_, system)| *system),
        };
        let seed = self.seed.unwrap_or_else(seed::fresh);
        let named = self.workload.iter().filter_map(|name| catalogue::find(name));
        let cast = Cast {
            workloads: if self.workload.is_empty() {
                Cast::drawn(seed)
            } else {
                named.collect()
            },
            nemeses: match &retold {
                Some(retold) => vec![retold.nemesis],
                None => self.nemesis.iter().filter_map(nemesis).collect(),
            },
            planted_bug: self.planted_bug.or_else(|| retold.as_ref()?.bug.clone()),
        };
        let scenario = Scenario {
            seed,
            members: retold.map_or(self.members, |retold| retold.members),
            arbiters: self.arbiters,
            time_limit: Duration::from_secs(self.time_limit),
            processes: self.concurrency,
            rate: (self.rate > 0).then_some(self.rate),
            network: self.settled_network,
            disks: self.settled_disks,
            redraws: self.redraw,
            budget: if self.exceed_quorum {
                QuorumBudget::Any
            } else {
                QuorumBudget::KeepMajority
            },
        };
        Ok(Live {
            scenario,
            cast,
            places,
            model,
            console: console.clone(),
            interrupt,
        })
    }
}

/// The story as a schedule; what of it real processes cannot be made to do is said.
fn retold(path: &Path, console: &Console) -> anyhow::Result<Retold> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let retold =
        retell(&text).with_context(|| format!("{} is no story for real processes", path.display()))?;
    if let Some(bug) = &retold.bug
        && planted_bug::parse(bug).is_err()
    {
        anyhow::bail!("{}: there is no planted bug {bug}", path.display());
    }
    if !retold.left_out.is_empty() {
        let words: Vec<&str> = retold.left_out.iter().map(String::as_str).collect();
        console.say(format!(
            "left out, real processes cannot be made to: {}",
            words.join(", ")
        ));
    }
    Ok(retold)
}

/// Plays the run; its verdict is the exit code.
pub(super) fn execute(mut arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    if let Some(ended) = arguments.settle_namespaces(&context.console)? {
        return Ok(ended);
    }
    // A mistake of the core shows in the model first; a run with one must end with its name, whoever finds it.
    let planted = arguments.planted_bug.as_deref().and_then(planted_bug::rules);
    let model = planted.map(|rules| smoke::explore(&context.console, rules).0);
    execute_after(model, arguments, context)
}

/// The same after the models were explored: the report tells what they found.
pub(super) fn execute_after(
    model: Option<ModelRecord>,
    arguments: Arguments,
    context: &Context,
) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let played = runtime.block_on(play(model, arguments, &context.console));
    // The members die with the runtime's tasks, or at the latest with this process.
    runtime.shutdown_timeout(LAST_MOMENTS);
    let (outcome, wish) = played?;
    match outcome {
        Some(outcome) => {
            tell::outcome(&outcome, &context.console);
            Ok(outcome.verdict.overall.into())
        }
        None if wish == Wish::Terminate => Ok(Exit::Terminated),
        None => Ok(Exit::Interrupted),
    }
}

async fn play(
    model: Option<ModelRecord>,
    arguments: Arguments,
    console: &Console,
) -> anyhow::Result<(Option<Outcome>, Wish)> {
    let (interrupter, interrupt) = Interrupter::pair();
    tokio::spawn(interrupter.listen()?);
    let live = arguments.live(model, console, interrupt.clone())?;
    console.say(format!("seed {}", live.scenario.seed));
    console.say(format!(
        "repeat: {}",
        live.scenario.command(&live.cast, &live.places)
    ));
    let outcome = tokio::select! {
        played = live.play() => match played {
            Ok(outcome) => Some(outcome),
            Err(RunError::Stopped) => None,
            Err(error) => return Err(error.into()),
        },
        () = interrupt.until(Wish::Stop) => None,
    };
    Ok((outcome, interrupt.wish()))
}

fn names(names: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(names.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::bugs::BUGS;

    #[test]
    fn defaults_are_the_scenarios() {
        let (_interrupter, interrupt) = Interrupter::pair();
        let mut arguments = Arguments::defaults();
        arguments.seed = Some(7);
        let live = arguments.live(None, &Console::silent(), interrupt).unwrap();
        assert_eq!(
            live.scenario.command(&live.cast, &live.places),
            "cargo run -p checker -- run --seed 7"
        );
    }

    #[test]
    fn a_set_that_a_nemesis_has_no_use_for_is_refused() {
        let refusal = |nemesis: &str, members, arbiters| {
            let (_interrupter, interrupt) = Interrupter::pair();
            let arguments = Arguments {
                nemesis: vec![nemesis.to_owned()],
                members,
                arbiters,
                ..Arguments::defaults()
            };
            let live = arguments.live(None, &Console::silent(), interrupt);
            live.err().map(|error| error.to_string())
        };
        let told = |nemesis, needs| Some(format!("the nemesis {nemesis} needs {needs}"));
        let even = told("even-split", "an even number of members: --members 4");
        assert_eq!(refusal("even-split", 3, 0), even);
        assert_eq!(refusal("even-split", 4, 1), even);
        assert_eq!(refusal("even-split", 4, 0), None);
        assert_eq!(refusal("even-split", 3, 1), None);
        let arbiter = told("arbiter-acknowledges", "an arbiter: --members 2 --arbiters 1");
        assert_eq!(refusal("arbiter-acknowledges", 3, 0), arbiter);
        assert_eq!(refusal("arbiter-acknowledges", 2, 1), None);
    }

    #[test]
    fn the_printed_command_is_understood() {
        let (_interrupter, interrupt) = Interrupter::pair();
        #[derive(Debug, Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let line = "run --seed 7 --time-limit 20 --members 5 --concurrency 2 --rate 0 --exceed-quorum --workload set \
                    --nemesis none --redraw 2:targets:9,2:strike-at-election:7 --planted-bug";
        let words = line.split(' ').chain([BUGS[0].id]);
        let live = Line::parse_from(words)
            .arguments
            .live(None, &Console::silent(), interrupt)
            .unwrap();
        let command = live.scenario.command(&live.cast, &live.places);
        assert_eq!(command, format!("cargo run -p checker -- {line} {}", BUGS[0].id));
    }
}
