//! One directed link of the switch: its rule, its queue, its counters.

use std::time::{Duration, Instant};

use super::packet;
use crate::{
    cluster::proxy::{LinkCounts, LinkRule, Passage},
    nemesis::dice::Dice,
};

/// Packets kept by a jam; more are lost, as in any switch.
const HELD_MAX: usize = 4_096;

/// How much later a packet comes that others overtake.
const OVERTAKEN_BY: Duration = Duration::from_millis(20);

/// The state of a directed link.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) rule: LinkRule,
    pub(super) counts: LinkCounts,
    held: Vec<Vec<u8>>,
    /// When the last packet that keeps its place in the queue is delivered.
    last: Option<Instant>,
    /// Until when the link is busy with what it was given, at its rate.
    busy: Option<Instant>,
}

impl Way {
    /// Takes a packet; gives the times at which it, or what has become of it, is delivered.
    pub(super) fn take(
        &mut self,
        now: Instant,
        mut packet: Vec<u8>,
        dice: &mut Dice,
    ) -> Vec<(Instant, Vec<u8>)> {
        let rule = self.rule;
        if rule.passage != Passage::Deliver {
            self.counts.bytes_held += packet.len() as u64;
            if self.held.len() < HELD_MAX {
                self.held.push(packet);
            }
            return Vec::new();
        }
        if dice.chance(rule.loss_permille) {
            self.counts.chunks_lost += 1;
            return Vec::new();
        }
        if dice.chance(rule.corrupt_permille) {
            self.counts.chunks_corrupted += 1;
            packet::turn_a_bit(&mut packet, dice.below(u64::MAX));
        }
        self.counts.bytes_delivered += packet.len() as u64;
        let mut when = self.place(now, packet.len(), dice);
        let mut delivered = Vec::new();
        if dice.chance(rule.duplicate_permille) {
            self.counts.chunks_duplicated += 1;
            delivered.push((when, packet.clone()));
        }
        if dice.chance(rule.reorder_permille) {
            self.counts.chunks_reordered += 1;
            when += OVERTAKEN_BY;
        }
        delivered.push((when, packet));
        delivered
    }

    /// The link is well again; gives what was kept meanwhile.
    pub(super) fn heal(&mut self) -> Vec<Vec<u8>> {
        self.rule = LinkRule::default();
        std::mem::take(&mut self.held)
    }

    /// When a packet is delivered that keeps its place in the queue.
    fn place(&mut self, now: Instant, bytes: usize, dice: &mut Dice) -> Instant {
        let rule = self.rule;
        let mut when = now + rule.delay;
        if rule.jitter > Duration::ZERO {
            when += Duration::from_micros(dice.below(rule.jitter.as_micros() as u64 + 1));
        }
        if let Some(rate) = rule.bytes_per_second {
            let begin = self.busy.map_or(now, |busy| busy.max(now));
            let end = begin + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
            self.busy = Some(end);
            when = when.max(end);
        }
        when = self.last.map_or(when, |last| last.max(when));
        self.last = Some(when);
        if when > now {
            self.counts.chunks_delayed += 1;
        }
        when
    }
}
