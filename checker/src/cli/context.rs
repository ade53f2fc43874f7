//! What every subcommand is given.

use super::arguments::Arguments;
use crate::console::{Console, Results, Verbosity};

/// The common ground of the subcommands.
pub(super) struct Context {
    /// The one place that prints.
    pub(super) console: Console,
}

impl Context {
    pub(super) fn new(arguments: &Arguments) -> Self {
        let verbosity = if arguments.quiet {
            Verbosity::Quiet
        } else {
            Verbosity::Talk
        };
        let results = if arguments.json {
            Results::Json
        } else {
            Results::Text
        };
        Self {
            console: Console::new(verbosity, results),
        }
    }
}
