//! How fast the checks are, beside the checkers that others use, and the server beside other servers.

mod beside_history;
mod budgets;
mod families;
mod family_world;
mod generate;
mod given;
mod history;
mod meter;
mod peer;
mod program;
pub mod servers;
mod wgl;

pub use beside_history::measure_beside_history;
pub use budgets::{BudgetRow, Held, budget_table, measure_budgets};
pub use families::{CheckRow, FAMILIES, Family, Spoiled, check_table, measure_family};
#[cfg(test)]
pub(crate) use family_world::generate_family;
pub use generate::{Flaw, Shape, Values, generate};
pub use given::{GivenRow, Sum, given_table, measure_given};
pub use history::{Limits, Row, measure, plan, stateright_peer, table, table_line};
pub use meter::{Measured, cpu_seconds};
#[cfg(test)]
pub(crate) use peer::stateright_linearizable;
#[cfg(test)]
pub(crate) use wgl::{Ended, wgl};
