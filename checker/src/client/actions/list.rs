//! A list is one document, `{_id: key, values: [...], mark}`.

use mongodb::{
    Collection,
    bson::{Document, doc},
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
