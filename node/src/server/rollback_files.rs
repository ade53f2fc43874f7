//! The documents that a rollback removes are kept for a person to look at:
//! `<dbpath>/rollback/<namespace>/removed.<time>.bson`.

use std::collections::BTreeMap;
use std::fs::{File, create_dir_all};
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use bson::RawDocument;

use crate::storage::log::LogEntry;

/// Writes the documents of the removed entries, and has them on disk before it returns. One write and one sync a
/// collection: the member does nothing else meanwhile.
pub(super) fn write(dbpath: &Path, removed: &[LogEntry]) -> std::io::Result<()> {
    let stamp = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut files: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for (_, entry) in removed {
        let Ok(entry) = RawDocument::from_bytes(entry) else {
            continue;
        };
        let (Ok(op), Ok(ns)) = (entry.get_str("op"), entry.get_str("ns")) else {
            continue;
        };
        let Ok(document) = entry.get_document("o") else {
            continue;
        };
        if op != "n" && !ns.is_empty() {
            files.entry(folder_of(ns)).or_default().push(document.as_bytes());
        }
    }
    for (folder, documents) in files {
        let folder = dbpath.join("rollback").join(folder);
        create_dir_all(&folder)?;
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("removed.{stamp}.bson")))?;
        file.write_all(&documents.concat())?;
        file.sync_data()?;
        File::open(&folder)?.sync_all()?;
    }
    Ok(())
}

/// A collection's name may hold what a file's name may not.
fn folder_of(ns: &str) -> String {
    let allowed = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    ns.chars()
        .map(|letter| if allowed(letter) { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bson::{Document, rawdoc};
    use protocol::optime::OpTime;

    use super::*;

    #[test]
    fn each_collection_has_one_file_with_its_documents_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let entry = |inc: u32, ns: &str| {
            let document = rawdoc! { "_id": i64::from(inc) };
            let entry = rawdoc! { "op": "i", "ns": ns, "o": document };
            (OpTime::new(1, 1, inc), Arc::<[u8]>::from(entry.into_bytes()))
        };
        let note = rawdoc! { "op": "n", "ns": "", "o": {} };
        let note = (OpTime::new(1, 1, 9), Arc::<[u8]>::from(note.into_bytes()));
        let removed = [entry(1, "d.a"), entry(2, "d.b/c"), entry(3, "d.a"), note];
        write(directory.path(), &removed).unwrap();
        assert_eq!(ids(directory.path(), "d.a"), [1, 3]);
        assert_eq!(ids(directory.path(), "d.b_c"), [2]);
        assert_eq!(
            std::fs::read_dir(directory.path().join("rollback"))
                .unwrap()
                .count(),
            2
        );
    }

    fn ids(dbpath: &Path, folder: &str) -> Vec<i64> {
        let mut files = std::fs::read_dir(dbpath.join("rollback").join(folder)).unwrap();
        let content = std::fs::read(files.next().unwrap().unwrap().path()).unwrap();
        let mut rest = content.as_slice();
        let mut found = Vec::new();
        while !rest.is_empty() {
            found.push(Document::from_reader(&mut rest).unwrap().get_i64("_id").unwrap());
        }
        found
    }
}
