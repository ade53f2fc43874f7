//! `checker model`: every order of events within small bounds, on the core that the node runs.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::context::Context;
use crate::model::bare::BreadthFirst;
use crate::model::browser;
use crate::model::check::{Answer, Finding, check};
use crate::model::family::{MODELS, NamedModel, find};
use crate::record::exit::Exit;
use protocol::member::Rules;

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker model --list                             what each model asks, and how large it is
  checker model --all
  checker model figure-8 --planted-bug C01         a counterexample as a sequence chart
  checker model elections --explore                in a browser, state by state";

/// Explore every order of events within small bounds.
///
/// Without names: the short check that comes before every run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Which models.
    #[arg(value_name = "MODEL", value_parser = PossibleValuesParser::new(MODELS.iter().map(|model| model.name)))]
    models: Vec<String>,

    /// All of them.
    #[arg(long, conflicts_with = "models")]
    all: bool,

    /// Only say what each model asks, and how large it is.
    #[arg(long)]
    list: bool,

    /// Run the core with this mistake in it (an id such as E03, or a name).
    #[arg(long, value_name = "BUG")]
    planted_bug: Option<String>,

    /// Threads that expand states (default: one per core).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Stop with "unknown" when this process holds more memory than this.
    #[arg(long, value_name = "MIB", default_value_t = 8192)]
    memory: usize,

    /// Open the model in Stateright's explorer at this address instead (one model only).
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:3000")]
    explore: Option<SocketAddr>,
}

/// Explores; the worst answer is the exit code.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let chosen: Vec<&NamedModel> = if arguments.all || (arguments.list && arguments.models.is_empty()) {
        MODELS.iter().collect()
    } else if arguments.models.is_empty() {
        MODELS.iter().filter(|model| model.smoke).collect()
    } else {
        arguments.models.iter().filter_map(|name| find(name)).collect()
    };
    if arguments.list {
        for model in chosen {
            context.console.result(
                || {
                    format!(
                        "{:<16} {:>9} states  {}",
                        model.name, model.unique_states, model.question
                    )
                },
                || json!({ "model": model.name, "states": model.unique_states, "question": model.question }),
            );
        }
        return Ok(Exit::Pass);
    }
    let rules = match &arguments.planted_bug {
        None => Rules::default(),
        Some(name) => plant(name)?,
    };
    if let Some(address) = arguments.explore {
        let [model] = chosen[..] else {
            anyhow::bail!("--explore takes exactly one model")
        };
        context.console.warn(format!(
            "exploring {} at http://{address}; stop with Ctrl-C",
            model.name
        ));
        browser::serve(model, rules, address).with_context(|| format!("can't listen at {address}"))?;
        return Ok(Exit::Pass);
    }
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let memory_bytes_max = arguments.memory << 20;
    let search = BreadthFirst {
        threads,
        memory_bytes_max,
        progress: None,
    };
    let mut exit = Exit::Pass;
    for model in chosen {
        let console = &context.console;
        let told = |reached: &crate::model::bare::Reached| {
            console.progress(|| format!("{:<16} {reached}", model.name));
        };
        let finding = check(
            model,
            rules,
            &BreadthFirst {
                progress: Some(&told),
                ..search
            },
        );
        context.console.progress_done();
        tell(&finding, context);
        exit = worse(exit, &finding.answer);
    }
    Ok(exit)
}

#[cfg(feature = "planted-bugs")]
fn plant(name: &str) -> anyhow::Result<Rules> {
    let bug = protocol::bugs::find(name);
    bug.map(|bug| bug.plant())
        .ok_or_else(|| anyhow::anyhow!("no planted bug of the core is called {name}"))
}

#[cfg(not(feature = "planted-bugs"))]
fn plant(_: &str) -> anyhow::Result<Rules> {
    anyhow::bail!("this checker was built without the feature `planted-bugs`")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A violation is the worst; then what proves too little.
fn worse(exit: Exit, answer: &Answer) -> Exit {
    match (exit, answer) {
        (_, Answer::Violated { .. }) | (Exit::Violation, _) => Exit::Violation,
        (_, Answer::Vacuous { .. }) | (Exit::Invalid, _) => Exit::Invalid,
        (_, Answer::Unknown) => Exit::Unknown,
        (exit, Answer::Holds) => exit,
    }
}

fn tell(finding: &Finding, context: &Context) {
    let text = || match &finding.answer {
        Answer::Violated { chart, .. } => format!("{finding}\n\n{chart}"),
        _ => finding.to_string(),
    };
    let reached = &finding.reached;
    let value = || {
        let (answer, detail) = match &finding.answer {
            Answer::Holds => ("holds", json!(null)),
            Answer::Violated {
                invariant,
                length,
                chart,
            } => (
                "violated",
                json!({ "invariant": invariant, "length": length, "chart": chart }),
            ),
            Answer::Vacuous { never } => ("vacuous", json!({ "never": never })),
            Answer::Unknown => ("unknown", json!(null)),
        };
        json!({
            "model": finding.model,
            "answer": answer,
            "detail": detail,
            "states": reached.unique_states,
            "states_pinned": finding.pinned_states,
            "depth": reached.depth,
            "seconds": reached.elapsed.as_secs_f64(),
        })
    };
    context.console.result(text, value);
}
