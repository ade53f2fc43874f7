//! Is a history right?

mod verdict;

pub use verdict::{Anomaly, Validity, Verdict};
