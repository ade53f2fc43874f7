//! What was done above the engine, as batches for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::{Collection, TreeId};
use super::counts::Counts;
use super::data::{Store, catalog_key};
use super::engine::{Batch, BatchItem, Room};
use super::journal::{JournalItem, Step};

/// Steps in one batch, about. Members share processors with each other and with clients: nobody should wait for a long one.
const BATCH_ITEMS: usize = 256;

/// The counters as the engine has them.
#[derive(Debug)]
pub(super) struct Merge {
    counts: BTreeMap<TreeId, Counts>,
}

/// One batch, and the trees that nothing refers to once it is in.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) batch: Batch,
    pub(super) dead: BTreeMap<TreeId, Room>,
}

impl Merge {
    /// `counts`: what the engine has.
    pub(super) fn new(counts: BTreeMap<TreeId, Counts>) -> Self {
        Self { counts }
    }

    /// Takes the next steps off `rest`: those of one optime stay together. With the last of them the engine is at `through`.
    pub(super) fn next(&mut self, rest: &mut &[JournalItem], through: OpTime, next_tree: u32) -> Merged {
        let mut count = rest.len().min(BATCH_ITEMS);
        while count > 0 && count < rest.len() && rest[count].optime == rest[count - 1].optime {
            count += 1;
        }
        let (items, after) = rest.split_at(count);
        *rest = after;
        let through = match items.last() {
            Some(last) if !after.is_empty() => last.optime,
            _ => through,
        };
        let dead = items
            .iter()
            .filter_map(|item| match item.step {
                Step::DropTree { room, tree } => Some((tree, room)),
                _ => None,
            })
            .collect();
        let mut batch = rows(items, &dead);
        self.note(&mut batch, items, &dead);
        note(
            &mut batch,
            catalog_key::NEXT_TREE.to_vec(),
            Some(encode(&next_tree)),
        );
        // Data and marker can't part (BUG-D07).
        note(
            &mut batch,
            catalog_key::APPLIED_THROUGH.to_vec(),
            Some(encode(&through)),
        );
        Merged { batch, dead }
    }

    /// What the catalog is to say once the items are in the engine.
    fn note(&mut self, batch: &mut Batch, items: &[JournalItem], dead: &BTreeMap<TreeId, Room>) {
        let mut collections = BTreeMap::<&Arc<str>, &Option<Arc<Collection>>>::new();
        let mut changes = BTreeMap::<TreeId, Counts>::new();
        for item in items {
            match &item.step {
                Step::Write { tree, change, .. } if !dead.contains_key(tree) => {
                    *changes.entry(*tree).or_default() += *change;
                }
                Step::Catalog { ns, collection } => {
                    collections.insert(ns, collection);
                }
                Step::Write { .. } | Step::DropTree { .. } => {}
            }
        }
        for (ns, collection) in collections {
            let collection = collection.as_ref().map(|collection| encode(&**collection));
            note(batch, catalog_key::of_collection(ns), collection);
        }
        for (tree, change) in changes {
            let counts = self.counts.entry(tree).or_default();
            *counts += change;
            note(
                batch,
                catalog_key::of_tree(catalog_key::COUNTS, tree),
                Some(encode(counts)),
            );
        }
        for (tree, room) in dead {
            self.counts.remove(tree);
            note(batch, catalog_key::of_tree(catalog_key::COUNTS, *tree), None);
            let is_documents = *room == Room::Documents;
            note(
                batch,
                catalog_key::of_tree(catalog_key::DEAD_TREE, *tree),
                Some(encode(&is_documents)),
            );
        }
    }
}

/// A key that was written many times goes to the engine once, and in the order of the engine.
fn rows(items: &[JournalItem], dead: &BTreeMap<TreeId, Room>) -> Batch {
    let mut writes: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(number, item)| match &item.step {
            Step::Write {
                room,
                tree,
                key,
                value,
                ..
            } if !dead.contains_key(tree) => Some((*room, *tree, key, number, value)),
            _ => None,
        })
        .collect();
    writes.sort_unstable_by_key(|(room, tree, key, number, _)| (*room, *tree, *key, *number));
    let mut batch = Vec::with_capacity(writes.len() + 4);
    for (at, (room, tree, key, _, value)) in writes.iter().enumerate() {
        let next = writes.get(at + 1);
        if next.is_none_or(|next| (next.0, next.1, next.2) != (*room, *tree, *key)) {
            batch.push(BatchItem {
                room: *room,
                key: Store::engine_key(*tree, key),
                value: (*value).clone(),
            });
        }
    }
    batch
}

fn note(batch: &mut Batch, key: Vec<u8>, value: Option<Arc<[u8]>>) {
    batch.push(BatchItem {
        room: Room::Catalog,
        key,
        value,
    });
}

fn encode<T: serde::Serialize>(value: &T) -> Arc<[u8]> {
    postcard::to_stdvec(value)
        .expect("plain data always encodes into a vector")
        .into()
}
