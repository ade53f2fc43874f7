//! From the command line to the exit code.

use clap::Parser;
use protocol::member::Rules;

use super::{
    arguments::{Arguments, usage_exit},
    context::Context,
    run, smoke,
};
use crate::record::exit::Exit;

/// Reads the command line, does what it says, and tells how it ended.
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage_exit(&error),
    };
    let context = Context::new(&arguments);
    let ended = match arguments.subcommand {
        Some(subcommand) => subcommand.execute(&context),
        None => everything(&context),
    };
    ended.unwrap_or_else(|error| {
        context.console.progress_done();
        context.console.warn(format!("checker: {error:#}"));
        Exit::Internal
    })
}

/// The protocol in every order within small bounds, then the real set under faults.
fn everything(context: &Context) -> anyhow::Result<Exit> {
    let (models, explored) = smoke::explore(&context.console, Rules::default());
    let played = run::execute_after(Some(models), run::Arguments::defaults(), context)?;
    Ok(match (explored, played) {
        (Exit::Pass, played) => played,
        // Ctrl-C, and a checker that failed, are told before what was found.
        (_, stopped) if stopped >= Exit::Usage => stopped,
        (Exit::Violation, _) | (_, Exit::Pass) => explored,
        (_, played) => played,
    })
}
