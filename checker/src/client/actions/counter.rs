//! A counter is one document, `{_id: key, count, mark}`.

use mongodb::{Collection, bson::doc, error::Error, options::ReturnDocument};
use serde::Deserialize;
use workloads::operation::{Key, Observed};

use super::super::{
    limits,
    places::{COUNT, COUNTERS, MARK},
    process_client::{Outcome, Request},
};

#[derive(Debug, Deserialize)]
struct Counter {
    #[serde(default)]
    count: i64,
}

/// `findAndModify` with `$inc` that returns the document as it is after.
pub(super) async fn increment(request: Request<'_>, key: Key, by: i64) -> Outcome {
    let counters: Collection<Counter> = request.database.collection(COUNTERS);
    let change = doc! {"$inc": {COUNT: by}, "$set": {MARK: request.mark}};
    let mut update = counters
        .find_one_and_update(doc! {"_id": key}, change)
        .upsert(true)
        .return_document(ReturnDocument::After)
        .write_concern(request.write)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        update = update.session(session);
    }
    match update.await? {
        Some(counter) => Ok(Observed::Count(counter.count)),
        None => Err(Error::custom("an increment with upsert returned no document")),
    }
}

/// `find` of one document; a counter that nobody incremented is 0.
pub(super) async fn read(request: Request<'_>, key: Key) -> Outcome {
    let counters: Collection<Counter> = request.database.collection(COUNTERS);
    let mut find = counters
        .find_one(doc! {"_id": key})
        .read_concern(request.read)
        .selection_criteria(request.criteria)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        find = find.session(session);
    }
    Ok(Observed::Count(find.await?.map_or(0, |counter| counter.count)))
}
