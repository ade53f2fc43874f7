//! Which collections and indexes there are, by version.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::optime::OpTime;
use serde::{Deserialize, Serialize};

use crate::storage::index::IndexSpec;

/// Number of a set of rows in the engine: the documents of one life of a collection, or the entries of one index.
/// Never used twice, so that a dropped collection's rows can be removed at leisure. Local to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::storage::store) struct TreeId(pub(super) u32);

/// A collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    pub(super) tree: TreeId,
    /// Its unique id, the same on all members.
    pub uuid: Option<[u8; 16]>,
    /// Options as a BSON document, possibly empty bytes.
    pub options: Vec<u8>,
    /// Secondary indexes, oldest first. The index on `_id` is the collection itself.
    pub indexes: Vec<Index>,
}

/// A secondary index of a collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub(super) tree: TreeId,
    /// What it is.
    pub spec: IndexSpec,
}

impl Collection {
    /// The index called `name`.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.spec.name == name)
    }
}

/// A collection with its `database.collection`.
pub type NamedCollection = (Arc<str>, Arc<Collection>);

type Version = (OpTime, Option<Arc<Collection>>);

/// All collections with all versions that can still be read, oldest first. The first version of a chain may be
/// what the engine holds.
#[derive(Debug, Default)]
pub(super) struct Catalog(BTreeMap<Arc<str>, Vec<Version>>);

impl Catalog {
    pub(super) fn put(&mut self, ns: &Arc<str>, optime: OpTime, collection: Option<Arc<Collection>>) {
        let chain = self.0.entry(Arc::clone(ns)).or_default();
        match chain.last_mut() {
            Some(last) if last.0 == optime => last.1 = collection,
            _ => chain.push((optime, collection)),
        }
    }

    pub(super) fn get(&self, ns: &str, at: OpTime) -> Option<&Arc<Collection>> {
        visible(self.0.get(ns)?, at)
    }

    /// All collections at a time, by name.
    pub(super) fn all(&self, at: OpTime) -> impl Iterator<Item = (&Arc<str>, &Arc<Collection>)> {
        self.0
            .iter()
            .filter_map(move |(ns, chain)| Some((ns, visible(chain, at)?)))
    }

    /// Drops the versions of a name above `optime` (rollback).
    pub(super) fn drop_above(&mut self, ns: &str, optime: OpTime) {
        self.retain(ns, |chain| chain.retain(|version| version.0 <= optime));
    }

    /// Drops all versions of a name before the one visible at `optime`.
    pub(super) fn drop_before(&mut self, ns: &str, optime: OpTime) {
        self.retain(ns, |chain| {
            let visible = chain.iter().rposition(|version| version.0 <= optime).unwrap_or(0);
            chain.drain(..visible);
            if chain
                .first()
                .is_some_and(|first| first.0 <= optime && first.1.is_none())
            {
                chain.remove(0);
            }
        });
    }

    fn retain(&mut self, ns: &str, change: impl FnOnce(&mut Vec<Version>)) {
        if let Some(chain) = self.0.get_mut(ns) {
            change(chain);
            if chain.is_empty() {
                self.0.remove(ns);
            }
        }
    }
}

fn visible(chain: &[Version], at: OpTime) -> Option<&Arc<Collection>> {
    chain.iter().rev().find(|version| version.0 <= at)?.1.as_ref()
}
