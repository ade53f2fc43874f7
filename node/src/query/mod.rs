//! MongoDB's query language as pure functions over BSON: no storage, no clock, no dice. Reading order:
//! error, decimal, number, compare, types, path, expression, matcher, projection, sort, update, aggregate.

pub mod aggregate;
pub mod compare;
mod decimal;
mod error;
pub mod expression;
pub mod matcher;
pub mod number;
pub mod path;
pub mod projection;
pub mod sort;
pub mod types;
pub mod update;

pub use error::{QueryError, QueryResult};
