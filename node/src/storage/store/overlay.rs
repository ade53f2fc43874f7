//! Everything newer than the engine, in memory, by version.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::TreeId;
use super::engine::{KeyRange, Order};

/// Fixed memory of one version beside key and value, roughly.
const VERSION_BYTES: usize = 96;

/// A value at some time; `None` says that the key was removed.
#[derive(Clone, Debug)]
struct Version {
    optime: OpTime,
    value: Option<Arc<[u8]>>,
}

/// Versions of one key, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain(Vec<Version>);

impl Chain {
    /// The newest version at or before `at`: `None` if there is none here (ask the engine), `Some(None)` if the
    /// key is known to be absent then.
    pub(super) fn visible(&self, at: OpTime) -> Option<Option<&Arc<[u8]>>> {
        self.0
            .iter()
            .rev()
            .find(|version| version.optime <= at)
            .map(|version| version.value.as_ref())
    }
}

/// Version chains by tree (a collection's documents, or an index) and key.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    trees: BTreeMap<TreeId, BTreeMap<Arc<[u8]>, Chain>>,
    bytes: usize,
}

impl Overlay {
    /// Adds a version. One of the same optime is replaced.
    pub(super) fn put(&mut self, tree: TreeId, key: &Arc<[u8]>, optime: OpTime, value: Option<Arc<[u8]>>) {
        let chain = self
            .trees
            .entry(tree)
            .or_default()
            .entry(Arc::clone(key))
            .or_default();
        self.bytes += version_bytes(key, value.as_ref());
        match chain.0.last_mut() {
            Some(last) if last.optime == optime => {
                self.bytes -= version_bytes(key, last.value.as_ref());
                last.value = value;
            }
            _ => chain.0.push(Version { optime, value }),
        }
    }

    /// See [`Chain::visible`].
    pub(super) fn get(&self, tree: TreeId, key: &[u8], at: OpTime) -> Option<Option<&Arc<[u8]>>> {
        self.trees.get(&tree)?.get(key)?.visible(at)
    }

    /// The chains of a range of keys in its order.
    pub(super) fn range<'a>(
        &'a self,
        tree: TreeId,
        range: &KeyRange,
    ) -> Box<dyn Iterator<Item = (&'a Arc<[u8]>, &'a Chain)> + 'a> {
        match self.trees.get(&tree) {
            Some(chains) if !range.is_empty() => {
                let chains = chains.range::<[u8], _>(range.bounds());
                match range.order {
                    Order::Forward => Box::new(chains),
                    Order::Backward => Box::new(chains.rev()),
                }
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Drops the versions of a key above `optime` (rollback).
    pub(super) fn drop_above(&mut self, tree: TreeId, key: &[u8], optime: OpTime) {
        self.retain(tree, key, |version| version.optime <= optime);
    }

    /// Drops the versions of a key up to `optime`: the engine holds the newest of them.
    pub(super) fn drop_through(&mut self, tree: TreeId, key: &[u8], optime: OpTime) {
        self.retain(tree, key, |version| version.optime > optime);
    }

    /// Drops a whole tree.
    pub(super) fn drop_tree(&mut self, tree: TreeId) {
        for (key, chain) in self.trees.remove(&tree).into_iter().flatten() {
            for version in chain.0 {
                self.bytes -= version_bytes(&key, version.value.as_ref());
            }
        }
    }

    /// Memory used, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn retain(&mut self, tree: TreeId, key: &[u8], is_kept: impl Fn(&Version) -> bool) {
        let Some(chains) = self.trees.get_mut(&tree) else {
            return;
        };
        let Some(chain) = chains.get_mut(key) else { return };
        let mut freed = 0;
        chain.0.retain(|version| {
            let keep = is_kept(version);
            if !keep {
                freed += key.len() + version.value.as_ref().map_or(0, |value| value.len()) + VERSION_BYTES;
            }
            keep
        });
        self.bytes -= freed;
        if chain.0.is_empty() {
            chains.remove(key);
            if chains.is_empty() {
                self.trees.remove(&tree);
            }
        }
    }
}

fn version_bytes(key: &[u8], value: Option<&Arc<[u8]>>) -> usize {
    key.len() + value.map_or(0, |value| value.len()) + VERSION_BYTES
}
