//! Reading everything, to compare members.

use std::sync::Arc;

use super::data::Store;
use super::engine::{KeyRange, PageLimit};
use super::error::StoreError;
use super::read::ReadAt;

/// Documents read at a time.
const DUMP_PAGE: PageLimit = PageLimit {
    rows: 1000,
    bytes: 4 << 20,
};

/// A collection's content in short (MongoDB's dbHash gives the same shape).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionHash {
    /// `database.collection`.
    pub ns: Arc<str>,
    /// Number of documents.
    pub objects: u64,
    /// Bytes of documents.
    pub bytes: u64,
    /// 32 hexadecimal digits: FNV-1a, 128 bits, over all documents in the order of their keys. Equal content gives
    /// an equal hash; it is no protection against forgery.
    pub hash: String,
}

impl Store {
    /// Calls `visit(namespace, documents)` page by page for all collections, by name and then by key.
    ///
    /// # Errors
    /// What `visit` returns, [`StoreError::SnapshotTooOld`], or the engine's.
    pub fn dump(
        &self,
        at: ReadAt,
        mut visit: impl FnMut(&Arc<str>, &[super::engine::Row]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for (ns, _) in self.collections(at)? {
            let mut range = KeyRange::all();
            loop {
                let page = self.page(&ns, &range, at, DUMP_PAGE)?;
                visit(&ns, &page.documents)?;
                match page.documents.last() {
                    Some((last, _)) if !page.is_last => range = range.resumed_after(last),
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// The hash of every collection.
    ///
    /// # Errors
    /// As [`Store::dump`].
    pub fn hash(&self, at: ReadAt) -> Result<Vec<CollectionHash>, StoreError> {
        let mut sums: Vec<(Arc<str>, Sum)> = Vec::new();
        self.dump(at, |ns, documents| {
            if sums.last().is_none_or(|(last, _)| last != ns) {
                sums.push((Arc::clone(ns), Sum::default()));
            }
            let (_, sum) = sums.last_mut().expect("just made sure of it");
            documents.iter().for_each(|(_, document)| sum.add(document));
            Ok(())
        })?;
        Ok(sums
            .into_iter()
            .map(|(ns, sum)| CollectionHash {
                ns,
                objects: sum.objects,
                bytes: sum.bytes,
                hash: format!("{:032x}", sum.hash),
            })
            .collect())
    }
}

struct Sum {
    objects: u64,
    bytes: u64,
    hash: u128,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            objects: 0,
            bytes: 0,
            hash: 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d,
        }
    }
}

impl Sum {
    /// A BSON document begins with its length, so documents can't run into each other.
    fn add(&mut self, document: &[u8]) {
        self.objects += 1;
        self.bytes += document.len() as u64;
        for byte in document {
            self.hash =
                (self.hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
