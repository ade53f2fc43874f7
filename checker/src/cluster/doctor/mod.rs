//! Which powers this machine allows, tried and not guessed; and what would enable the others.

mod probe;
mod probes;
mod tell;

pub use probe::{Answer, Probe, Tier};
pub use probes::examine;
pub use tell::{tell, tier};
