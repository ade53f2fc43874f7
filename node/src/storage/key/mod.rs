//! BSON values as bytes whose order is MongoDB's order of values.
//!
//! `_id` keys and index keys are made of these, so that an ordered store that knows nothing but bytes finds,
//! ranges and sorts as a BSON-aware one would.

mod big;
mod decimal;
mod encode;
mod error;
mod id;
mod number;

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;

pub use encode::{Direction, encode, encode_missing, encode_type, encode_undefined};
pub use error::KeyError;
pub use id::{KEY_BYTES_MAX, id_key, value_key};
