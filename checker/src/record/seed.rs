//! Seeds in JSON are decimal text: a 64-bit number read as a JSON number loses its last digits in `jq` and in
//! browsers, and a seed that is off by one replays another run.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Writes the seed as decimal text.
pub fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

/// Reads decimal text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}
