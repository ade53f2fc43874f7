//! How fast the checks are, beside the checkers that others use.

mod generate;

pub use generate::{Flaw, Shape, Values, generate};
