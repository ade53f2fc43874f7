//! The cluster in twenty-four bytes, and its canonical form.

use super::bounds::{Bounds, Symmetry};
use super::server::Server;

/// Most servers that fit.
pub const SERVERS_MAX: usize = 5;
/// Highest term that fits; bounds stay below it, because states just outside a bound are built too.
pub const TERM_MAX: u8 = 7;
/// Longest log that fits; bounds stay below it.
pub const LOG_LENGTH_MAX: usize = 4;

/// All variables of the specification.
///
/// `committed` holds, for each pair (index, term of the entry), the term in which it was committed, or 0. An
/// entry is committed at most once, and only in states inside the bounds, so 3 × 7 slots of three bits hold
/// the specification's set `committed` completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterState {
    committed: u64,
    servers: [Server; SERVERS_MAX],
    config: u8,
}

/// One record of the specification's set `committed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Index of the entry, from 1.
    pub index: usize,
    /// Term of the entry.
    pub entry_term: u8,
    /// Term of the primary that committed it.
    pub term: u8,
}

const COMMITTED_BITS: usize = 3;
const COMMITTED_MASK: u64 = (1 << COMMITTED_BITS) - 1;

impl ClusterState {
    /// All servers empty, in term 0, with the same configuration (a set of servers as a bit mask).
    pub const fn initial(config: u8) -> Self {
        ClusterState {
            committed: 0,
            servers: [Server(0); SERVERS_MAX],
            config,
        }
    }

    /// The server with this number.
    pub const fn server(&self, number: usize) -> Server {
        self.servers[number]
    }

    /// Replaces one server.
    pub const fn set_server(&mut self, number: usize, server: Server) {
        self.servers[number] = server;
    }

    /// The voting configuration as a bit mask.
    pub const fn config(&self) -> u8 {
        self.config
    }

    /// Whether this entry is in `committed`.
    pub const fn is_committed(&self, index: usize, entry_term: u8) -> bool {
        self.committed >> slot(index, entry_term) & COMMITTED_MASK != 0
    }

    /// Adds an entry to `committed`.
    pub const fn commit(&mut self, committed: Committed) {
        self.committed |= (committed.term as u64) << slot(committed.index, committed.entry_term);
    }

    /// The records of `committed`, by index and term.
    pub fn committed(&self) -> impl Iterator<Item = Committed> + use<> {
        let mut rest = self.committed;
        std::iter::from_fn(move || {
            let lowest = rest
                .checked_ilog2()
                .map(|_| rest.trailing_zeros() as usize / COMMITTED_BITS)?;
            let term = (rest >> (lowest * COMMITTED_BITS) & COMMITTED_MASK) as u8;
            rest &= !(COMMITTED_MASK << (lowest * COMMITTED_BITS));
            let terms = TERM_MAX as usize;
            Some(Committed {
                index: lowest / terms + 1,
                entry_term: (lowest % terms) as u8 + 1,
                term,
            })
        })
    }

    /// Whether every server is inside the bounds (the specification's `StateConstraint`).
    pub fn is_within(&self, bounds: &Bounds) -> bool {
        self.servers[..bounds.servers]
            .iter()
            .all(|server| server.term() <= bounds.term_max && server.log_length() <= bounds.log_length_max)
    }

    /// The one member of this state's orbit that stands for all.
    ///
    /// Nothing refers to a server by number except its own slot and its bit in `config`; so sorting the pairs
    /// (server, configuration bit) gives the least member of the orbit under *all* permutations. Ties are
    /// equal pairs, hence equal states: the form is truly canonical.
    pub fn canonical(self, bounds: &Bounds) -> Self {
        match bounds.symmetry {
            Symmetry::Named => self,
            Symmetry::Anonymous => self.sorted(bounds.servers),
        }
    }

    fn sorted(mut self, servers: usize) -> Self {
        let mut keys = [0_u32; SERVERS_MAX];
        for (number, key) in keys.iter_mut().enumerate().take(servers) {
            *key = u32::from(self.servers[number].0) << 1 | u32::from(self.config >> number & 1);
        }
        for next in 1..servers {
            let mut place = next;
            while place > 0 && keys[place - 1] > keys[place] {
                keys.swap(place - 1, place);
                place -= 1;
            }
        }
        self.config = 0;
        for (number, key) in keys.iter().enumerate().take(servers) {
            self.servers[number] = Server((key >> 1) as u16);
            self.config |= ((key & 1) as u8) << number;
        }
        self
    }
}

const fn slot(index: usize, entry_term: u8) -> usize {
    ((index - 1) * TERM_MAX as usize + entry_term as usize - 1) * COMMITTED_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_is_the_same_for_every_renaming() {
        let bounds = Bounds::new(3, 3, 2);
        let words = [(0x12_u16, true), (0x1d, false), (0x12, false)];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let forms = orders.map(|order| {
            let mut state = ClusterState::initial(0);
            for (number, from) in order.into_iter().enumerate() {
                state.set_server(number, Server(words[from].0));
                state.config |= u8::from(words[from].1) << number;
            }
            state.canonical(&bounds)
        });
        assert!(forms.iter().all(|form| *form == forms[0]), "{forms:?}");
    }

    #[test]
    fn committed_gives_back_what_was_put_in() {
        let mut state = ClusterState::initial(1);
        let all = [(1, 1, 2), (1, 7, 7), (3, 2, 6)];
        for (index, entry_term, term) in all {
            assert!(!state.is_committed(index, entry_term));
            state.commit(Committed {
                index,
                entry_term,
                term,
            });
        }
        let read: Vec<_> = state
            .committed()
            .map(|one| (one.index, one.entry_term, one.term))
            .collect();
        assert_eq!(read, all);
    }
}
