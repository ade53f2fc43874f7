//! `checker bench model`: the exploration of states beside its peers.

use std::path::PathBuf;

use anyhow::ensure;
use serde_json::json;

use super::Ratio;
use crate::{
    cli::context::Context,
    model::{
        bench::{self, Measurement, tlc},
        family::{MODELS, NamedModel, find},
        raft_reconfig,
        static_raft::Bounds,
    },
};

/// Two tables. The first: a published specification, the same bounds for all, with the same number of states.
/// The second: the core that the node runs, which nobody else can explore.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which specification.
    #[arg(long, value_enum, default_value_t = Port::RaftReconfig)]
    port: Port,

    /// Servers of the specification's configuration.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=5))]
    servers: u8,

    /// Its highest term.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=6))]
    terms: u8,

    /// Its longest log.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    log_length: u8,

    /// Its highest configuration version (raft-reconfig).
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=6))]
    versions: u8,

    /// Threads of the second measurement of each search (default: one per core).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// The core's model to explore.
    #[arg(long, default_value = "linearizable",
          value_parser = clap::builder::PossibleValuesParser::new(MODELS.iter().map(|model| model.name)))]
    model: String,

    /// `tla2tools.jar`, to measure TLC in the same run.
    #[arg(long, value_name = "JAR", requires_all = ["tla", "cfg"])]
    tlc: Option<PathBuf>,

    /// `MCMongoRaftReconfig.tla` or `MCMongoStaticRaft.tla`, beside the modules that it extends.
    #[arg(long, value_name = "FILE")]
    tla: Option<PathBuf>,

    /// Its configuration, with the same bounds as above and symmetry.
    #[arg(long, value_name = "FILE")]
    cfg: Option<PathBuf>,
}

/// The published specifications that were ported, action by action.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Port {
    /// `MongoStaticRaft.tla`.
    StaticRaft,
    /// `MongoRaftReconfig.tla`.
    RaftReconfig,
}

/// Measures and prints both tables. Fails when two searches count different states.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let threads = arguments.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let console = &context.console;
    console.progress(|| "the specification, by each search".to_owned());
    let (servers, terms, log_length) = (arguments.servers, arguments.terms, arguments.log_length);
    let mut rows = match arguments.port {
        Port::StaticRaft => {
            bench::static_raft(Bounds::new(servers.into(), terms, log_length.into()), threads)
        }
        Port::RaftReconfig => {
            let bounds =
                raft_reconfig::Bounds::new(servers.into(), terms, log_length.into(), arguments.versions);
            bench::raft_reconfig(bounds, threads)
        }
    };
    if let (Some(jar), Some(tla), Some(cfg)) = (&arguments.tlc, &arguments.tla, &arguments.cfg) {
        console.progress(|| format!("TLC with {threads} workers"));
        let measured = tlc(jar, tla, cfg, threads);
        rows.push(measured.ok_or_else(|| anyhow::anyhow!("TLC gave no count: does it run by hand?"))?);
    }
    console.progress_done();
    let title = format!(
        "{:?}, {servers} servers, terms to {terms}, logs to {log_length}, symmetry",
        arguments.port
    );
    show(&title, &rows, context)?;
    let mut ratios = beside(&title, &rows);
    let model = find(&arguments.model).unwrap_or(&MODELS[0]);
    console.progress(|| format!("the core: {}", model.name));
    let rows = bench::replica_set(model.bounds, threads);
    console.progress_done();
    expects(model, &rows)?;
    let title = format!("the core that ships, model {}", model.name);
    show(&title, &rows, context)?;
    ratios.extend(beside(&title, &rows));
    Ok(ratios)
}

fn expects(model: &NamedModel, rows: &[Measurement]) -> anyhow::Result<()> {
    let counted = rows[0].unique_states;
    ensure!(
        counted == model.unique_states,
        "{} has {} states, not {counted}",
        model.name,
        model.unique_states
    );
    Ok(())
}

/// The first search is ours.
fn beside(title: &str, rows: &[Measurement]) -> Vec<Ratio> {
    let ours = rows[0].states_per_second();
    let ratio = |row: &Measurement| Ratio {
        name: title.to_owned(),
        peer: row.search.to_string(),
        ratio: ours / row.states_per_second(),
    };
    rows[1..].iter().map(ratio).collect()
}

fn show(title: &str, rows: &[Measurement], context: &Context) -> anyhow::Result<()> {
    let first = &rows[0];
    for row in rows {
        ensure!(
            row.unique_states == first.unique_states,
            "{} counts {} states where {} counts {}",
            row.search,
            row.unique_states,
            first.search,
            first.unique_states
        );
    }
    context.console.result(
        || table(title, rows),
        || json!({ "title": title, "rows": rows.iter().map(value).collect::<Vec<_>>() }),
    );
    Ok(())
}

fn table(title: &str, rows: &[Measurement]) -> String {
    let mut text = format!(
        "{title}\n{:<26} {:>7} {:>9} {:>9} {:>13} {:>12} {:>8}",
        "search", "threads", "states", "seconds", "k states/s", "bytes/state", "ratio"
    );
    for row in rows {
        let bytes = row
            .bytes_per_state()
            .map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}"));
        text.push_str(&format!(
            "\n{:<26} {:>7} {:>9} {:>9.2} {:>13.1} {:>12} {:>8.2}",
            row.search,
            row.threads,
            row.unique_states,
            row.elapsed.as_secs_f64(),
            row.states_per_second() / 1e3,
            bytes,
            row.states_per_second() / rows[0].states_per_second(),
        ));
    }
    text
}

fn value(row: &Measurement) -> serde_json::Value {
    json!({
        "search": row.search,
        "threads": row.threads,
        "unique_states": row.unique_states,
        "seconds": row.elapsed.as_secs_f64(),
        "states_per_second": row.states_per_second(),
        "bytes_per_state": row.bytes_per_state(),
    })
}
