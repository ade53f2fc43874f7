//! Whether a run needs namespaces, and the checker inside them.

use std::{os::unix::process::ExitStatusExt as _, process::Stdio};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cluster::{
        doctor::{self, Answer, Probe},
        fuse_disk::{self, NamesLaw},
        leftovers,
        network::NetworkBackend,
        switch::inside::{self, Gate, INSIDE_VARIABLE},
    },
    record::exit::Exit,
    run::scenario::Disks,
};

/// What can be asked for.
pub(super) const NETWORKS: [&str; 3] = ["auto", "proxy", "packets"];

/// The same of disks.
pub(super) const DISKS: [&str; 5] = ["auto", "machine", "images", "fuse", "fuse-strict"];

/// What the command line asks for.
pub(super) struct Wanted<'a> {
    pub(super) network: &'a str,
    pub(super) disk: &'a str,
    pub(super) tier: Option<&'a str>,
    /// A nemesis that is nothing without packets.
    pub(super) needed_by: Option<&'a str>,
}

/// Where the run happens.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this process.
    Here(NetworkBackend, Disks),
    /// In another one, inside.
    Inside(Gate),
}

/// Looks at what the machine allows, where something is asked of it.
pub(super) fn settle(wanted: &Wanted<'_>) -> anyhow::Result<Place> {
    let disks = disks(wanted);
    let own_disks = disks != Disks::Machine;
    if inside::starter().is_some() {
        inside::die_with_starter()?;
        return Ok(Place::Here(NetworkBackend::Packets, disks));
    }
    if let Some(tier) = wanted.tier {
        insist(tier)?;
    }
    if wanted.network == "proxy" {
        return match wanted.needed_by {
            Some(nemesis) => {
                bail!("the nemesis {nemesis} strikes packets, and a proxy carries none: leave --network away")
            }
            None if own_disks => bail!(
                "disks of the members' own need a mount namespace, and a proxy is for runs without any: leave --network away"
            ),
            None => Ok(Place::Here(NetworkBackend::Proxy, disks)),
        };
    }
    let needed = wanted.needed_by.is_some() || wanted.tier.is_some_and(|tier| tier >= "T1") || own_disks;
    if wanted.network != "packets" && !needed {
        return Ok(Place::Here(NetworkBackend::Proxy, disks));
    }
    let gate = Gate::find().map_err(|why| anyhow::anyhow!(why)).context(
        "no packet network on this machine (`checker doctor` says what would enable it; `--network proxy` does without)",
    )?;
    match disks {
        Disks::Images if gate != Gate::Root => {
            bail!("disk images need root: `--disk machine` does without (see `checker doctor`)")
        }
        Disks::Fuse(_) => fuse_disk::probe(gate)
            .map_err(|why| anyhow::anyhow!(why))
            .context("no FUSE disks: `--disk machine` does without (see `checker doctor`)")?,
        Disks::Machine | Disks::Images => {}
    }
    Ok(Place::Inside(gate))
}

fn disks(wanted: &Wanted<'_>) -> Disks {
    match (wanted.disk, wanted.tier) {
        ("images", _) | ("auto", Some("T2")) => Disks::Images,
        ("fuse", _) => Disks::Fuse(NamesLaw::Ordered),
        ("fuse-strict", _) => Disks::Fuse(NamesLaw::Strict),
        _ => Disks::Machine,
    }
}

/// Every probe up to the tier works, or an error that names those that do not.
fn insist(tier: &str) -> anyhow::Result<()> {
    let probes = doctor::examine();
    let missing = probes
        .iter()
        .filter(|probe| probe.tier.to_string().as_str() <= tier && !probe.works());
    let lines: Vec<String> = missing.filter_map(line).collect();
    if lines.is_empty() {
        return Ok(());
    }
    bail!(
        "this machine is not whole up to tier {tier}:\n{}",
        lines.join("\n")
    );
}

fn line(probe: &Probe) -> Option<String> {
    match &probe.answer {
        Answer::Works => None,
        Answer::Not { why, remedy } => Some(format!(
            "  {} {}: {why}; to enable: {remedy}",
            probe.tier, probe.name
        )),
    }
}

/// Runs this very command line inside, passes signals on, and tells how it ended.
pub(super) fn again(gate: Gate) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let program = std::env::current_exe()?;
        let mut command = tokio::process::Command::from(gate.command(&program, std::env::args_os().skip(1)));
        // A group of its own: a terminal's Ctrl-C reaches it once, from here. It ends when its standard input does.
        command
            .env(INSIDE_VARIABLE, leftovers::own_words())
            .stdin(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().context("`unshare` cannot be run")?;
        let group = child.id().map(|id| Pid::from_raw(id as i32));
        let pass_on = |signal: Signal| {
            if let Some(group) = group {
                // It may have ended by itself meanwhile.
                let _ = killpg(group, signal);
            }
        };
        // `wait` would close the standard input.
        let _lifeline = child.stdin.take();
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                _ = interrupt.recv() => pass_on(Signal::SIGINT),
                _ = terminate.recv() => pass_on(Signal::SIGTERM),
            }
        };
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        Ok(code.and_then(Exit::from_code).unwrap_or(Exit::Internal))
    })
}
