//! `checker probe`: directed dialogues with real members.

use anyhow::Context as _;
use serde_json::json;

use super::{context::Context, planted_bug};
use crate::{
    checks::{Validity, Verdict},
    cluster::build::{self, Flavour},
    probes::{PROBES, ground::Ground, probe::Probe},
    record::exit::Exit,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker probe                                    all of them, some minutes
  checker probe index-rolls-back --planted-bug S11   must end with exit code 1";

/// Ask real members for single guarantees, each in a dialogue with a set of its own.
///
/// Random runs touch some guarantees too seldom, and some breaches show in no client's history: a status that lies, a lost
/// index, elections without chance.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Which ones (default: all).
    #[arg(value_name = "NAMES", value_parser = find)]
    names: Vec<&'static str>,

    /// Give the members this bug of the exam.
    #[arg(long, value_name = "ID", value_parser = planted_bug::parse)]
    planted_bug: Option<String>,

    /// How often each is asked.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    times: u64,
}

/// Asks; a broken guarantee is the exit code of a violation.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let flavour = match arguments.planted_bug {
        Some(_) => Flavour::PlantedBugs,
        None => Flavour::Correct,
    };
    context.console.say("building the node and the preload library");
    let programs = context.console.suspended(|| build::programs(flavour))?;
    let ground = Ground {
        node: programs.node.canonicalize().context("the node")?,
        shim: programs.shim,
        bug: arguments.planted_bug,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wanted = |probe: &&&Probe| arguments.names.is_empty() || arguments.names.contains(&probe.name);
    let mut verdicts = Vec::new();
    for probe in PROBES.iter().filter(wanted) {
        for _ in 0..arguments.times {
            let began = std::time::Instant::now();
            let mut verdict = runtime.block_on(probe.ask(&ground));
            verdict.spent_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            context.console.say(line(&verdict));
            verdicts.push(verdict);
        }
    }
    let worst = verdicts.iter().map(|verdict| verdict.validity).max();
    context.console.result(
        || {
            let of = |wanted| {
                verdicts
                    .iter()
                    .filter(|verdict| verdict.validity == wanted)
                    .count()
            };
            format!(
                "{} kept, {} broken, {} could not be asked",
                of(Validity::Valid),
                of(Validity::Invalid),
                of(Validity::Unknown)
            )
        },
        || json!({ "probes": verdicts }),
    );
    Ok(match worst {
        Some(Validity::Invalid) => Exit::Violation,
        Some(Validity::Unknown) => Exit::Unknown,
        Some(Validity::Valid) | None => Exit::Pass,
    })
}

fn line(verdict: &Verdict) -> String {
    let word = match verdict.validity {
        Validity::Valid => "kept",
        Validity::Invalid => "BROKEN",
        Validity::Unknown => "unknown",
    };
    let seconds = verdict.spent_ms as f64 / 1_000.0;
    format!(
        "{:<36} {word:<8} {seconds:>5.1} s  {}",
        verdict.check, verdict.summary
    )
}

fn find(name: &str) -> Result<&'static str, String> {
    let known = || {
        PROBES
            .iter()
            .map(|probe| probe.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    Probe::find(name)
        .map(|probe| probe.name)
        .ok_or_else(|| format!("known are {}", known()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_asked_by_its_name() {
        assert_eq!(find("index-rolls-back"), Ok("index-rolls-back"));
        assert!(find("nobody").is_err_and(|words| words.contains("index-rolls-back")));
    }
}
