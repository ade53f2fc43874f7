//! Changing which collections and indexes there are.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::apply::entries;
use super::catalog::{Collection, Index, TreeId};
use super::counts::Counts;
use super::data::Store;
use super::engine::{KeyRange, PageLimit, Room};
use super::error::StoreError;
use super::journal::Step;
use super::read::ReadAt;
use crate::storage::index::IndexSpec;

/// Documents read at a time while an index is built.
const BUILD_PAGE: PageLimit = PageLimit {
    rows: 1000,
    bytes: 4 << 20,
};

impl Store {
    pub(super) fn create(&mut self, optime: OpTime, ns: &Arc<str>, uuid: Option<[u8; 16]>, options: &[u8]) {
        if self.catalog.get(ns, optime).is_some() {
            return;
        }
        let collection = Collection {
            tree: self.new_tree(),
            uuid,
            options: options.to_vec(),
            indexes: Vec::new(),
        };
        self.set_collection(optime, ns, Some(Arc::new(collection)));
    }

    pub(super) fn drop_collection(&mut self, optime: OpTime, ns: &Arc<str>) {
        let Some(collection) = self.catalog.get(ns, optime).cloned() else {
            return;
        };
        self.set_collection(optime, ns, None);
        self.note(
            optime,
            Step::DropTree {
                room: Room::Documents,
                tree: collection.tree,
            },
        );
        for index in &collection.indexes {
            self.note(
                optime,
                Step::DropTree {
                    room: Room::Indexes,
                    tree: index.tree,
                },
            );
        }
    }

    pub(super) fn rename(&mut self, optime: OpTime, from: &Arc<str>, to: &Arc<str>) {
        let Some(collection) = self.catalog.get(from, optime).cloned() else {
            return;
        };
        if from != to {
            self.drop_collection(optime, to);
            self.set_collection(optime, from, None);
            self.set_collection(optime, to, Some(collection));
        }
    }

    pub(super) fn create_index(
        &mut self,
        optime: OpTime,
        ns: &Arc<str>,
        collection: &Arc<Collection>,
        spec: &IndexSpec,
    ) -> Result<(), StoreError> {
        if collection.index(&spec.name).is_some() {
            return Ok(());
        }
        let tree = self.new_tree();
        let mut range = KeyRange::all();
        loop {
            let page = self.page(ns, &range, ReadAt::Latest, BUILD_PAGE)?;
            for (id_key, doc) in &page.documents {
                for key in entries(spec, Some(doc), id_key)? {
                    let change = Counts::change(None, Some(key.len()));
                    self.write(
                        optime,
                        Room::Indexes,
                        tree,
                        &key,
                        Some(id_key.as_slice().into()),
                        change,
                    );
                }
            }
            match page.documents.last() {
                Some((last, _)) if !page.is_last => range = range.resumed_after(last),
                _ => break,
            }
        }
        let mut changed = Collection::clone(collection);
        changed.indexes.push(Index {
            tree,
            spec: spec.clone(),
        });
        self.set_collection(optime, ns, Some(Arc::new(changed)));
        Ok(())
    }

    pub(super) fn drop_index(
        &mut self,
        optime: OpTime,
        ns: &Arc<str>,
        collection: &Arc<Collection>,
        name: &str,
    ) {
        let Some(index) = collection.index(name) else {
            return;
        };
        let tree = index.tree;
        let mut changed = Collection::clone(collection);
        changed.indexes.retain(|index| index.tree != tree);
        self.set_collection(optime, ns, Some(Arc::new(changed)));
        self.note(
            optime,
            Step::DropTree {
                room: Room::Indexes,
                tree,
            },
        );
    }

    fn set_collection(&mut self, optime: OpTime, ns: &Arc<str>, collection: Option<Arc<Collection>>) {
        self.catalog.put(ns, optime, collection.clone());
        let ns = Arc::clone(ns);
        self.note(optime, Step::Catalog { ns, collection });
    }

    fn new_tree(&mut self) -> TreeId {
        let tree = TreeId(self.next_tree);
        self.next_tree += 1;
        tree
    }
}
