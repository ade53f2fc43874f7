//! The cluster in thirty-two bytes, and its canonical form.

use super::server::Server;
use crate::model::static_raft::{
    action::{Number, Servers},
    state::{Committed, SERVERS_MAX},
};

/// Terms and indexes of `committed`: the oplog's bounds hold here, too.
const TERMS: usize = 7;

/// All variables of the specification. `committed` is a set of (index, term): a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterState {
    servers: [Server; SERVERS_MAX],
    committed: u32,
}

impl ClusterState {
    /// All servers empty, in term 0, with the same configuration.
    pub const fn initial(config: Servers, servers: usize) -> Self {
        let mut state = ClusterState {
            servers: [Server(0); SERVERS_MAX],
            committed: 0,
        };
        let mut number = 0;
        while number < servers {
            state.servers[number] = Server::initial(config);
            number += 1;
        }
        state
    }

    /// The server with this number.
    pub const fn server(&self, number: usize) -> Server {
        self.servers[number]
    }

    /// Replaces one server.
    pub const fn set_server(&mut self, number: usize, server: Server) {
        self.servers[number] = server;
    }

    /// Whether this entry is in `committed`.
    pub const fn is_committed(&self, index: usize, term: u8) -> bool {
        self.committed >> place(index, term) & 1 != 0
    }

    /// Adds an entry to `committed`; it was committed in its own term.
    pub const fn commit(&mut self, index: usize, term: u8) {
        self.committed |= 1 << place(index, term);
    }

    /// The records of `committed`, by index and term.
    pub fn committed(&self) -> impl Iterator<Item = Committed> + use<> {
        let mut rest = self.committed;
        std::iter::from_fn(move || {
            let lowest = rest.checked_ilog2().map(|_| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            let term = (lowest % TERMS) as u8 + 1;
            Some(Committed {
                index: lowest / TERMS + 1,
                entry_term: term,
                term,
            })
        })
    }

    /// The one member of this state's orbit that stands for all: the least, over all permutations.
    ///
    /// Configurations name servers, so sorting alone is not enough: two servers that look the same may be named by
    /// different configurations. Servers are sorted by what no renaming changes; only among equal ones all orders
    /// are tried.
    #[must_use]
    pub fn canonical(&self, servers: usize) -> Self {
        let mut order: [Number; SERVERS_MAX] = [0, 1, 2, 3, 4];
        let order = &mut order[..servers];
        let mut keys = [0_u64; SERVERS_MAX];
        for (number, key) in keys.iter_mut().enumerate().take(servers) {
            *key = self.invariant(number, servers);
        }
        order.sort_unstable_by_key(|number| keys[usize::from(*number)]);
        let mut least = self.renamed(order);
        permute_ties(order, 0, &keys, &mut |order| {
            least = least.min(self.renamed(order));
        });
        least
    }

    /// What of one server no renaming changes.
    fn invariant(&self, number: usize, servers: usize) -> u64 {
        let server = self.servers[number];
        let named_by = self.servers[..servers]
            .iter()
            .filter(|other| other.config() >> number & 1 != 0)
            .count();
        let names_itself = u64::from(server.config() >> number & 1);
        u64::from(server.nameless()) << 8
            | u64::from(server.config().count_ones()) << 5
            | (named_by as u64) << 1
            | names_itself
    }

    /// With the servers in this order, and every configuration speaking of them by their new numbers.
    fn renamed(&self, order: &[Number]) -> Self {
        let mut state = *self;
        for (place, number) in order.iter().enumerate() {
            let server = self.servers[usize::from(*number)];
            let config = order.iter().enumerate().fold(0, |config, (place, number)| {
                config | (server.config() >> number & 1) << place
            });
            state.servers[place] = server.with_config(server.config_id(), config);
        }
        state
    }
}

/// Calls `each` with every order that differs only among servers of equal keys.
fn permute_ties(
    order: &mut [Number],
    from: usize,
    keys: &[u64; SERVERS_MAX],
    each: &mut impl FnMut(&[Number]),
) {
    let Some(next) = (from + 1..order.len()).next() else {
        return each(order);
    };
    permute_ties(order, next, keys, each);
    for other in next..order.len() {
        if keys[usize::from(order[from])] == keys[usize::from(order[other])] {
            order.swap(from, other);
            permute_ties(order, next, keys, each);
            order.swap(from, other);
        }
    }
}

const fn place(index: usize, term: u8) -> usize {
    (index - 1) * TERMS + term as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_is_the_same_for_every_renaming() {
        let mut state = ClusterState::initial(0b111, 3);
        state.set_server(0, Server::initial(0b011));
        state.set_server(2, Server::initial(0b110));
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let forms = orders.map(|order| state.renamed(&order).canonical(3));
        assert!(forms.iter().all(|form| *form == forms[0]), "{forms:?}");
        let mut other = state;
        other.set_server(2, Server::initial(0b101));
        assert_ne!(other.canonical(3), forms[0]);
    }

    #[test]
    fn committed_gives_back_what_was_put_in() {
        let mut state = ClusterState::initial(1, 3);
        for (index, term) in [(1, 1), (1, 7), (3, 2)] {
            assert!(!state.is_committed(index, term));
            state.commit(index, term);
        }
        let read: Vec<_> = state.committed().map(|one| (one.index, one.entry_term)).collect();
        assert_eq!(read, [(1, 1), (1, 7), (3, 2)]);
    }
}
