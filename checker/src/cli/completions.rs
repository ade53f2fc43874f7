//! `checker completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{arguments, context::Context};
use crate::record::exit::Exit;

/// Print the completions for a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: checker completions bash > ~/.local/share/bash-completion/completions/checker"
)]
pub(super) struct Arguments {
    /// Which shell.
    shell: Shell,
}

/// Prints them.
pub(super) fn execute(arguments: Arguments, _: &Context) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    generate(
        arguments.shell,
        &mut arguments::Arguments::command(),
        "checker",
        &mut text,
    );
    super::files::print(&text)?;
    Ok(Exit::Pass)
}
