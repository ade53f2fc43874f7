//! What will happen, by virtual time; at one instant in the order in which it was planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A queue of events.
///
/// Of some hundred events most are timers that lie far ahead, while nearly all that is planned comes soon (messages, turns,
/// flushes) and is over before any of those: so the next few stand in order by themselves, and the heap keeps the rest.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    /// The next events, latest first: all that come before `horizon`.
    near: Vec<Place>,
    /// The place of the first event that is not near, or an earlier one.
    horizon: Place,
    far: BinaryHeap<Reverse<Place>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    planned: u64,
}

/// So many events become near at once.
const NEAR: usize = 16;

/// Of so many near events most are far again: where one has to go is looked for one by one.
const NEAR_MAX: usize = 48;

/// Time (52 bits), order of planning (44 bits), slot (32 bits): one word to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u128);

impl Place {
    /// Virtual microseconds end here, after 142 years.
    const TIME_BITS: u32 = 52;
    /// Plans end here, after 17 million millions.
    const PLAN_BITS: u32 = 44;
    const SLOT_BITS: u32 = u32::BITS;

    fn new(at_us: u64, planned: u64, slot: u32) -> Self {
        assert!(
            planned >> Self::PLAN_BITS == 0,
            "a simulation ends before its plans run out"
        );
        // What is planned for later than that never comes.
        let time = u128::from(at_us.min((1 << Self::TIME_BITS) - 1)) << (Self::PLAN_BITS + Self::SLOT_BITS);
        Self(time | u128::from(planned) << Self::SLOT_BITS | u128::from(slot))
    }

    fn at_us(self) -> u64 {
        (self.0 >> (Self::PLAN_BITS + Self::SLOT_BITS)) as u64
    }

    fn slot(self) -> u32 {
        self.0 as u32
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            near: Vec::with_capacity(NEAR_MAX),
            horizon: Place(0),
            far: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            planned: 0,
        }
    }
}

impl<T> Queue<T> {
    /// Plans `event`.
    pub fn push(&mut self, at_us: u64, event: T) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer than four billion events are planned at once")
        });
        self.slots[slot as usize] = Some(event);
        let place = Place::new(at_us, self.planned, slot);
        self.planned += 1;
        if place < self.horizon {
            let sooner = self.near.iter().rev().take_while(|near| **near < place).count();
            self.near.insert(self.near.len() - sooner, place);
            if self.near.len() == NEAR_MAX {
                self.horizon = self.near[NEAR_MAX - NEAR - 1];
                self.far.extend(self.near.drain(..NEAR_MAX - NEAR).map(Reverse));
            }
        } else {
            self.far.push(Reverse(place));
        }
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        if self.near.is_empty() {
            self.come_near();
        }
        let place = self.near.pop()?;
        let event = self.slots[place.slot() as usize].take()?;
        self.free.push(place.slot());
        Some((place.at_us(), event))
    }

    fn come_near(&mut self) {
        let next = std::iter::from_fn(|| self.far.pop());
        self.near.extend(next.take(NEAR).map(|Reverse(place)| place));
        if let Some(last) = self.near.last() {
            self.horizon = *last;
        }
        self.near.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_decides_then_the_order_of_planning() {
        let mut queue = Queue::default();
        for (at_us, name) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b')] {
            queue.push(at_us, name);
        }
        let order: String = std::iter::from_fn(|| queue.pop()).map(|(_, name)| name).collect();
        assert_eq!(order, "abcd");
    }

    /// What is planned while others are on their way comes in its turn, sooner or later than those near by.
    #[test]
    fn the_order_is_that_of_one_list() {
        let (mut queue, mut list, mut word) = (Queue::default(), Vec::new(), 1_u64);
        let mut now_us = 0;
        for planned in 0..10_000_u64 {
            word = word
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(0x1405_7b7e_f767_814f);
            // Now a storm, now hardly anything.
            let after_us = word >> if planned / 500 % 2 == 0 { 60 } else { 44 };
            queue.push(now_us + after_us, planned);
            list.push((now_us + after_us, planned));
            if planned % 3 != 0 {
                list.sort_unstable();
                let next = list.remove(0);
                assert_eq!(queue.pop(), Some(next));
                now_us = next.0;
            }
        }
        list.sort_unstable();
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, list);
    }
}
