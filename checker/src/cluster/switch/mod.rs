//! The packet network: each member lives in a network namespace of its own, and every packet between them, and between
//! them and clients, passes a switch in this process, which delivers, loses, delays, repeats, reorders or spoils it.
//!
//! ```text
//! member 0 ─ TUN ─┐            ┌─ TUN ─ this process's clients and its operator
//! member 1 ─ TUN ─┼─▶ switch ◀─┘
//! member 2 ─ TUN ─┘
//! ```
//!
//! TCP is the members' own: a cut link lets connections time out, lost packets are sent again when the kernel sees fit.
//! It needs namespaces (see `inside`), `/dev/net/tun` and the program `ip`; where they are missing the proxy stands in.

mod fabric;
mod flows;
pub mod inside;
mod namespace;
mod packet;
mod server;
#[cfg(test)]
mod tests;
mod way;

pub use namespace::Room;
pub use server::Switch;
