//! `checker man`: the manual pages, made from the help.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory;

use super::{arguments, context::Context, files};
use crate::record::exit::Exit;

/// Print the manual page, or write one page a subcommand.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  checker man | man -l -\n  checker man --out ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// Write `checker.1`, `checker-run.1` and so on here.
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

/// Prints or writes.
pub(super) fn execute(arguments: Arguments, _: &Context) -> anyhow::Result<Exit> {
    let command = arguments::Arguments::command();
    match arguments.out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            files::print(&page)?;
        }
        Some(directory) => {
            std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(command, &directory))
                .with_context(|| format!("{} cannot be written", directory.display()))?;
        }
    }
    Ok(Exit::Pass)
}
