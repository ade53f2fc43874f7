//! Cut, jammed, slow and broken links.

use std::time::Duration;

use super::effects::Effects;
use crate::{
    cluster::{
        proxy::{Endpoint, Heal, LinkCounts, LinkRule},
        rig::Rig,
    },
    nemesis::fault::Link,
};

/// Links under a rule, with what was counted on them before.
#[derive(Debug)]
pub(super) struct HeldLinks {
    before: Vec<(Link, LinkCounts)>,
    deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Hold(Heal),
    Slow,
    Reset,
}

impl HeldLinks {
    /// Some link's counters have moved by now.
    pub(super) fn have_struck(&self, rig: &Rig) -> bool {
        self.before.iter().any(|((from, to), before)| {
            let counts = rig
                .proxy
                .counts(Endpoint::Member(*from), Endpoint::Member(*to))
                .since(before);
            match self.deed {
                Deed::Hold(_) => counts.bytes_held + counts.connections_held > 0,
                Deed::Slow => counts.chunks_delayed > 0,
                Deed::Reset => counts.connections_broken > 0,
            }
        })
    }
}

/// Holds everything on the links until they are healed in that way.
pub(super) fn hold(rig: &mut Rig, links: &[Link], heal: Heal) -> HeldLinks {
    rig.cut.extend(links);
    act(rig, links, Deed::Hold(heal), |rig, from, to| {
        rig.proxy.set_rule(from, to, LinkRule::HOLD)
    })
}

/// Slows the links.
pub(super) fn slow(
    rig: &mut Rig,
    links: &[Link],
    (delay_ms, jitter_ms): (u64, u64),
    bytes_per_second: Option<u64>,
) -> HeldLinks {
    let (delay, jitter) = (Duration::from_millis(delay_ms), Duration::from_millis(jitter_ms));
    let rule = LinkRule::slow(delay, jitter, bytes_per_second);
    act(rig, links, Deed::Slow, |rig, from, to| {
        rig.proxy.set_rule(from, to, rule)
    })
}

/// Breaks the links' connections, once.
pub(super) fn reset(rig: &mut Rig, links: &[Link]) -> HeldLinks {
    act(rig, links, Deed::Reset, |rig, from, to| rig.proxy.reset(from, to))
}

/// Heals the links and reads their counters.
pub(super) fn heal(rig: &mut Rig, held: HeldLinks) -> Effects {
    let mut effects = Effects::default();
    let mut links_struck = 0;
    for ((from, to), before) in &held.before {
        let link = (Endpoint::Member(*from), Endpoint::Member(*to));
        match held.deed {
            Deed::Hold(heal) => {
                rig.cut.remove(&(*from, *to));
                rig.proxy.heal(link.0, link.1, heal);
            }
            Deed::Slow => rig.proxy.heal(link.0, link.1, Heal::Deliver),
            Deed::Reset => {}
        }
        let counts = rig.proxy.counts(link.0, link.1).since(before);
        let proof = match held.deed {
            Deed::Hold(_) => {
                effects.add("bytes_held", counts.bytes_held);
                effects.add("connections_held", counts.connections_held);
                counts.bytes_held + counts.connections_held
            }
            Deed::Slow => {
                effects.add("chunks_delayed", counts.chunks_delayed);
                counts.chunks_delayed
            }
            Deed::Reset => {
                effects.add("connections_broken", counts.connections_broken);
                counts.connections_broken
            }
        };
        links_struck += u64::from(proof > 0);
    }
    effects.add("links", held.before.len() as u64);
    effects.add("links_struck", links_struck);
    effects.struck = links_struck > 0;
    effects
}

fn act(rig: &mut Rig, links: &[Link], deed: Deed, act: impl Fn(&Rig, Endpoint, Endpoint)) -> HeldLinks {
    let ends = |(from, to): &Link| (Endpoint::Member(*from), Endpoint::Member(*to));
    let before = links
        .iter()
        .map(|link| (*link, rig.proxy.counts(ends(link).0, ends(link).1)))
        .collect();
    for link in links {
        act(rig, ends(link).0, ends(link).1);
    }
    HeldLinks { before, deed }
}
