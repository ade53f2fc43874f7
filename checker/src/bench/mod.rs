//! How fast the checks are, beside the checkers that others use, and the server beside other servers.

mod families;
mod generate;
mod history;
mod meter;
mod peer;
mod porcupine;
pub mod servers;
mod wgl;

pub use families::{CheckRow, FAMILIES, Family, check_table, measure_family};
pub use generate::{Flaw, Shape, Values, generate};
pub use history::{Limits, Row, measure, plan, table};
pub use meter::{Measured, cpu_seconds};
#[cfg(test)]
pub(crate) use peer::stateright_linearizable;
#[cfg(test)]
pub(crate) use wgl::{Ended, wgl};
