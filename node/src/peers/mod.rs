//! The other members: one connection to each, which carries this member's messages only. What can't be sent at
//! once is dropped: the protocol lives with loss, not with delay.

mod codec;
mod greeting;
mod link;

pub use codec::{CodecError, PEER_COMMAND, Parcel, decode};
pub use greeting::{Called, GREET, PROVE};
pub use link::{PING, Peers};
