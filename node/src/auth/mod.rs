//! Who is there, and what may they do: SCRAM-SHA-256 for clients, a shared key between members, roles.
//!
//! Pure but for the key file and the random numbers: the server keeps who has logged in, and asks.

pub mod demand;
pub mod key_file;
pub mod member;
pub mod random;
pub mod role;
pub mod scram;
pub mod user;
