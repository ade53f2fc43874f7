//! A list is one document, `{_id: key, values: [...], mark}`.

use mongodb::{
    Collection,
    bson::{Document, doc, serialize_to_bson},
    error::Error,
};
use serde::Deserialize;
use workloads::operation::{Key, Observed, Value};

use super::super::{
    limits,
    places::{LISTS, MARK, VALUES},
    process_client::{Outcome, Request},
};

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    values: Vec<Value>,
}

/// `update` with `$push`.
pub(super) async fn append(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let lists = request.database.collection::<Document>(LISTS);
    let change = doc! {"$push": {VALUES: value}, "$set": {MARK: request.mark}};
    let mut update = lists
        .update_one(doc! {"_id": key}, change)
        .upsert(true)
        .write_concern(request.write);
    if let Some(session) = request.session {
        update = update.session(session);
    }
    update.await?;
    Ok(Observed::Done)
}

/// One `update` command with a `$push` for each list.
pub(super) async fn append_many(request: Request<'_>, keys: &[Key], value: Value) -> Outcome {
    let push = |key: &Key| {
        let change = doc! {"$push": {VALUES: value}, "$set": {MARK: request.mark}};
        doc! {"q": {"_id": key}, "u": change, "upsert": true}
    };
    let updates: Vec<Document> = keys.iter().map(push).collect();
    let concern = serialize_to_bson(&request.write).map_err(Error::custom)?;
    let command = doc! {"update": LISTS, "updates": updates, "ordered": true, "writeConcern": concern};
    let mut update = request.database.run_command(command);
    if let Some(session) = request.session {
        update = update.session(session);
    }
    let reply = update.await?;
    // Some lists may have changed: nobody knows which.
    for trouble in ["writeErrors", "writeConcernError"] {
        if let Some(found) = reply.get(trouble) {
            return Err(Error::custom(format!("{trouble}: {found}")));
        }
    }
    Ok(Observed::Done)
}

/// `find` of one document.
pub(super) async fn read(request: Request<'_>, key: Key) -> Outcome {
    let lists: Collection<List> = request.database.collection(LISTS);
    let mut find = lists
        .find_one(doc! {"_id": key})
        .read_concern(request.read)
        .selection_criteria(request.criteria)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        find = find.session(session);
    }
    let values = find.await?.map(|list| list.values).unwrap_or_default();
    Ok(Observed::Elements(values))
}
