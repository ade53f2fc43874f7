//! Aggregation expressions: parsed once, evaluated on many documents.

mod arithmetic;
mod arrays;
mod boolean;
mod conversion;
mod dates;
mod evaluate;
mod objects;
mod operator;
mod parse;
mod rounding;
mod sets;
mod strings;
mod tree;
mod variables;

pub(in crate::query) use arithmetic::add_numbers;
pub use evaluate::is_truthy;
pub use operator::Function;
pub use tree::Expression;
pub use variables::Variables;

#[cfg(test)]
mod tests;
