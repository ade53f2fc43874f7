//! `(term, timestamp)`: the order of everything.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// An election term. Starts at 0; the first election gives 1; uninitialised is −1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term(pub i64);

impl Term {
    /// No term: the term of [`OpTime::NULL`].
    pub const NONE: Self = Self(-1);
    /// The term of a member that never saw an election.
    pub const INITIAL: Self = Self(0);

    /// The term after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Seconds since 1970 on some primary's wall clock, and a counter within the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub secs: u32,
    /// Position within the second, from 1.
    pub inc: u32,
}

impl Hash for Timestamp {
    /// One word: entries are hashed by the million in simulation and exploration.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(u64::from(self.secs) << 32 | u64::from(self.inc));
    }
}

impl Timestamp {
    /// The smallest timestamp above this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self.inc.checked_add(1) {
            Some(inc) => Self { secs: self.secs, inc },
            None => Self {
                secs: self.secs + 1,
                inc: 1,
            },
        }
    }
}

/// The name of one oplog entry. Ordered **by term first**, then by timestamp: an entry of an older term is
/// older, however far ahead its primary's clock was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpTime {
    /// Term of the primary that wrote the entry.
    pub term: Term,
    /// Strictly increasing along one oplog.
    pub ts: Timestamp,
}

impl OpTime {
    /// Before every entry.
    pub const NULL: Self = Self {
        term: Term::NONE,
        ts: Timestamp { secs: 0, inc: 0 },
    };

    /// After every entry.
    pub const MAX: Self = Self {
        term: Term(i64::MAX),
        ts: Timestamp {
            secs: u32::MAX,
            inc: u32::MAX,
        },
    };

    /// Builds an optime from its parts.
    #[must_use]
    pub fn new(term: i64, secs: u32, inc: u32) -> Self {
        Self {
            term: Term(term),
            ts: Timestamp { secs, inc },
        }
    }

    /// Is this [`OpTime::NULL`]?
    #[must_use]
    pub fn is_null(self) -> bool {
        self == Self::NULL
    }

    /// May an entry named `self` directly follow one named `previous` in one oplog? Timestamps rise strictly
    /// and terms never fall.
    #[must_use]
    pub fn may_follow(self, previous: Self) -> bool {
        self.ts > previous.ts && self.term >= previous.term
    }
}

impl std::fmt::Display for OpTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}@t{}", self.ts.secs, self.ts.inc, self.term.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn term_decides_before_the_clock() {
        assert!(OpTime::new(1, 900, 1) < OpTime::new(2, 100, 1));
        assert!(OpTime::NULL < OpTime::new(0, 0, 1));
    }

    #[test]
    fn an_entry_follows_only_a_smaller_timestamp_of_no_later_term() {
        assert!(OpTime::new(2, 5, 2).may_follow(OpTime::new(1, 5, 1)));
        assert!(
            !OpTime::new(2, 5, 1).may_follow(OpTime::new(1, 5, 1)),
            "same timestamp"
        );
        assert!(
            !OpTime::new(1, 6, 1).may_follow(OpTime::new(2, 5, 1)),
            "older term"
        );
    }

    #[test]
    fn a_full_second_overflows_into_the_next() {
        assert_eq!(
            Timestamp {
                secs: 1,
                inc: u32::MAX
            }
            .next(),
            Timestamp { secs: 2, inc: 1 }
        );
    }
}
