//! A queue is a collection, one document `{_id: value, mark}` per waiting job.

use mongodb::{
    Collection,
    bson::{Document, doc},
};
use serde::Deserialize;
use workloads::operation::{Key, Observed, Value};

use super::super::{
    limits,
    places::{self, MARK},
    process_client::{Outcome, Request},
};

#[derive(Debug, Deserialize)]
struct Job {
    #[serde(rename = "_id")]
    value: Value,
}

/// `insert` of one document.
pub(super) async fn enqueue(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let queue = request.database.collection::<Document>(&places::queue(key));
    let mut insert = queue
        .insert_one(doc! {"_id": value, MARK: request.mark})
        .write_concern(request.write);
    if let Some(session) = request.session {
        insert = insert.session(session);
    }
    insert.await?;
    Ok(Observed::Done)
}

/// `findAndModify` that removes the job with the smallest number. A delete has no place for a mark.
pub(super) async fn dequeue(request: Request<'_>, key: Key) -> Outcome {
    let queue: Collection<Job> = request.database.collection(&places::queue(key));
    let mut delete = queue
        .find_one_and_delete(doc! {})
        .sort(doc! {"_id": 1})
        .write_concern(request.write)
        .max_time(limits::READ);
    if let Some(session) = request.session {
        delete = delete.session(session);
    }
    Ok(Observed::Job(delete.await?.map(|job| job.value)))
}
