//! The exam of the tester: each planted bug in each world, caught by whom, and how soon; and the clean node beside it,
//! silent.
//!
//! Reading order: [`question`] (what is asked of whom), [`oracle`] (who may answer), the three worlds, [`hunter`]
//! (goes through the matrix), [`record`] (what is kept of it), [`table`], [`markdown`] and [`page`] (how it is shown).

pub mod circumstances;
pub mod difficulty;
pub mod hunter;
pub mod in_live_runs;
pub mod in_models;
pub mod in_simulation;
pub mod markdown;
pub mod oracle;
pub mod page;
pub mod probed;
pub mod question;
pub mod record;
pub mod shell;
pub mod table;
pub mod world;
