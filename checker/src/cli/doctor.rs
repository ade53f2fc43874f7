//! `checker doctor`: what this machine allows.

use serde_json::json;

use super::context::Context;
use crate::{
    cluster::{
        doctor::{Probe, examine, tell, tier},
        leftovers::{self, Leftover},
    },
    record::exit::Exit,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker doctor                                   what works here, why not, and what would enable it
  checker doctor --clean";

/// Try which faults this machine allows, and say what would enable the others.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Remove what checkers that were killed have left in the directory for temporary files, and do nothing else.
    #[arg(long)]
    clean: bool,
}

/// Tries; without the lowest tier live runs are poor, and the exit code says so.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    if arguments.clean {
        return clean(context);
    }
    let probes = examine();
    let probe = |probe: &Probe| {
        json!({
            "name": probe.name,
            "tier": probe.tier.to_string(),
            "works": probe.works(),
            "enables": probe.enables,
        })
    };
    context.console.result(
        || tell(&probes).trim_end().to_owned(),
        || json!(probes.iter().map(probe).collect::<Vec<_>>()),
    );
    Ok(if tier(&probes).is_some() {
        Exit::Pass
    } else {
        Exit::Unknown
    })
}

fn clean(context: &Context) -> anyhow::Result<Exit> {
    let found = leftovers::find(&std::env::temp_dir())?;
    for leftover in &found {
        leftovers::remove(leftover)?;
    }
    let line = |leftover: &Leftover| {
        let directory = leftover.directory.display();
        format!("removed {directory} and {} processes", leftover.processes.len())
    };
    let lines = || match &found[..] {
        [] => "nothing was left behind".to_owned(),
        found => found.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    context.console.result(lines, || {
        json!(
            found
                .iter()
                .map(|leftover| json!({ "directory": leftover.directory, "processes": leftover.processes }))
                .collect::<Vec<_>>()
        )
    });
    Ok(Exit::Pass)
}
