//! What weighs on the machines at the moment: who is held down, stopped, slowed; and what is drawn for it.

use super::disk::{Disk, Survival};
use super::event::Event;
use crate::nemesis::dice::Dice;
use crate::nemesis::fault::Fault;

/// The faults that last, and what they do to each member.
pub struct Hardship {
    /// What the disturber draws.
    pub dice: Dice,
    /// Faults that were applied and not yet healed.
    pub active: Vec<Option<Vec<Fault>>>,
    members: Vec<Weight>,
}

#[derive(Clone, Debug, Default)]
struct Weight {
    /// So many reasons to be down.
    down: u32,
    /// So many reasons to be stopped.
    paused: u32,
    /// What came while it was stopped.
    put_off: Vec<Event>,
    /// Each flush takes this much longer.
    flush_extra_us: u64,
    /// It dies at the start of this flush from now.
    dies_at_flush: Option<u64>,
}

impl Hardship {
    /// None yet.
    #[must_use]
    pub fn new(seed: u64, members: usize) -> Self {
        Self {
            dice: Dice::new(seed, "hardship"),
            active: Vec::new(),
            members: vec![Weight::default(); members],
        }
    }

    /// How much of what is on its way to the disk a power cut leaves, drawn.
    pub fn survival(&mut self, disk: &Disk) -> Survival {
        match self.dice.below(3) {
            0 => Survival::NOTHING,
            1 => Survival::EVERYTHING,
            _ => Survival {
                requests: self.dice.below(disk.pending() as u64 + 1) as usize,
                entries: self.dice.below(3) as usize,
            },
        }
    }

    /// One more reason to be down.
    pub fn hold_down(&mut self, member: usize) {
        self.members[member].down += 1;
    }

    /// One reason less; true when none is left.
    pub fn lift(&mut self, member: usize) -> bool {
        let weight = &mut self.members[member];
        weight.down = weight.down.saturating_sub(1);
        weight.down == 0
    }

    /// One more reason to be stopped.
    pub fn pause(&mut self, member: usize) {
        self.members[member].paused += 1;
    }

    /// One reason less; gives what came meanwhile when none is left.
    pub fn go_on(&mut self, member: usize) -> Vec<Event> {
        let weight = &mut self.members[member];
        weight.paused = weight.paused.saturating_sub(1);
        if weight.paused == 0 {
            std::mem::take(&mut weight.put_off)
        } else {
            Vec::new()
        }
    }

    /// Is it stopped?
    #[must_use]
    pub fn is_paused(&self, member: usize) -> bool {
        self.members[member].paused > 0
    }

    /// It will happen when the process goes on.
    pub fn put_off(&mut self, member: usize, event: Event) {
        self.members[member].put_off.push(event);
    }

    /// The process died while it was stopped.
    pub fn forget_put_off(&mut self, member: usize) {
        self.members[member].put_off.clear();
    }

    /// Each flush of this disk takes this much longer.
    pub fn slow_disk(&mut self, member: usize, extra_us: u64) {
        self.members[member].flush_extra_us = extra_us;
    }

    /// How much longer a flush takes.
    #[must_use]
    pub fn flush_extra_us(&self, member: usize) -> u64 {
        self.members[member].flush_extra_us
    }

    /// It will die at this flush from now; none: not any more.
    pub fn die_at_flush(&mut self, member: usize, count: Option<u64>) {
        self.members[member].dies_at_flush = count;
    }

    /// A flush begins: does the machine die of it?
    pub fn dies_at_flush(&mut self, member: usize) -> bool {
        let Some(count) = &mut self.members[member].dies_at_flush else {
            return false;
        };
        *count = count.saturating_sub(1);
        if *count > 0 {
            return false;
        }
        self.members[member].dies_at_flush = None;
        true
    }
}
