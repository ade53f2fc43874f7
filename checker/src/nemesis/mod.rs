//! Who disturbs. A nemesis decides; the live cluster and the simulator suffer.

pub mod clock;
pub mod dice;
pub mod fault;
pub mod kill;
#[expect(
    clippy::module_inception,
    reason = "the type of the room bears the room's name, as everywhere in this tree"
)]
pub mod nemesis;
pub mod partition;
pub mod pause;
pub mod shapes;
pub mod targets;
pub mod view;
mod words;

/// Every nemesis, in the order reports list them.
pub const NEMESES: &[nemesis::Nemesis] = &[kill::NEMESIS, pause::NEMESIS, partition::NEMESIS, clock::NEMESIS];
