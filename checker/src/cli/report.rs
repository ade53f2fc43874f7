//! `checker report`: the pages again, from the stored records.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use crate::{record::exit::Exit, report::index};

/// Make the report of a run, or of all runs below a directory, again.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A run's directory, or the directory of all runs.
    #[arg(default_value = "results")]
    path: PathBuf,
}

/// Writes the pages.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let pages = index::rebuild(&arguments.path)?;
    for page in pages {
        context
            .console
            .result(|| page.display().to_string(), || json!({ "page": page }));
    }
    Ok(Exit::Pass)
}
