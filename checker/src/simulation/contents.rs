//! What the entries mean. The core knows positions only; the documents live here, keyed by the entry's name.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use protocol::optime::OpTime;
use workloads::operation::{Key, Observed, Value};

use super::digest::Digest;

/// One change of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which document.
    pub key: Key,
    /// A register's or counter's new value; the element of a set or list.
    pub value: Value,
}

/// Every entry that was ever written, by whichever primary. Branches share it: an entry's name is unique.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    // Only ever asked by name, never walked: the order of a hash map cannot show.
    entries: HashMap<OpTime, Written, BuildHasherDefault<Digest>>,
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// The entry before it in the log where it was written.
    pub parent: OpTime,
    /// What it changes; nothing for the entries that only mark a point.
    pub change: Option<Change>,
}

impl Contents {
    /// Takes note of a new entry; gives the earlier note if that name was used before.
    pub fn write(&mut self, optime: OpTime, written: Written) -> Option<Written> {
        self.entries.insert(optime, written)
    }

    /// The entry of this name.
    #[must_use]
    pub fn get(&self, optime: OpTime) -> Option<Written> {
        self.entries.get(&optime).copied()
    }

    /// Does the log that ends in `tip` go through `optime`? Walks back entry by entry.
    #[must_use]
    pub fn is_ancestor(&self, optime: OpTime, mut tip: OpTime) -> bool {
        while tip > optime {
            match self.get(tip) {
                Some(written) => tip = written.parent,
                None => return false,
            }
        }
        tip == optime
    }
}

/// One member's documents, with every version since the start, so that a read may look at any point and a
/// rollback can cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    versions: Vec<Vec<(OpTime, Value)>>,
}

impl Store {
    /// Applies one entry; once more is as good as once.
    pub fn apply(&mut self, optime: OpTime, change: Change) {
        let key = change.key as usize;
        if self.versions.len() <= key {
            self.versions.resize_with(key + 1, Vec::new);
        }
        let versions = &mut self.versions[key];
        if let Err(place) = versions.binary_search_by_key(&optime, |(optime, _)| *optime) {
            versions.insert(place, (optime, change.value));
        }
    }

    /// How many keys there are, used or not.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.versions.len()
    }

    /// Takes over what another store says of one key at `at`.
    pub fn copy(&mut self, key: usize, from: &Self, at: OpTime) {
        for (optime, value) in from.upto(key as Key, Some(at)).to_vec() {
            let key = key as Key;
            self.apply(optime, Change { key, value });
        }
    }

    /// Do both hold the same?
    #[must_use]
    pub fn is_equal(&self, other: &Self) -> bool {
        let keys = self.keys().max(other.keys());
        (0..keys).all(|key| self.upto(key as Key, None) == other.upto(key as Key, None))
    }

    /// Takes back everything after `to`.
    pub fn cut(&mut self, to: OpTime) {
        for versions in &mut self.versions {
            while versions.last().is_some_and(|(optime, _)| *optime > to) {
                versions.pop();
            }
        }
    }

    /// The register or counter at `at` (`None`: newest).
    #[must_use]
    pub fn value(&self, key: Key, at: Option<OpTime>) -> Option<Value> {
        self.upto(key, at).last().map(|(_, value)| *value)
    }

    /// The set or list at `at` (`None`: newest).
    #[must_use]
    pub fn elements(&self, key: Key, at: Option<OpTime>) -> Observed {
        Observed::Elements(self.upto(key, at).iter().map(|(_, value)| *value).collect())
    }

    fn upto(&self, key: Key, at: Option<OpTime>) -> &[(OpTime, Value)] {
        let Some(versions) = self.versions.get(key as usize) else {
            return &[];
        };
        let end = at.map_or(versions.len(), |at| {
            versions.partition_point(|(optime, _)| *optime <= at)
        });
        &versions[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_reads_at_a_point_and_forgets_a_lost_branch() {
        let mut store = Store::default();
        store.apply(OpTime::new(1, 1, 1), Change { key: 2, value: 7 });
        store.apply(OpTime::new(2, 1, 2), Change { key: 2, value: 8 });
        assert_eq!(store.value(2, None), Some(8));
        assert_eq!(store.value(2, Some(OpTime::new(1, 1, 1))), Some(7));
        assert_eq!(store.elements(2, None), Observed::Elements(vec![7, 8]));
        assert_eq!(store.value(0, None), None);
        store.cut(OpTime::new(1, 1, 1));
        assert_eq!(store.value(2, None), Some(7));
    }

    #[test]
    fn ancestry_follows_the_branch() {
        let mut contents = Contents::default();
        let (a, b, c) = (OpTime::new(1, 1, 1), OpTime::new(1, 1, 2), OpTime::new(2, 1, 2));
        for (optime, parent) in [(a, OpTime::NULL), (b, a), (c, a)] {
            contents.write(optime, Written { parent, change: None });
        }
        assert!(contents.is_ancestor(a, c));
        assert!(!contents.is_ancestor(b, c));
        assert!(contents.is_ancestor(OpTime::NULL, b));
    }
}
