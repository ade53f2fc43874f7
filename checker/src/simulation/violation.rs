//! What a simulated cluster did that it must never do.

use std::fmt;

/// A broken promise: which, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's number in the protocol notes, or `check:<name>`, or `liveness`, or `panic`.
    pub oracle: String,
    /// What was seen, in one sentence.
    pub words: String,
}

impl Violation {
    /// A violation of the named oracle.
    #[must_use]
    pub fn new(oracle: &str, words: impl Into<String>) -> Self {
        Self {
            oracle: oracle.to_owned(),
            words: words.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.words)
    }
}
