//! Filters: compiled once, asked of many documents.

mod bits;
mod compile;
mod evaluate;
mod pattern;
mod tree;

pub use pattern::{Groups, Pattern};
pub use tree::{Comparison, Matcher, Node, Predicate};

#[cfg(test)]
mod tests;
