//! `validate`: every document can be read, lies under its own key, and is in every index.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::storage::key::id_key;
use crate::storage::store::{KeyRange, PageLimit};
use crate::wire::{Request, validate_document};

pub(super) const COMMAND: Command = Command {
    names: &["validate"],
    access: Access::Read(run),
    scope: Scope::Any,
};

const PAGE: PageLimit = PageLimit {
    rows: 256,
    bytes: 1 << 20,
};
/// Faults that are told one by one.
const ERRORS_MAX: usize = 100;

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let known = [
        "full",
        "repair",
        "metadata",
        "checkBSONConformance",
        "scandata",
        "background",
    ];
    let arguments = Arguments::of(request, &known)?;
    let ns = arguments.namespace()?;
    let Some(collection) = access.store.collection(&ns, access.at)? else {
        return Err(CommandError::new(
            26,
            format!("Collection '{ns}' does not exist to validate."),
        ));
    };
    let mut errors: Vec<Bson> = Vec::new();
    let mut note = |text: String| {
        if errors.len() < ERRORS_MAX {
            errors.push(text.into());
        }
    };
    let mut records = 0_i64;
    let mut index_keys = vec![0_i64; collection.indexes.len()];
    let mut range = KeyRange::all();
    loop {
        let page = access.store.page(&ns, &range, access.at, PAGE)?;
        for (key, bytes) in &page.documents {
            records += 1;
            if let Err(error) = validate_document(bytes) {
                note(error.to_string());
                continue;
            }
            if !id_key(bytes).is_ok_and(|own| own == *key) {
                note("a document lies under another document's key".to_owned());
            }
            for (index, count) in collection.indexes.iter().zip(&mut index_keys) {
                match index.spec.keys_of(bytes) {
                    Ok(keys) => *count += keys.len() as i64,
                    Err(error) => note(format!("index {}: {error}", index.spec.name)),
                }
            }
        }
        match page.documents.last() {
            Some((last, _)) if !page.is_last => range = range.resumed_after(last),
            _ => break,
        }
    }
    let mut keys_per_index = doc! { "_id_": records };
    for (index, count) in collection.indexes.iter().zip(&index_keys) {
        let name = &index.spec.name;
        keys_per_index.insert(name.clone(), *count);
        let stored = access.store.index_counts(&ns, name, access.at)?.objects;
        if stored != *count {
            note(format!("index {name} has {stored} entries instead of {count}"));
        }
    }
    let counted = access.store.counts(&ns, access.at)?.objects;
    if counted != records {
        note(format!(
            "the counter says {counted} documents, there are {records}"
        ));
    }
    Ok(doc! {
        "ns": ns,
        "nInvalidDocuments": 0_i64,
        "nrecords": records,
        "nIndexes": collection.indexes.len() as i32 + 1,
        "keysPerIndex": keys_per_index,
        "valid": errors.is_empty(),
        "repaired": false,
        "warnings": [],
        "errors": errors,
        "extraIndexEntries": [],
        "missingIndexEntries": [],
        "corruptRecords": [],
        "ok": 1.0,
    })
}
