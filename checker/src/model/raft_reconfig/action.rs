//! The specification's `Next`: which actions are enabled, and what each does.

use super::mutation::Mutation;
use super::server::Server;
use super::state::ClusterState;
use crate::model::static_raft::{
    Mutation as OplogMutation,
    action::{Number, Servers, can_get_entries, can_roll_back, can_vote, members, pairs, quorums},
};

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
    /// A primary commits its newest entry, which these servers have.
    CommitEntry(Number, Servers),
    /// A primary installs another configuration.
    Reconfig(Number, Servers),
    /// A secondary takes a newer configuration over.
    SendConfig {
        /// The server with the newer configuration.
        from: Number,
        /// The server that takes it.
        to: Number,
    },
    /// A server is elected in the next term by these voters.
    BecomeLeader(Number, Servers),
    /// A newer term reaches another server; a primary steps down.
    UpdateTerms {
        /// The server with the newer term.
        from: Number,
        /// The server that learns it.
        to: Number,
    },
}

const CORRECT: OplogMutation = OplogMutation::Correct;

/// Every enabled action, in the order of the specification's disjuncts.
pub fn enabled(state: &ClusterState, servers: usize, mutation: Mutation, actions: &mut Vec<Action>) {
    let numbers = 0..servers as Number;
    let server = |number: Number| state.server(number.into());
    let is_primary = |number: Number| server(number).oplog().is_primary();
    for number in numbers.clone().filter(|number| is_primary(*number)) {
        actions.push(Action::ClientRequest(number));
    }
    for (to, from) in pairs(numbers.clone()) {
        let (receiver, sender) = (server(to), server(from));
        if can_get_entries(receiver.oplog(), sender.oplog(), CORRECT) {
            actions.push(Action::GetEntries { to, from });
        }
        if can_roll_back(receiver.oplog(), sender.oplog(), CORRECT) {
            actions.push(Action::RollbackEntries {
                server: to,
                against: from,
            });
        }
        if !receiver.oplog().is_primary() && sender.config_id() > receiver.config_id() {
            actions.push(Action::SendConfig { from, to });
        }
        if sender.oplog().term() > receiver.oplog().term() {
            actions.push(Action::UpdateTerms { from, to });
        }
    }
    for number in numbers.clone() {
        for quorum in quorums(server(number).config(), CORRECT) {
            if can_commit_entry(state, number, quorum) {
                actions.push(Action::CommitEntry(number, quorum));
            }
            if can_become_leader(state, number, quorum, mutation) {
                actions.push(Action::BecomeLeader(number, quorum));
            }
        }
    }
    for number in numbers.filter(|number| can_reconfigure(state, *number, mutation)) {
        let config = server(number).config();
        let overlaps =
            |new: &Servers| mutation == Mutation::MultiMemberChange || quorums_overlap(config, *new);
        for new in (1..1 << servers)
            .filter(|new| new >> number & 1 != 0)
            .filter(overlaps)
        {
            actions.push(Action::Reconfig(number, new));
        }
    }
}

/// The state after an enabled action, not yet canonical.
pub fn apply(mut state: ClusterState, action: Action, mutation: Mutation) -> ClusterState {
    let server = |number: Number| state.server(number.into());
    let (number, changed) = match action {
        Action::ClientRequest(number) => {
            let oplog = server(number).oplog();
            (number, server(number).with_oplog(oplog.with_entry(oplog.term())))
        }
        Action::GetEntries { to, from } => {
            let oplog = server(to).oplog();
            let entry = server(from).oplog().entry(oplog.log_length() + 1);
            (to, server(to).with_oplog(oplog.with_entry(entry)))
        }
        Action::RollbackEntries { server: number, .. } => {
            let shorter = server(number).oplog().without_last_entry();
            (number, server(number).with_oplog(shorter))
        }
        Action::CommitEntry(number, _) => {
            let oplog = server(number).oplog();
            state.commit(oplog.log_length(), oplog.last_term());
            return state;
        }
        Action::Reconfig(number, config) => {
            let (_, version) = server(number).config_id();
            let id = (server(number).oplog().term(), version + 1);
            (number, server(number).with_config(id, config))
        }
        Action::SendConfig { from, to } => {
            let source = server(from);
            (to, server(to).with_config(source.config_id(), source.config()))
        }
        Action::BecomeLeader(number, quorum) => {
            let term = server(number).oplog().term() + 1;
            for voter in members(quorum) {
                let oplog = state.server(voter).oplog();
                let oplog = oplog.with_role(term, voter == usize::from(number));
                state.set_server(voter, state.server(voter).with_oplog(oplog));
            }
            if mutation == Mutation::NoConfigTermBump {
                return state;
            }
            let leader = state.server(number.into());
            let (_, version) = leader.config_id();
            (number, leader.with_config((term, version), leader.config()))
        }
        Action::UpdateTerms { from, to } => {
            let term = server(from).oplog().term();
            (
                to,
                server(to).with_oplog(server(to).oplog().with_role(term, false)),
            )
        }
    };
    state.set_server(number.into(), changed);
    state
}

fn can_commit_entry(state: &ClusterState, number: Number, quorum: Servers) -> bool {
    let primary = state.server(number.into()).oplog();
    let (index, term) = (primary.log_length(), primary.last_term());
    primary.is_primary()
        && index > 0
        && term == primary.term()
        && !state.is_committed(index, term)
        && has_entry(state, quorum, index, term)
}

/// All of `quorum` have the entry and are in its term: the specification's `ImmediatelyCommitted`.
fn has_entry(state: &ClusterState, quorum: Servers, index: usize, term: u8) -> bool {
    members(quorum)
        .map(|member| state.server(member).oplog())
        .all(|member| member.entry(index) == term && member.term() == term)
}

fn can_become_leader(state: &ClusterState, number: Number, quorum: Servers, mutation: Mutation) -> bool {
    let candidate = state.server(number.into());
    let term = candidate.oplog().term() + 1;
    let votes = |voter: Server| {
        can_vote(voter.oplog(), candidate.oplog(), term, CORRECT)
            && (candidate.config_id() >= voter.config_id() || mutation == Mutation::VoteIgnoresConfig)
    };
    let is_own = |set: Servers| set >> number & 1 != 0;
    is_own(candidate.config()) && is_own(quorum) && members(quorum).all(|voter| votes(state.server(voter)))
}

/// All that a change of the configuration needs, but for the new one itself.
fn can_reconfigure(state: &ClusterState, number: Number, mutation: Mutation) -> bool {
    let primary = state.server(number.into());
    let some_quorum = |holds: &dyn Fn(Server) -> bool| {
        quorums(primary.config(), CORRECT)
            .any(|quorum| members(quorum).all(|member| holds(state.server(member))))
    };
    primary.oplog().is_primary()
        && (mutation == Mutation::NoConfigQuorumCheck
            || some_quorum(&|member| member.config_id() == primary.config_id()))
        && (mutation == Mutation::NoTermQuorumCheck
            || some_quorum(&|member| member.oplog().term() == primary.oplog().term()))
        && (mutation == Mutation::NoOplogCommitment || is_oplog_committed(state, primary))
}

/// The specification's `OplogCommitment`: what the primary committed in its term is committed in its configuration.
fn is_oplog_committed(state: &ClusterState, primary: Server) -> bool {
    let term = primary.oplog().term();
    let mut own = state
        .committed()
        .filter(|committed| committed.term == term)
        .peekable();
    (own.peek().is_some() || state.committed().next().is_none())
        && own.all(|committed| {
            primary.oplog().entry(committed.index) == term
                && quorums(primary.config(), CORRECT)
                    .any(|quorum| has_entry(state, quorum, committed.index, term))
        })
}

fn quorums_overlap(one: Servers, other: Servers) -> bool {
    quorums(one, CORRECT).all(|left| quorums(other, CORRECT).all(|right| left & right != 0))
}
