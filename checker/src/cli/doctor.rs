//! `checker doctor`: what this machine allows.

use serde_json::json;

use super::context::Context;
use crate::{
    cluster::doctor::{Probe, examine, tell, tier},
    record::exit::Exit,
};

/// Try which faults this machine allows, and say what would enable the others.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

/// Tries; without the lowest tier live runs are poor, and the exit code says so.
pub(super) fn execute(_: Arguments, context: &Context) -> anyhow::Result<Exit> {
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
