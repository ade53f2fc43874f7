//! Messages on their way: which travel at all, which take another's place, which nobody will ever look at.

use protocol::message::{Body, Message};

use super::bounds::MEMBERS_MAX;
use super::effect::{Kind, Noted};
use super::replica_set::ReplicaSet;
use super::state::ClusterState;

impl ReplicaSet {
    pub(super) fn send(&self, next: &mut ClusterState, noted: Noted) {
        if noted.silent {
            return;
        }
        let key = u64::from(next.network) << 32 | u64::from(noted.effect + 1);
        let network = self.sendings.get_or(key, || {
            let mut messages = self.networks.value(next.network).clone();
            for message in &self.effects.value(noted.effect).sent {
                let sent = self.messages.value(*message);
                // Within a term positions only rise, so an older report that comes later changes nothing; one
                // that comes earlier could have been sent at this time. So it is with the questions of reads and
                // their answers: a later one proves what an earlier one does.
                messages.retain(|other| !replaces(sent, self.messages.value(*other)));
                if let Err(place) = messages.binary_search(message) {
                    messages.insert(place, *message);
                }
            }
            u64::from(self.networks.number(messages)) + 1
        });
        next.network = (network - 1) as u32;
    }

    /// A report is gone once it has arrived, and so is an answer to a read's question: a second one would change nothing.
    pub(super) fn without_arrived(&self, network: u32, message: u32) -> u32 {
        let body = &self.messages.value(message).body;
        if !matches!(body, Body::UpdatePosition { .. } | Body::ReadIndexResponse { .. }) {
            return network;
        }
        let key = u64::from(network) << 32 | u64::from(message + 1);
        let without = self.arrivals.get_or(key, || {
            let mut messages = self.networks.value(network).clone();
            messages.retain(|other| *other != message);
            u64::from(self.networks.number(messages)) + 1
        });
        (without - 1) as u32
    }

    /// Votes of a term below which their receiver can never fall again are refused or ignored for ever; what is asked for
    /// reads that nobody waits for any more, too.
    pub(super) fn without_the_ignored(&self, state: &ClusterState) -> u32 {
        if self.networks.value(state.network).is_empty() {
            return state.network;
        }
        let can_restart = state.spent.restarts < self.bounds.restarts_max;
        let mut floors = [0; MEMBERS_MAX];
        let mut proves = [false; MEMBERS_MAX];
        let mut key = u64::from(state.network) + 1;
        for position in 0..self.bounds.members {
            let summary = self.summary(state, position);
            let floor = if can_restart {
                summary.durable_term
            } else {
                summary.term
            };
            (floors[position], proves[position]) = (floor, summary.proves);
            // Terms are small: five bits each beside a number of thirty-two, and one for the reads.
            key |= (floor as u64) << (33 + 5 * position) | u64::from(summary.proves) << (58 + position);
        }
        let pruned = self.prunings.get_or(key, || {
            let mut messages = self.networks.value(state.network).clone();
            messages.retain(|number| {
                let message = self.messages.value(*number);
                let [from, to] = [message.from, message.to].map(|id| usize::from(id.0));
                match message.body {
                    Body::VoteRequest { .. } | Body::VoteResponse { .. } => message.term.0 >= floors[to],
                    Body::ReadIndexRequest { .. } => proves[from] && message.term.0 >= floors[to],
                    Body::ReadIndexResponse { .. } => proves[to] && message.term.0 >= floors[to],
                    _ => true,
                }
            });
            u64::from(self.networks.number(messages)) + 1
        });
        (pruned - 1) as u32
    }
}

/// Votes travel, and the questions of linearizable reads, and reports when they are what is to be done. All else is read from
/// the other's state, or refuses, which is the same as never arriving.
pub(super) fn travels(message: &Message, kind: Kind) -> bool {
    match message.body {
        Body::VoteRequest { .. } | Body::VoteResponse { granted: true, .. } => true,
        Body::ReadIndexRequest { .. } | Body::ReadIndexResponse { .. } => true,
        Body::UpdatePosition { .. } => kind == Kind::Report,
        _ => false,
    }
}

/// Whether both are reports, questions of reads in one term, or answers to them, of one member to another: the newer one takes
/// the place of the older.
fn replaces(newer: &Message, older: &Message) -> bool {
    if (newer.from, newer.to) != (older.from, older.to) {
        return false;
    }
    match (&newer.body, &older.body) {
        (Body::UpdatePosition { .. }, Body::UpdatePosition { .. }) => true,
        (Body::ReadIndexRequest { round }, Body::ReadIndexRequest { round: before }) => {
            newer.term == older.term && round >= before
        }
        (
            Body::ReadIndexResponse { asked, round },
            Body::ReadIndexResponse {
                asked: asked_before,
                round: before,
            },
        ) => (newer.term, asked) == (older.term, asked_before) && round >= before,
        _ => false,
    }
}
