//! A register is one document, `{_id: key, value, mark}`.

use mongodb::{
    Collection,
    bson::{Bson, doc},
    options::ReturnDocument,
};
use serde::Deserialize;
use workloads::operation::{Key, Observed, Value};

use super::super::{
    limits,
    places::{MARK, REGISTERS, VALUE},
    process_client::{Outcome, Request},
};

#[derive(Debug, Deserialize)]
struct Register {
    #[serde(default)]
    value: Option<Value>,
}

/// `find` of one document.
pub(super) async fn read(request: Request<'_>, key: Key) -> Outcome {
    let registers: Collection<Register> = request.database.collection(REGISTERS);
    let mut find = registers
        .find_one(doc! {"_id": key})
        .read_concern(request.read)
        .selection_criteria(request.criteria)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        find = find.session(session);
    }
    let found = find.await?;
    Ok(Observed::Register(found.and_then(|register| register.value)))
}

/// `update` with upsert.
pub(super) async fn write(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let registers: Collection<Register> = request.database.collection(REGISTERS);
    let mut update = registers
        .update_one(
            doc! {"_id": key},
            doc! {"$set": {VALUE: value, MARK: request.mark}},
        )
        .upsert(true)
        .write_concern(request.write);
    if let Some(session) = request.session {
        update = update.session(session);
    }
    update.await?;
    Ok(Observed::Done)
}

/// `findAndModify` that replaces the value if it is `expect`, and returns the document as it was before: the
/// compare and the look are one step, so that a mismatch is an exact observation too.
///
/// It writes `mark` (and makes the document) also when the value does not match. Without a write it would be
/// answered by a deposed primary from old data: (1) n0 is cut off, n1 is elected and writes 2 over 1; (2) the
/// compare-and-set 2 → 3 reaches n0, does not match and changes nothing; (3) its write concern waits for n0's
/// newest entry, which was committed long ago, so n0 answers "ok, it was 1": a stale read.
pub(super) async fn swap(request: Request<'_>, key: Key, expect: Option<Value>, value: Value) -> Outcome {
    let current = doc! {"$ifNull": [format!("${VALUE}"), Bson::Null]};
    let expected = expect.map_or(Bson::Null, Bson::Int64);
    let next = doc! {"$cond": [{"$eq": [current.clone(), expected]}, value, current]};
    let pipeline = vec![doc! {"$set": {VALUE: next, MARK: request.mark}}];
    let registers: Collection<Register> = request.database.collection(REGISTERS);
    let mut update = registers
        .find_one_and_update(doc! {"_id": key}, pipeline)
        .upsert(true)
        .return_document(ReturnDocument::Before)
        .write_concern(request.write)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        update = update.session(session);
    }
    let was = update.await?.and_then(|register| register.value);
    Ok(Observed::Swapped {
        was,
        swapped: was == expect,
    })
}
