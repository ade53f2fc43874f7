//! S17: see the story.

use bson::{Bson, Document, RawDocumentBuf, doc};

use super::Bug;
use crate::commands::WriteOp;
use crate::storage::change::Change;
use crate::storage::key::id_key;
use crate::storage::store::{ReadAt, Store, StoreError};

/// See the story.
pub const BUG: Bug = Bug {
    id: "S17",
    name: "non_idempotent_oplog",
    story: "`$inc` is logged as a step, not as its result: whoever applies an entry to data that hold it already counts too far (S2-20 of the notes).",
};

/// The field that makes a step of a document.
const STEP: &str = "$inc";

/// An update that only counts one field on, logged as the step.
#[must_use]
pub fn as_step(store: &Store, write: &WriteOp) -> WriteOp {
    step(store, write).unwrap_or_else(|| write.clone())
}

/// Steps become results, from whatever is there.
///
/// # Errors
/// The store's.
pub fn take_steps(store: &Store, changes: &mut [Change]) -> Result<(), StoreError> {
    for change in changes.iter_mut().filter(|_| super::is_planted(&BUG)) {
        if let Change::Put { ns, id_key, doc } | Change::Insert { ns, id_key, doc } = change
            && let Ok(told) = Document::from_reader(&**doc)
            && let Ok(steps) = told.get_document(STEP)
        {
            let before = store.get(ns, id_key, ReadAt::Latest)?;
            let before = before.and_then(|bytes| Document::from_reader(&*bytes).ok());
            let mut counted = before.unwrap_or_else(|| told.clone());
            counted.remove(STEP);
            for (field, by) in steps {
                let number = counted.get(field).and_then(number).unwrap_or(0) + number(by).unwrap_or(0);
                counted.insert(field, number);
            }
            if let Ok(bytes) = RawDocumentBuf::try_from(&counted) {
                *doc = bytes.as_bytes().into();
            }
        }
    }
    Ok(())
}

fn step(store: &Store, write: &WriteOp) -> Option<WriteOp> {
    let WriteOp::Update { ns, id, document } = write else {
        return None;
    };
    super::is_planted(&BUG).then_some(())?;
    let key = id_key(id.as_bytes()).ok()?;
    let before = store.get(ns, &key, ReadAt::Latest).ok()??;
    let before = Document::from_reader(&*before).ok()?;
    let after = Document::try_from(&**document).ok()?;
    let mut changed = after
        .iter()
        .filter(|(field, value)| before.get(*field) != Some(*value));
    let (field, value) = changed.next()?;
    let by = number(value)? - number(before.get(field)?)?;
    (changed.next().is_none() && before.len() == after.len()).then_some(())?;
    let step = doc! { "_id": after.get("_id")?.clone(), STEP: { field: by } };
    Some(WriteOp::Update {
        ns: ns.clone(),
        id: id.clone(),
        document: RawDocumentBuf::try_from(&step).ok()?,
    })
}

fn number(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}
