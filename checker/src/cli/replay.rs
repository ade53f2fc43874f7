//! `checker replay`: a story on the core, or the traces of a run step by step.

use std::path::PathBuf;

use anyhow::Context as _;
use protocol::member::Rules;
use serde_json::json;

use super::context::Context;
use crate::{record::exit::Exit, replay, simulation::scenario};

/// Play a scenario file on the core, or feed nodes' traces to it and demand the same outputs.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// One scenario (`.txt`), or the traces (`.jsonl`) of all members of one run.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let mut texts = Vec::new();
    for file in &arguments.files {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        texts.push((file.display().to_string(), text));
    }
    let is_story = arguments
        .files
        .iter()
        .any(|file| file.extension().is_some_and(|extension| extension == "txt"));
    if is_story {
        let mut broken = false;
        for (_, text) in &texts {
            let told = scenario::tell(text);
            broken |= told.lines().any(|line| line.starts_with(scenario::BROKEN));
            context
                .console
                .result(|| told.clone(), || json!({ "told": told }));
        }
        return Ok(if broken { Exit::Violation } else { Exit::Pass });
    }
    let replayed = replay::replay(&Rules::default(), &texts);
    let lines = || {
        let mut lines = format!("{} steps in {} lives\n", replayed.steps, replayed.lives);
        for finding in &replayed.findings {
            lines += &format!(
                "{}:{}: {}: {}\n",
                finding.trace, finding.line, finding.oracle, finding.words
            );
        }
        lines
    };
    context.console.result(lines, || {
        json!({ "steps": replayed.steps, "lives": replayed.lives, "findings": replayed.findings.len(), "fired": replayed.fired })
    });
    Ok(if replayed.findings.is_empty() {
        Exit::Pass
    } else {
        Exit::Violation
    })
}
