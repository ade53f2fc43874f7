//! The command line: one file per subcommand, registered in [`subcommands`].
//!
//! Talk goes to stderr, results to stdout, and the exit code is the verdict ([`crate::record::exit::Exit`]).

mod arguments;
mod attach;
mod bench;
mod campaign;
mod cluster;
mod completions;
mod context;
mod doctor;
mod entry;
mod files;
#[cfg(feature = "planted-bugs")]
mod hunt;
mod judge;
mod man;
mod model;
mod namespaces;
mod planted_bug;
mod probe;
mod replay;
mod report;
mod run;
mod seed;
mod serve;
mod settings;
mod simulate;
mod smoke;
mod subcommands;
mod tell;

pub use entry::main;
