//! From the command line to the exit code.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};
use protocol::member::Rules;

use super::{
    arguments::{Arguments, usage_exit},
    context::Context,
    run, settings, smoke,
    subcommands::Subcommand,
};
use crate::record::exit::Exit;

/// Reads the command line, does what it says, and tells how it ended.
pub fn main() -> Exit {
    let arguments = match read(std::env::args_os()) {
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
        context.console.warn(format!("checker: {}", told(&error)));
        Exit::Internal
    })
}

/// The command line, with what the file and the environment say.
fn read(line: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let named = std::env::var_os(settings::FILE_VARIABLE).map(Into::into);
    let settled = settings::settled(command.clone(), named);
    let settled = settled.map_err(|error| command.error(ErrorKind::InvalidValue, error))?;
    Arguments::from_arg_matches(&settled.try_get_matches_from(line)?)
}

/// An error with its causes, each once: many say in their own words what their cause says.
fn told(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

/// The protocol in every order within small bounds, then the real set under faults.
fn everything(context: &Context) -> anyhow::Result<Exit> {
    let arguments = match read(["checker".into(), "run".into()])?.subcommand {
        Some(Subcommand::Run(arguments)) => arguments,
        _ => run::Arguments::defaults(),
    };
    let (models, explored) = smoke::explore(&context.console, Rules::default());
    let played = run::execute_after(Some(models), arguments, context)?;
    Ok(match (explored, played) {
        (Exit::Pass, played) => played,
        // Ctrl-C, and a checker that failed, are told before what was found.
        (_, stopped) if stopped >= Exit::Usage => stopped,
        (Exit::Violation, _) | (_, Exit::Pass) => explored,
        (_, played) => played,
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow!("no such file").context("run.json: no such file");
        assert_eq!(
            told(&error.context("the run can't be read")),
            "the run can't be read: run.json: no such file"
        );
        assert_eq!(told(&anyhow!("alone")), "alone");
    }
}
