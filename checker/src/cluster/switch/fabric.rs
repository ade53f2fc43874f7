//! The switch without its wires: packets in, packets out at their time. It has no socket, so that every rule can be
//! tested anywhere.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    time::Instant,
};

use super::{
    flows::{Fate, Flows},
    packet,
    way::Way,
};
use crate::{
    cluster::proxy::{Endpoint, Heal, LinkCounts, LinkRule},
    nemesis::{dice::Dice, fault::Member},
};

/// The first port of the members; each has its own, as everywhere else.
const PORT: u16 = 27_017;
/// The last number in the address of the checker, and of the first member.
const CHECKER: u8 = 1;
const FIRST_MEMBER: u8 = 10;
/// The third number in addresses that members and clients use, and in those of the operator, whom no rule touches.
const OPEN: u8 = 0;
const OPERATOR: u8 = 1;

/// Everything that the switch knows.
#[derive(Debug)]
pub(super) struct Fabric {
    ways: BTreeMap<(Endpoint, Endpoint), Way>,
    flows: Flows,
    dice: Dice,
    /// By time, and in the order of their coming.
    queue: BTreeMap<(Instant, u64), (Endpoint, Vec<u8>)>,
    number: u64,
}

/// The address under which the set and its clients know a member.
pub(super) fn advertised(member: Member) -> SocketAddr {
    SocketAddr::from((address(Endpoint::Member(member), OPEN), PORT + u16::from(member)))
}

/// The address at which only the operator finds it.
pub(super) fn private(member: Member) -> SocketAddr {
    SocketAddr::from((
        address(Endpoint::Member(member), OPERATOR),
        PORT + u16::from(member),
    ))
}

/// Both addresses of one end, as `ip` takes them.
pub(super) fn addresses(end: Endpoint) -> [String; 2] {
    [OPEN, OPERATOR].map(|net| format!("{}/24", address(end, net)))
}

impl Fabric {
    /// A network without faults.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            ways: BTreeMap::new(),
            flows: Flows::default(),
            dice: Dice::new(seed, "packets"),
            queue: BTreeMap::new(),
            number: 0,
        }
    }

    /// Takes a packet from one of the wires.
    pub(super) fn take(&mut self, now: Instant, packet: Vec<u8>) {
        let Some((from, to)) = packet::ends(&packet) else {
            return;
        };
        let (Some((from, net)), Some((to, _))) = (end_of(from), end_of(to)) else {
            return;
        };
        if net == OPERATOR {
            return self.send(now, to, packet);
        }
        if let Some(segment) = packet::segment(&packet) {
            let way = self.way(from, to);
            way.counts.connections_opened += u64::from(segment.opens);
            let held = way.rule.passage != Default::default();
            way.counts.connections_held += u64::from(segment.opens && held);
            match self.flows.take(&segment) {
                Fate::Pass => {}
                Fate::Swallowed => {
                    self.way(from, to).counts.bytes_swallowed += packet.len() as u64;
                    return;
                }
                Fate::Answered(answer) => return self.send(now, from, answer),
            }
        }
        let way = self.ways.entry((from, to)).or_default();
        for (when, packet) in way.take(now, packet, &mut self.dice) {
            self.send(when, to, packet);
        }
    }

    /// What is to be delivered by now, in its order.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Endpoint, Vec<u8>)> {
        let later = self.queue.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.queue, later).into_values().collect()
    }

    /// When the next packet is to be delivered.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((when, _), _)| *when)
    }

    pub(super) fn set_rule(&mut self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        self.way(from, to).rule = rule;
    }

    /// The link is well again; what was held is delivered or lost, and what is left of halved connections breaks.
    pub(super) fn heal(&mut self, now: Instant, from: Endpoint, to: Endpoint, heal: Heal) {
        let held = self.way(from, to).heal();
        let lost: usize = held.iter().map(Vec::len).sum();
        match heal {
            Heal::Deliver => held.into_iter().for_each(|packet| self.send(now, to, packet)),
            Heal::Reset => self.way(from, to).counts.bytes_lost += lost as u64,
        }
        let (broken, told) = self.flows.break_halves(|pair| receiver(pair, from, to));
        self.broke(now, (from, to), broken, told);
    }

    /// Breaks every connection between the two.
    pub(super) fn reset(&mut self, now: Instant, from: Endpoint, to: Endpoint) {
        let (broken, told) = self.flows.break_all(|pair| receiver(pair, from, to).is_some());
        self.broke(now, (from, to), broken, told);
    }

    /// Lets the receiver forget every connection between the two.
    pub(super) fn halve(&mut self, now: Instant, from: Endpoint, to: Endpoint) {
        let (halved, told) = self.flows.halve_all(|pair| receiver(pair, from, to));
        self.way(from, to).counts.connections_half_open += halved;
        self.tell(now, told);
    }

    pub(super) fn counts(&self, from: Endpoint, to: Endpoint) -> LinkCounts {
        self.ways
            .get(&(from, to))
            .map(|way| way.counts)
            .unwrap_or_default()
    }

    fn broke(&mut self, now: Instant, (from, to): (Endpoint, Endpoint), broken: u64, told: Vec<Vec<u8>>) {
        for (from, to) in [(from, to), (to, from)] {
            self.way(from, to).counts.connections_broken += broken;
        }
        self.tell(now, told);
    }

    fn tell(&mut self, now: Instant, told: Vec<Vec<u8>>) {
        for packet in told {
            let to = packet::ends(&packet).and_then(|(_, to)| end_of(to));
            if let Some((to, _)) = to {
                self.send(now, to, packet);
            }
        }
    }

    fn send(&mut self, when: Instant, to: Endpoint, packet: Vec<u8>) {
        self.number += 1;
        self.queue.insert((when, self.number), (to, packet));
    }

    fn way(&mut self, from: Endpoint, to: Endpoint) -> &mut Way {
        self.ways.entry((from, to)).or_default()
    }
}

/// At which end of the connection `to` is, if it is one between `from` and `to`.
fn receiver(pair: (SocketAddrV4, SocketAddrV4), from: Endpoint, to: Endpoint) -> Option<usize> {
    let at = |socket: SocketAddrV4| {
        end_of(*socket.ip())
            .filter(|(_, net)| *net == OPEN)
            .map(|(end, _)| end)
    };
    match (at(pair.0)?, at(pair.1)?) {
        (first, second) if (first, second) == (to, from) => Some(0),
        (first, second) if (first, second) == (from, to) => Some(1),
        _ => None,
    }
}

fn address(end: Endpoint, net: u8) -> Ipv4Addr {
    let last = match end {
        Endpoint::Clients => CHECKER,
        Endpoint::Member(member) => FIRST_MEMBER + member,
    };
    Ipv4Addr::new(10, 77, net, last)
}

fn end_of(address: Ipv4Addr) -> Option<(Endpoint, u8)> {
    match address.octets() {
        [10, 77, net @ (OPEN | OPERATOR), CHECKER] => Some((Endpoint::Clients, net)),
        [10, 77, net @ (OPEN | OPERATOR), last @ FIRST_MEMBER..=u8::MAX] => {
            Some((Endpoint::Member(last - FIRST_MEMBER), net))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "fabric_tests.rs"]
mod tests;
