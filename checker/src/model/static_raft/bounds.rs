//! How far the exploration goes: the specification's `CONSTRAINT` and `SYMMETRY`.

use super::state::{LOG_LENGTH_MAX, SERVERS_MAX, TERM_MAX};

/// The finite part of the state space that is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Number of servers, 1 to [`SERVERS_MAX`].
    pub servers: usize,
    /// States in which a server has a higher term are checked but not explored further.
    pub term_max: u8,
    /// States in which a server has a longer log are checked but not explored further.
    pub log_length_max: usize,
    /// Whether states that differ only in the names of the servers count as one.
    pub symmetry: Symmetry,
}

/// What counts as the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// Every assignment of names to servers is a state of its own.
    Named,
    /// One state per orbit of the permutations of all servers (TLC: `SYMMETRY Permutations(Server)`).
    Anonymous,
}

impl Bounds {
    /// Bounds under full symmetry, the way the published configurations are run.
    ///
    /// # Panics
    /// If a bound does not fit the packed state (states just outside a bound must fit too).
    pub const fn new(servers: usize, term_max: u8, log_length_max: usize) -> Self {
        assert!(1 <= servers && servers <= SERVERS_MAX);
        assert!(term_max < TERM_MAX);
        assert!(log_length_max < LOG_LENGTH_MAX);
        Bounds {
            servers,
            term_max,
            log_length_max,
            symmetry: Symmetry::Anonymous,
        }
    }

    /// The same bounds with every server kept apart.
    pub const fn named(self) -> Self {
        Bounds {
            symmetry: Symmetry::Named,
            ..self
        }
    }
}
