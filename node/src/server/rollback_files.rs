//! The documents that a rollback removes are kept for a person to look at:
//! `<dbpath>/rollback/<namespace>/removed.<time>.bson`.

use std::fs::{File, create_dir_all};
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use bson::RawDocument;

use crate::storage::log::LogEntry;

/// Writes the documents of the removed entries, and has them on disk before it returns.
pub(super) fn write(dbpath: &Path, removed: &[LogEntry]) -> std::io::Result<()> {
    let stamp = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
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
        if op == "n" || ns.is_empty() {
            continue;
        }
        // A collection's name may hold what a file's name may not.
        let folder: String = ns
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let folder = dbpath.join("rollback").join(folder);
        create_dir_all(&folder)?;
        let path = folder.join(format!("removed.{stamp}.bson"));
        let mut file = File::options().create(true).append(true).open(path)?;
        file.write_all(document.as_bytes())?;
        file.sync_data()?;
    }
    Ok(())
}
