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
                // that comes earlier could have been sent at this time.
                messages.retain(|other| !replaces(sent, self.messages.value(*other)));
                if let Err(place) = messages.binary_search(message) {
                    messages.insert(place, *message);
                }
            }
            u64::from(self.networks.number(messages)) + 1
        });
        next.network = (network - 1) as u32;
    }

    /// A report is gone once it has arrived: a second one would change nothing.
    pub(super) fn without_report(&self, network: u32, message: u32) -> u32 {
        if !matches!(self.messages.value(message).body, Body::UpdatePosition { .. }) {
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

    /// Votes of a term below which their receiver can never fall again are refused or ignored for ever.
    pub(super) fn without_old_votes(&self, state: &ClusterState) -> u32 {
        if self.networks.value(state.network).is_empty() {
            return state.network;
        }
        let can_restart = state.spent.restarts < self.bounds.restarts_max;
        let mut floors = [0; MEMBERS_MAX];
        let mut key = u64::from(state.network) + 1;
        for (position, floor) in floors.iter_mut().enumerate().take(self.bounds.members) {
            let summary = self.summary(state, position);
            *floor = if can_restart {
                summary.durable_term
            } else {
                summary.term
            };
            // Terms are small: five bits each beside a number of thirty-two.
            key |= (*floor as u64) << (36 + 5 * position);
        }
        let pruned = self.prunings.get_or(key, || {
            let mut messages = self.networks.value(state.network).clone();
            messages.retain(|number| {
                let message = self.messages.value(*number);
                let is_vote = matches!(message.body, Body::VoteRequest { .. } | Body::VoteResponse { .. });
                !is_vote || message.term.0 >= floors[usize::from(message.to.0)]
            });
            u64::from(self.networks.number(messages)) + 1
        });
        (pruned - 1) as u32
    }
}

/// Votes travel, and reports when they are what is to be done. All else is read from the other's state, or
/// refuses, which is the same as never arriving.
pub(super) fn travels(message: &Message, kind: Kind) -> bool {
    match message.body {
        Body::VoteRequest { .. } | Body::VoteResponse { granted: true, .. } => true,
        Body::UpdatePosition { .. } => kind == Kind::Report,
        _ => false,
    }
}

/// Whether both are reports of one member to another: the newer one takes the place of the older.
fn replaces(newer: &Message, older: &Message) -> bool {
    let is_report = |message: &Message| matches!(message.body, Body::UpdatePosition { .. });
    is_report(newer) && is_report(older) && (newer.from, newer.to) == (older.from, older.to)
}
