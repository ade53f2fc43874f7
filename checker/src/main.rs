//! `checker`: see `checker --help`.

use std::process::ExitCode;

/// Searches of models and histories are allocations, for a good part.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    checker::cli::main().into()
}
