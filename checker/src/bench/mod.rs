//! How fast the checks are, beside the checkers that others use.

mod generate;
mod history;
mod peer;
mod wgl;

pub use generate::{Flaw, Shape, Values, generate};
pub use history::{Limits, Measured, Row, measure, plan, table};
#[cfg(test)]
pub(crate) use peer::stateright_linearizable;
