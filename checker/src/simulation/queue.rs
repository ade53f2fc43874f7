//! What will happen, by virtual time; at one instant in the order in which it was planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A queue of events.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Place>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    planned: u64,
}

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
            heap: BinaryHeap::new(),
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
        self.heap.push(Reverse(Place::new(at_us, self.planned, slot)));
        self.planned += 1;
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        let Reverse(place) = self.heap.pop()?;
        let event = self.slots[place.slot() as usize].take()?;
        self.free.push(place.slot());
        Some((place.at_us(), event))
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
}
