//! The command line: one file per subcommand, registered in [`subcommands`].
//!
//! Talk goes to stderr, results to stdout, and the exit code is the verdict ([`crate::record::exit::Exit`]).

mod arguments;
mod context;
mod entry;
mod run;
mod seed;
mod subcommands;

pub use entry::main;
