//! `checker serve`: the results as a site on this machine.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::context::Context;
use crate::{record::exit::Exit, report::serve::Server};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker serve --port 8080                        results/ on http://127.0.0.1:8080";

/// Serve the results on the loopback address, until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The directory of all runs.
    #[arg(default_value = "results")]
    path: PathBuf,

    /// The port; 0 for any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Serves until the process ends.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let place = || format!("{} cannot be served", arguments.path.display());
    let server = Server::bind(&arguments.path, arguments.port).with_context(place)?;
    let url = format!("http://{}/", server.address()?);
    context.console.result(|| url.clone(), || json!({ "url": url }));
    server.serve().with_context(place)?;
    Ok(Exit::Pass)
}
