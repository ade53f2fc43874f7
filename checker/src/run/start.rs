//! From sources to a replica set with a primary.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Instant,
};

use tempfile::TempDir;

use super::{
    admin::Admin,
    error::RunError,
    scenario::{Cast, Disks, Places, Scenario, System},
    tempo,
};
use crate::{
    cluster::{
        build::{self, Flavour},
        leftovers,
        rig::{PowerBackend, Rig, RigPlan, Seat},
    },
    console::Console,
    nemesis::nemesis::{Needs, Nemesis},
};

/// Name of the replica set of every run.
pub const SET: &str = "checker";

/// A member's trace ends at this size, and the run says so: about an hour of the default load.
const TRACE_LIMIT_MB: u64 = 2_048;

/// The programs of a run.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The server.
    pub node: PathBuf,
    /// Another build of it, for members that are restarted from the other one.
    pub other_node: Option<PathBuf>,
    /// The preload library that bends clocks.
    pub shim: PathBuf,
}

/// Builds what the run needs. Takes minutes on a fresh machine; blocks.
///
/// # Errors
/// When cargo fails.
pub fn build(cast: &Cast, places: &Places, console: &Console) -> Result<Binaries, RunError> {
    let flavour = match cast.planted_bug {
        Some(_) => Flavour::PlantedBugs,
        None => Flavour::Correct,
    };
    let other_node = places.other_node_binary.as_deref().map(whole_path).transpose()?;
    if let Some(node) = &places.node_binary {
        let shim = console.suspended(build::shim_library)?;
        return Ok(Binaries {
            node: whole_path(node)?,
            other_node,
            shim,
        });
    }
    console.say("building the node and the preload library");
    let programs = console.suspended(|| build::programs(flavour))?;
    Ok(Binaries {
        node: programs.node,
        other_node,
        shim: programs.shim,
    })
}

fn whole_path(path: &Path) -> Result<PathBuf, RunError> {
    path.canonicalize().map_err(|source| RunError::Directory {
        path: path.to_owned(),
        source,
    })
}

/// Starts the network and the processes, each under the shim.
///
/// # Errors
/// When a process or a socket cannot be had.
pub fn start(
    scenario: &Scenario,
    cast: &Cast,
    system: System,
    binaries: &Binaries,
    directory: &Path,
) -> Result<Rig, RunError> {
    let arguments = |seat: &Seat| arguments(seat, system, cast);
    let rig = Rig::start(&RigPlan {
        members: scenario.voters(),
        spares: cast.spares(),
        program: &binaries.node,
        other_program: binaries.other_node.as_deref(),
        shim: Some(&binaries.shim),
        directory,
        arguments: &arguments,
        environment: Vec::new(),
        power: power(scenario, cast),
        network: scenario.network,
        seed: scenario.seed,
    })?;
    Ok(rig)
}

/// The undo journal costs every write some microseconds: only for nemeses that need it.
pub(super) fn power(scenario: &Scenario, cast: &Cast) -> PowerBackend {
    match scenario.disks {
        Disks::Images => return PowerBackend::Image,
        Disks::Fuse(law) => return PowerBackend::Fuse(law),
        Disks::Machine => {}
    }
    let needed = cast
        .nemeses
        .iter()
        .any(|nemesis| nemesis.needs == Needs::UndoJournal);
    if needed {
        PowerBackend::UndoJournal
    } else {
        PowerBackend::None
    }
}

/// Makes a set of the processes, and waits for its first primary.
///
/// # Errors
/// When the set has no primary in time; the message says what each member answered last.
pub async fn initiate(rig: &mut Rig, admin: &Admin) -> Result<(), RunError> {
    let advertised: Vec<String> = rig
        .members()
        .iter()
        .map(|seat| seat.advertised.to_string())
        .collect();
    let began = Instant::now();
    let mut last = String::from("nobody was asked");
    let mut initiated = false;
    while began.elapsed() < tempo::FIRST_PRIMARY {
        if let Some((member, status)) = rig.unexpected_exits().first() {
            let log = rig.seats()[usize::from(*member)].log.display().to_string();
            let words = format!("n{member} ended by itself ({status}); its log is {log}");
            return Err(RunError::NotUp(words));
        }
        if !initiated {
            match admin.initiate(&advertised).await {
                Ok(()) => initiated = true,
                Err(error) => last = format!("replSetInitiate: {error}"),
            }
        }
        if initiated {
            let looks = admin.look_all().await;
            let primary = |state: &Option<String>| state.as_deref() == Some("PRIMARY");
            if looks.iter().filter(|look| primary(&look.state)).count() == 1 {
                return Ok(());
            }
            let states = looks
                .iter()
                .map(|look| look.state.as_deref().unwrap_or("no answer"));
            last = format!("states: {}", states.collect::<Vec<_>>().join(", "));
        }
        tokio::time::sleep(tempo::STATUS_PERIOD).await;
    }
    let waited = tempo::FIRST_PRIMARY.as_secs();
    Err(RunError::NotUp(format!("no primary after {waited} s; {last}")))
}

/// A directory of the run's own for data and logs; it goes when it is dropped.
///
/// # Errors
/// When the disk refuses.
pub fn directory() -> Result<TempDir, RunError> {
    let made = tempfile::Builder::new().prefix("checker-run-").tempdir();
    let marked = made.and_then(|made| leftovers::mark(made.path()).map(|()| made));
    marked.map_err(|source| RunError::Directory {
        path: std::env::temp_dir(),
        source,
    })
}

fn arguments(seat: &Seat, system: System, cast: &Cast) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "--port".into(),
        seat.listen.port().to_string().into(),
        "--dbpath".into(),
        seat.data.clone().into(),
        "--replSet".into(),
        SET.into(),
        "--bind_ip".into(),
        seat.bind().into(),
    ];
    if system == System::Node {
        arguments.extend([
            "--trace".into(),
            seat.trace().into(),
            "--traceLimitMB".into(),
            TRACE_LIMIT_MB.to_string().into(),
        ]);
        let tiny = |nemesis: &&Nemesis| nemesis.needs == Needs::TinyOplog;
        if cast.nemeses.iter().any(tiny) {
            arguments.extend(["--oplogSize".into(), "1".into()]);
        }
    }
    if let Some(bug) = &cast.planted_bug {
        arguments.extend(["--planted-bug".into(), bug.into()]);
    }
    arguments
}
