//! The top of the command line.

use clap::{Parser, error::ErrorKind};

use super::subcommands::Subcommand;
use crate::record::exit::Exit;

/// Tests whether a MongoDB-style replica set keeps its promises.
///
/// Starts a real replica set on this machine, lets clients work on it while it is killed, paused, cut apart and
/// given wrong clocks, and proves from what the clients saw whether anything was lost, stale or torn.
/// Without a subcommand: a run with the defaults.
#[derive(Debug, Parser)]
#[command(name = "checker", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) subcommand: Option<Subcommand>,

    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,

    /// Results on stdout as JSON, one value a line.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  checker                                   everything with its defaults, about two minutes
  checker run --seed 7                      the same faults and requests again
  checker run --time-limit 20 --nemesis partition
  checker run --planted-bug C12             a server with a mistake, which must be found

Exit codes: 0 everything proven, 1 a promise was broken, 2 unknown, 4 the run proves nothing,
64 wrong command line, 70 the checker itself failed, 130 interrupted.
Options are read from the command line, the environment (CHECKER_RUN_TIME_LIMIT=60 is run --time-limit 60)
and checker.toml in this directory or the file that CHECKER_SETTINGS names ([run] time-limit = 60), in this order.
Colours: set NO_COLOR to have none.";

/// Help and version are no mistakes; everything else is one, and `EX_USAGE` says so.
pub(super) fn usage_exit(error: &clap::Error) -> Exit {
    // Nobody to tell: nothing to do.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Pass,
        _ => Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_and_every_example_is_understood() {
        use clap::CommandFactory;
        let command = Arguments::command();
        for subcommand in command.get_subcommands() {
            let name = subcommand.get_name();
            let shown = subcommand
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(shown.contains("xample"), "{name} --help shows no example");
            for line in shown.lines().filter_map(|line| line.split_once("checker ")) {
                // Two blanks begin the explanation, a redirection or a pipe the shell's part; an ellipsis stands for more.
                let words = line
                    .1
                    .trim_start_matches("-- ")
                    .split("  ")
                    .next()
                    .unwrap_or_default();
                let words = words.split(['>', '|', '…']).next().unwrap_or_default();
                let words = words
                    .split_whitespace()
                    .map(|word| word.trim_matches(['\'', '"']));
                let read = Arguments::try_parse_from(["checker"].into_iter().chain(words));
                assert!(
                    line.1.contains('…') || read.is_ok(),
                    "{}: {:?}",
                    line.1,
                    read.err()
                );
            }
        }
    }

    #[test]
    fn mistakes_are_usage_and_help_is_not() {
        let exit = |words: &[&str]| {
            let line = ["checker"].iter().chain(words);
            Arguments::try_parse_from(line)
                .err()
                .map(|error| usage_exit(&error))
        };
        assert_eq!(exit(&["--help"]), Some(Exit::Pass));
        assert_eq!(exit(&["--version"]), Some(Exit::Pass));
        for wrong in [
            &["--no-such-flag"] as &[&str],
            &["no-such-verb"],
            &["run", "--workload", "nothing"],
            &["run", "--seed", "many"],
            &["run", "--members", "0"],
        ] {
            assert_eq!(exit(wrong), Some(Exit::Usage), "{wrong:?}");
        }
        assert_eq!(exit(&[]), None);
        assert_eq!(exit(&["run", "--quiet", "--workload", "set,register"]), None);
    }
}
