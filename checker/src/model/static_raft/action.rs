//! The specification's `Next`: which actions are enabled, and what each does.

use super::bounds::Bounds;
use super::mutation::Mutation;
use super::server::Server;
use super::state::{ClusterState, Committed};

/// A server's number, from 0.
pub type Number = u8;
/// A set of servers as a bit mask.
pub type Servers = u8;

/// One step of the specification, by its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A primary appends a client's request to its log.
    ClientRequest(Number),
    /// A secondary copies the next entry of another server.
    GetEntries {
        /// The server that copies.
        to: Number,
        /// The server that is copied.
        from: Number,
    },
    /// A secondary removes its newest entry, having seen a newer branch.
    RollbackEntries {
        /// The server that rolls back.
        server: Number,
        /// The server on the newer branch.
        against: Number,
    },
    /// A server is elected in the next term by these voters.
    BecomeLeader(Number, Servers),
    /// A primary commits its newest entry, which these servers have.
    CommitEntry(Number, Servers),
    /// A newer term reaches another server; a primary steps down.
    UpdateTerms {
        /// The server with the newer term.
        from: Number,
        /// The server that learns it.
        to: Number,
    },
}

/// Every enabled action, in the order of the specification's disjuncts.
pub fn enabled(state: &ClusterState, bounds: &Bounds, mutation: Mutation, actions: &mut Vec<Action>) {
    let numbers = 0..bounds.servers as Number;
    for number in numbers.clone() {
        if state.server(number.into()).is_primary() {
            actions.push(Action::ClientRequest(number));
        }
    }
    for (to, from) in pairs(numbers.clone()) {
        if can_get_entries(state.server(to.into()), state.server(from.into()), mutation) {
            actions.push(Action::GetEntries { to, from });
        }
    }
    for (server, against) in pairs(numbers.clone()) {
        if can_roll_back(
            state.server(server.into()),
            state.server(against.into()),
            mutation,
        ) {
            actions.push(Action::RollbackEntries { server, against });
        }
    }
    for quorum in quorums(state.config(), mutation) {
        for number in numbers.clone().filter(|number| quorum >> number & 1 != 0) {
            if can_become_leader(state, number, quorum, mutation) {
                actions.push(Action::BecomeLeader(number, quorum));
            }
        }
        for number in numbers.clone() {
            if can_commit_entry(state, number, quorum, mutation) {
                actions.push(Action::CommitEntry(number, quorum));
            }
        }
    }
    for (from, to) in pairs(numbers) {
        if state.server(from.into()).term() > state.server(to.into()).term() {
            actions.push(Action::UpdateTerms { from, to });
        }
    }
}

/// The state after an enabled action, not yet canonical.
pub fn apply(mut state: ClusterState, action: Action) -> ClusterState {
    match action {
        Action::ClientRequest(number) => {
            let primary = state.server(number.into());
            state.set_server(number.into(), primary.with_entry(primary.term()));
        }
        Action::GetEntries { to, from } => {
            let server = state.server(to.into());
            let entry = state.server(from.into()).entry(server.log_length() + 1);
            state.set_server(to.into(), server.with_entry(entry));
        }
        Action::RollbackEntries { server, .. } => {
            let shorter = state.server(server.into()).without_last_entry();
            state.set_server(server.into(), shorter);
        }
        Action::BecomeLeader(number, quorum) => {
            let term = state.server(number.into()).term() + 1;
            for voter in members(quorum) {
                state.set_server(
                    voter,
                    state.server(voter).with_role(term, voter == usize::from(number)),
                );
            }
        }
        Action::CommitEntry(number, _) => {
            let primary = state.server(number.into());
            let (index, entry_term) = (primary.log_length(), primary.last_term());
            state.commit(Committed {
                index,
                entry_term,
                term: primary.term(),
            });
        }
        Action::UpdateTerms { from, to } => {
            let term = state.server(from.into()).term();
            state.set_server(to.into(), state.server(to.into()).with_role(term, false));
        }
    }
    state
}

pub(in crate::model) fn can_get_entries(server: Server, source: Server, mutation: Mutation) -> bool {
    let length = server.log_length();
    let on_same_branch = length == 0 || source.entry(length) == server.entry(length);
    !server.is_primary()
        && source.log_length() > length
        && (on_same_branch || mutation == Mutation::NoBranchCheck)
}

pub(in crate::model) fn can_roll_back(server: Server, other: Server, mutation: Mutation) -> bool {
    !server.is_primary()
        && (server.last_term() < other.last_term() || mutation == Mutation::RollBackIgnoresTerm)
        && !server.log_is_prefix_of(other)
}

fn can_become_leader(state: &ClusterState, number: Number, quorum: Servers, mutation: Mutation) -> bool {
    let candidate = state.server(number.into());
    let term = candidate.term() + 1;
    members(quorum).all(|voter| can_vote(state.server(voter), candidate, term, mutation))
}

pub(in crate::model) fn can_vote(voter: Server, candidate: Server, term: u8, mutation: Mutation) -> bool {
    let is_fresh = match mutation {
        Mutation::VoteWithoutLogCheck => true,
        Mutation::VoteComparesLengthOnly => candidate.log_length() >= voter.log_length(),
        _ => {
            let key = |server: Server| (server.last_term(), server.log_length());
            key(candidate) >= key(voter)
        }
    };
    let has_vote = voter.term() < term || (voter.term() == term && mutation == Mutation::DoubleVote);
    has_vote && is_fresh
}

fn can_commit_entry(state: &ClusterState, number: Number, quorum: Servers, mutation: Mutation) -> bool {
    let primary = state.server(number.into());
    let (index, entry_term) = (primary.log_length(), primary.last_term());
    primary.is_primary()
        && index > 0
        && (entry_term == primary.term() || mutation == Mutation::CommitEntryOfOlderTerm)
        && !state.is_committed(index, entry_term)
        && members(quorum).map(|member| state.server(member)).all(|member| {
            member.entry(index) == entry_term
                && (member.term() == primary.term() || mutation == Mutation::CommitIgnoresTermOfServer)
        })
}

/// Majorities of the configuration, as the specification's `Quorums`.
pub(in crate::model) fn quorums(config: Servers, mutation: Mutation) -> impl Iterator<Item = Servers> {
    let size = config.count_ones();
    (1..=config).filter(move |set| {
        let votes = 2 * set.count_ones();
        set & !config == 0 && (votes > size || (votes == size && mutation == Mutation::HalfQuorum))
    })
}

pub(in crate::model) fn members(set: Servers) -> impl Iterator<Item = usize> {
    (0..Servers::BITS as usize).filter(move |number| set >> number & 1 != 0)
}

pub(in crate::model) fn pairs(numbers: std::ops::Range<Number>) -> impl Iterator<Item = (Number, Number)> {
    numbers
        .clone()
        .flat_map(move |left| numbers.clone().map(move |right| (left, right)))
}
