//! `checker report`: the pages again, from the stored records, and outputs for other tools.

use std::path::PathBuf;

use serde_json::json;

use super::{context::Context, files};
use crate::{
    record::{
        directory::{RunDirectory, RunFile, write_whole},
        exit::Exit,
    },
    report::{
        export::{case::Case, chrome_trace::write_trace, github, junit::junit},
        index,
    },
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker report                                   the index and every page below results/
  checker report results/latest --trace            for Perfetto
  checker report --junit junit.xml --summary \"$GITHUB_STEP_SUMMARY\" --annotations";

/// Make the report of a run, or of all runs below a directory, again; and outputs for other tools.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A run's directory, or the directory of all runs.
    #[arg(default_value = "results")]
    path: PathBuf,

    /// Write the results as JUnit XML, too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Add the results to a GitHub step summary.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,

    /// Print GitHub annotations.
    #[arg(long)]
    annotations: bool,

    /// Write a run's `trace.json`, for Perfetto and chrome://tracing.
    #[arg(long)]
    trace: bool,
}

/// Writes them; the exit code says nothing of the runs.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let path = &arguments.path;
    let mut written = Vec::new();
    if arguments.trace {
        let is_run = path.join(RunFile::Run.name()).is_file();
        anyhow::ensure!(
            is_run,
            "--trace needs one run: {} has no {}",
            path.display(),
            RunFile::Run.name()
        );
        // Before the page, which links to it.
        written.push(write_trace(&RunDirectory::open(path)?)?);
    }
    written.extend(index::rebuild(path)?);
    if arguments.junit.is_some() || arguments.summary.is_some() || arguments.annotations {
        let cases: Vec<Case> = index::summaries(path).iter().map(Case::of).collect();
        if let Some(file) = arguments.junit {
            write_whole(&file, junit("checker", &cases).as_bytes())?;
            written.push(file);
        }
        if let Some(file) = arguments.summary {
            files::append(&file, &github::summary("checker", &cases))?;
            written.push(file);
        }
        if arguments.annotations {
            for line in github::annotations(&cases) {
                context
                    .console
                    .result(|| line.clone(), || json!({ "annotation": line }));
            }
        }
    }
    for file in written {
        context
            .console
            .result(|| file.display().to_string(), || json!({ "page": file }));
    }
    Ok(Exit::Pass)
}
