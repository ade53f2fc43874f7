//! From the command line to the exit code.

use clap::Parser;

use super::{
    arguments::{Arguments, usage_exit},
    context::Context,
    run,
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
        None => run::execute(run::Arguments::defaults(), &context),
    };
    ended.unwrap_or_else(|error| {
        context.console.progress_done();
        context.console.warn(format!("checker: {error:#}"));
        Exit::Internal
    })
}
