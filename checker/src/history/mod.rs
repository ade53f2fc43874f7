//! What the clients saw.

mod event;

pub use event::{Event, Phase};
