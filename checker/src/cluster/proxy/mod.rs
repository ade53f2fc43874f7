//! The userland network: every directed link between members, and between members and clients, can be cut,
//! jammed, slowed and reset, live, without any privilege.
//!
//! ```text
//! member 1 ──┐                       ┌─▶ member 0's real port
//! clients  ──┴─▶ proxy address of 0 ─┘   two pumps per connection: link (opener → 0) and link (0 → opener)
//! ```
//!
//! What it cannot do: a connection through a held link is accepted by the kernel and then gets no answer,
//! where a cut cable would let it time out; lost packets can only be shown as a stall or a reset.

mod board;
mod link;
mod pump;
mod server;
mod source;

pub use link::{Endpoint, Heal, LinkCounts, LinkRule, Passage};
pub use server::Proxy;
pub use source::is_opened_by;
