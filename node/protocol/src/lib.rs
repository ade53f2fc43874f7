//! The pure replica-set core.
//!
//! One member is one value ([`state::State`]: `Clone + Eq + Hash`). [`member::step`] takes one input and gives
//! ordered outputs. Time, dice, disk and network stay outside:
//!
//! ```text
//!              inputs                            outputs, to be done in this order
//!   timer · message · durable-up-to      ┌──────┐   persist · append · truncate
//!   client write · client read     ────▶ │ step │ ──▶  send · set timer · complete
//!   operator                             └──────┘      serve read · fatal
//! ```
//!
//! *The law*: the shell does the outputs in order and reports durability back as an input; what depends on
//! durability comes out only after that report. So a crash may fall between any two outputs, and a vote is
//! durable before its reply leaves.
//!
//! Reading order: [`optime`], [`config`], [`config_change`], [`oplog`], [`concern`], [`write_mode`], [`timer`], [`message`], [`input`],
//! [`output`], [`state`], [`member`], then one rule after the other in [`rules`].

#[cfg(feature = "planted-bugs")]
pub mod bugs;
pub mod concern;
pub mod config;
pub mod config_change;
pub mod initial_sync;
pub mod input;
pub mod member;
pub mod message;
pub mod oplog;
pub mod optime;
pub mod output;
pub mod rules;
pub mod state;
pub mod timer;
pub mod write_mode;
