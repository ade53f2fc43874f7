//! Cut, jammed, slow, broken, lossy and half-open links, between members and to clients.

use std::time::Duration;

use super::effects::Effects;
use crate::{
    cluster::{
        error::ClusterError,
        network::NetworkBackend,
        proxy::{Endpoint, Heal, LinkCounts, LinkRule},
        rig::Rig,
    },
    nemesis::{
        client_deed::{ClientDeed, ClientWay},
        fault::{Link, Member},
    },
};

/// A directed link with any ends.
type Way = (Endpoint, Endpoint);

/// Links under a rule, with what was counted on them before.
#[derive(Debug)]
pub(super) struct HeldLinks {
    before: Vec<(Way, LinkCounts)>,
    /// Links between members that count as cut meanwhile.
    cut: Vec<Link>,
    deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Hold(Heal),
    Slow,
    Reset,
    Halve,
    Corrupt,
    Lose,
    Duplicate,
    Reorder,
}

impl HeldLinks {
    /// Some link's counters have moved by now.
    pub(super) fn have_struck(&self, rig: &Rig) -> bool {
        let moved = |(way, before): &(Way, LinkCounts)| {
            let counts = rig.network.counts(way.0, way.1).since(before);
            self.deed.proof(&counts).iter().any(|(_, count)| *count > 0)
        };
        self.before.iter().any(moved)
    }
}

impl Deed {
    /// The counters that prove it.
    fn proof(self, counts: &LinkCounts) -> Vec<(&'static str, u64)> {
        match self {
            Deed::Hold(_) => vec![
                ("bytes_held", counts.bytes_held),
                ("connections_held", counts.connections_held),
            ],
            Deed::Slow => vec![("chunks_delayed", counts.chunks_delayed)],
            Deed::Reset => vec![("connections_broken", counts.connections_broken)],
            Deed::Halve => vec![
                ("connections_half_open", counts.connections_half_open),
                ("bytes_swallowed", counts.bytes_swallowed),
            ],
            Deed::Corrupt => vec![("chunks_corrupted", counts.chunks_corrupted)],
            Deed::Lose => vec![("chunks_lost", counts.chunks_lost)],
            Deed::Duplicate => vec![("chunks_duplicated", counts.chunks_duplicated)],
            Deed::Reorder => vec![("chunks_reordered", counts.chunks_reordered)],
        }
    }

    /// How its links are healed; nothing is left to heal after a reset.
    fn heal(self) -> Option<Heal> {
        match self {
            Deed::Hold(heal) => Some(heal),
            Deed::Slow | Deed::Lose | Deed::Duplicate | Deed::Reorder => Some(Heal::Deliver),
            Deed::Halve | Deed::Corrupt => Some(Heal::Reset),
            Deed::Reset => None,
        }
    }
}

/// Holds everything on the links until they are healed in that way.
pub(super) fn hold(rig: &mut Rig, links: &[Link], heal: Heal) -> HeldLinks {
    rig.cut.extend(links);
    let mut held = rule(rig, &between_members(links), Deed::Hold(heal), LinkRule::HOLD);
    held.cut = links.to_vec();
    held
}

/// Slows the links.
pub(super) fn slow(
    rig: &Rig,
    links: &[Link],
    (delay_ms, jitter_ms): (u64, u64),
    bytes_per_second: Option<u64>,
) -> HeldLinks {
    let (delay, jitter) = (Duration::from_millis(delay_ms), Duration::from_millis(jitter_ms));
    let slow = LinkRule::slow(delay, jitter, bytes_per_second);
    rule(rig, &between_members(links), Deed::Slow, slow)
}

/// Breaks the links' connections, once.
pub(super) fn reset(rig: &Rig, links: &[Link]) -> HeldLinks {
    let links = between_members(links);
    act(rig, &links, Deed::Reset, |way| rig.network.reset(way.0, way.1))
}

/// Takes the receivers' ends of the links' connections away.
pub(super) fn halve(rig: &Rig, links: &[Link]) -> HeldLinks {
    let links = between_members(links);
    act(rig, &links, Deed::Halve, |way| rig.network.halve(way.0, way.1))
}

/// Turns bits over.
pub(super) fn corrupt(rig: &Rig, links: &[Link], permille: u32) -> HeldLinks {
    rule(
        rig,
        &between_members(links),
        Deed::Corrupt,
        LinkRule::corrupt(permille),
    )
}

/// Loses some of what is sent, until it is sent again.
pub(super) fn lose(rig: &Rig, links: &[Link], permille: u32) -> HeldLinks {
    rule(
        rig,
        &between_members(links),
        Deed::Lose,
        LinkRule::lossy(permille),
    )
}

/// Delivers some packets twice.
pub(super) fn duplicate(rig: &Rig, links: &[Link], permille: u32) -> Result<HeldLinks, ClusterError> {
    needs_packets(rig, "duplicate-links")?;
    let twice = LinkRule::duplicate(permille);
    Ok(rule(rig, &between_members(links), Deed::Duplicate, twice))
}

/// Delivers some packets after later ones.
pub(super) fn reorder(rig: &Rig, links: &[Link], permille: u32) -> Result<HeldLinks, ClusterError> {
    needs_packets(rig, "reorder-links")?;
    let late = LinkRule::reorder(permille);
    Ok(rule(rig, &between_members(links), Deed::Reorder, late))
}

fn needs_packets(rig: &Rig, kind: &'static str) -> Result<(), ClusterError> {
    match rig.network.backend() {
        NetworkBackend::Packets => Ok(()),
        NetworkBackend::Proxy => Err(ClusterError::NoPower { kind }),
    }
}

/// Disturbs what clients and the members send each other.
pub(super) fn disturb_clients(rig: &Rig, members: &[Member], way: ClientWay, deed: ClientDeed) -> HeldLinks {
    let ways = |member: &Member| {
        let member = Endpoint::Member(*member);
        let (there, back) = ((Endpoint::Clients, member), (member, Endpoint::Clients));
        match way {
            ClientWay::ToMembers => vec![there],
            ClientWay::FromMembers => vec![back],
            ClientWay::Both => vec![there, back],
        }
    };
    let ways: Vec<Way> = members.iter().flat_map(ways).collect();
    match deed {
        ClientDeed::Cut => rule(rig, &ways, Deed::Hold(Heal::Reset), LinkRule::HOLD),
        ClientDeed::Jam => rule(rig, &ways, Deed::Hold(Heal::Deliver), LinkRule::HOLD),
        ClientDeed::Slow { delay_ms, jitter_ms } => {
            let (delay, jitter) = (Duration::from_millis(delay_ms), Duration::from_millis(jitter_ms));
            rule(rig, &ways, Deed::Slow, LinkRule::slow(delay, jitter, None))
        }
        ClientDeed::Reset => act(rig, &ways, Deed::Reset, |way| rig.network.reset(way.0, way.1)),
    }
}

/// Heals the links and reads their counters.
pub(super) fn heal(rig: &mut Rig, held: HeldLinks) -> Effects {
    let mut effects = Effects::default();
    let mut links_struck = 0;
    for link in &held.cut {
        rig.cut.remove(link);
    }
    for ((from, to), before) in &held.before {
        if let Some(heal) = held.deed.heal() {
            rig.network.heal(*from, *to, heal);
        }
        let counts = rig.network.counts(*from, *to).since(before);
        let mut proof = 0;
        for (name, count) in held.deed.proof(&counts) {
            effects.add(name, count);
            proof += count;
        }
        links_struck += u64::from(proof > 0);
    }
    effects.add("links", held.before.len() as u64);
    effects.add("links_struck", links_struck);
    effects.struck = links_struck > 0;
    effects
}

fn rule(rig: &Rig, ways: &[Way], deed: Deed, rule: LinkRule) -> HeldLinks {
    act(rig, ways, deed, |way| rig.network.set_rule(way.0, way.1, rule))
}

fn act(rig: &Rig, ways: &[Way], deed: Deed, act: impl Fn(Way)) -> HeldLinks {
    let before = ways.iter().map(|way| (*way, rig.network.counts(way.0, way.1)));
    let before = before.collect();
    ways.iter().copied().for_each(act);
    HeldLinks {
        before,
        cut: Vec::new(),
        deed,
    }
}

fn between_members(links: &[Link]) -> Vec<Way> {
    let ends = |(from, to): &Link| (Endpoint::Member(*from), Endpoint::Member(*to));
    links.iter().map(ends).collect()
}
