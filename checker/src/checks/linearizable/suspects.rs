//! From the values that contradict each other to the operations that show it: an explanation need not look at a key of
//! a million operations again.
//!
//! What the zones say of a value depends on nothing but its chain: its own writer and readers, and those of the values
//! before and after it. So all operations of the suspects' chains that the zones ask for (writers, and the readers who
//! returned first and were called last) are a problem of their own with the same contradiction.

use super::one_pass::{NONE, OfValue, Writer};

/// Positions in the history, rising; `entries` are the values of the key, `culprits` some of them.
pub(super) fn positions(values: &[OfValue], entries: &[u32], culprits: &[u32]) -> Vec<u32> {
    if culprits.is_empty() {
        return Vec::new();
    }
    let mut roots = Roots {
        values,
        known: vec![NONE; values.len()],
        path: Vec::new(),
    };
    let mut suspected: Vec<u32> = culprits.iter().map(|culprit| roots.of(*culprit)).collect();
    suspected.sort_unstable();
    suspected.dedup();
    let suspects = entries
        .iter()
        .filter(|entry| suspected.binary_search(&roots.of(**entry)).is_ok());
    let operations = suspects.flat_map(|entry| values[*entry as usize].operations);
    let mut positions: Vec<u32> = operations.filter(|position| *position != NONE).collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// The value at the begin of each value's chain.
struct Roots<'a> {
    values: &'a [OfValue],
    known: Vec<u32>,
    path: Vec<u32>,
}

impl Roots<'_> {
    fn of(&mut self, entry: u32) -> u32 {
        let mut at = entry;
        let root = loop {
            let known = self.known[at as usize];
            if known != NONE {
                break known;
            }
            self.path.push(at);
            // In a ring, the value where it was entered.
            self.known[at as usize] = at;
            match self.values[at as usize].writer {
                Writer::After(before) => at = before,
                Writer::Unknown | Writer::Initial | Writer::Plain => break at,
            }
        };
        for passed in self.path.drain(..) {
            self.known[passed as usize] = root;
        }
        root
    }
}
