//! A replica set for a person to play with: its processes outlive the command that started them, and a file tells
//! the next command where they are.

mod error;
mod found;
mod member;
mod set;

pub use error::PlaygroundError;
pub use found::{initiate, primary, state_of};
pub use member::PlayMember;
pub use set::{PlayPlan, PlaySet};
