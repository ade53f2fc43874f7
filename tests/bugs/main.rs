//! The exam of the tester: every planted bug, and who catches it. `README.md` beside this file is its table.

mod catches;
mod models;
mod rows;
mod stories;
mod unreachable;
