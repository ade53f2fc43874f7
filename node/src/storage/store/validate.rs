//! Checking that the parts of the store agree: counters with documents, indexes with documents.

use std::collections::BTreeMap;

use protocol::optime::OpTime;

use super::apply::entries;
use super::catalog::TreeId;
use super::counts::Counts;
use super::data::Store;
use super::engine::{KeyRange, PageLimit, Room, Row};
use super::error::StoreError;
use super::read::ReadAt;

/// Rows read at a time.
const VALIDATE_PAGE: PageLimit = PageLimit {
    rows: 1000,
    bytes: 4 << 20,
};

impl Store {
    /// Everything that is wrong with a collection, in words; nothing if all is well or it doesn't exist
    /// (MongoDB's `validate`). Reads it all; an index is held in memory meanwhile.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`], or the engine's.
    pub fn validate(&self, ns: &str, at: ReadAt) -> Result<Vec<String>, StoreError> {
        let point = self.point(at)?;
        let Some(collection) = self.catalog.get(ns, point) else {
            return Ok(Vec::new());
        };
        let mut problems = Vec::new();
        let mut counted = Counts::default();
        let mut expected: Vec<BTreeMap<Vec<u8>, Vec<u8>>> = vec![BTreeMap::new(); collection.indexes.len()];
        self.each_row(Room::Documents, collection.tree, point, |(id_key, document)| {
            counted += Counts::change(None, Some(document.len()));
            for (index, expected) in collection.indexes.iter().zip(&mut expected) {
                let keys = entries(&index.spec, Some(&document), &id_key)?;
                expected.extend(keys.into_iter().map(|key| (key, id_key.clone())));
            }
            Ok(())
        })?;
        report_counts(&mut problems, ns, counted, self.counts(ns, at)?);
        for (index, mut expected) in collection.indexes.iter().zip(expected) {
            let name = format!("{ns}, index {}", index.spec.name);
            let mut counted = Counts::default();
            self.each_row(Room::Indexes, index.tree, point, |(key, id_key)| {
                counted += Counts::change(None, Some(key.len()));
                if expected.remove(&key).as_deref() != Some(&*id_key) {
                    problems.push(format!("{name}: an entry without its document"));
                }
                Ok(())
            })?;
            if !expected.is_empty() {
                problems.push(format!("{name}: {} entries are missing", expected.len()));
            }
            report_counts(
                &mut problems,
                &name,
                counted,
                self.index_counts(ns, &index.spec.name, at)?,
            );
        }
        Ok(problems)
    }

    fn each_row(
        &self,
        room: Room,
        tree: TreeId,
        at: OpTime,
        mut visit: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut range = KeyRange::all();
        loop {
            let (rows, is_last) = self.rows(room, tree, &range, at, VALIDATE_PAGE)?;
            let last = rows.last().map(|(key, _)| key.clone());
            rows.into_iter().try_for_each(&mut visit)?;
            match last {
                Some(last) if !is_last => range = range.resumed_after(&last),
                _ => return Ok(()),
            }
        }
    }
}

fn report_counts(problems: &mut Vec<String>, name: &str, counted: Counts, kept: Counts) {
    if counted != kept {
        problems.push(format!(
            "{name}: the counters say {kept:?}, there are {counted:?}"
        ));
    }
}
