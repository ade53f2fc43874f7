//! `results/index.html`: all runs, newest first.

mod page;
mod reached;
mod summary;
mod trend;
mod walk;

pub use summary::Summary;
pub use walk::{rebuild, summaries, write_index};
