//! Updates: compiled once, applied to documents. Reading order: update, path, compile, apply, then the operators.

mod apply;
mod array_filter;
mod compile;
mod navigate;
mod operator;
mod path;
mod pipeline;
mod pull;
mod push;
mod tree;
mod upsert;
mod values;

pub use tree::{ApplyContext, Update, Updated};

#[cfg(test)]
mod tests;
