//! What has come and is not worked off yet: members first.

use std::collections::VecDeque;

use tokio::sync::mpsc::UnboundedReceiver;

use super::event::Event;

/// Two queues. What keeps the set together does not wait behind a thousand clients: a primary whose heartbeats do would
/// lose its office to its own load.
#[derive(Default)]
pub(super) struct Inbox {
    urgent: VecDeque<Event>,
    ordinary: VecDeque<Event>,
}

impl Inbox {
    /// Puts an event where it belongs. Within each queue the order stays.
    pub(super) fn push(&mut self, event: Event) {
        match event {
            Event::Request { .. }
            | Event::HeldUp { .. }
            | Event::GoOn(_)
            | Event::Opened { .. }
            | Event::Closed(_) => self.ordinary.push_back(event),
            Event::Peer(_)
            | Event::PeerLost(_)
            | Event::Resolved { .. }
            | Event::Initiate { .. }
            | Event::Reconfig(_)
            | Event::Answer { .. }
            | Event::Stop => self.urgent.push_back(event),
        }
    }

    /// Takes over what waits in the channel, until `max` are here.
    pub(super) fn fill(&mut self, events: &mut UnboundedReceiver<Event>, max: usize) {
        // Members' messages are looked for behind whatever clients have sent meanwhile.
        for _ in 0..max {
            match events.try_recv() {
                Ok(event) => self.push(event),
                Err(_) => return,
            }
        }
    }

    /// The next one that keeps the set together.
    pub(super) fn next_urgent(&mut self) -> Option<Event> {
        self.urgent.pop_front()
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Option<Event> {
        self.urgent.pop_front().or_else(|| self.ordinary.pop_front())
    }

    /// Is everything worked off?
    pub(super) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.ordinary.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use protocol::config::MemberId;

    use super::*;
    use crate::server::event::ConnectionId;

    #[test]
    fn members_come_before_clients_and_everybody_in_his_order() {
        let mut inbox = Inbox::default();
        for number in 0..3 {
            inbox.push(Event::Closed(ConnectionId(number)));
            inbox.push(Event::PeerLost(MemberId(number as u8)));
        }
        let mut order = Vec::new();
        while let Some(event) = inbox.next() {
            order.push(match event {
                Event::PeerLost(member) => format!("member {}", member.0),
                Event::Closed(connection) => format!("client {}", connection.0),
                _ => unreachable!("nothing else was put in"),
            });
        }
        let expected = [
            "member 0", "member 1", "member 2", "client 0", "client 1", "client 2",
        ];
        assert_eq!(order, expected);
        assert!(inbox.is_empty());
    }
}
