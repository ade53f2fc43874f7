//! A set is a collection, one document `{_id: value, mark}` per element.

use mongodb::{
    bson::{Document, deserialize_from_document, doc, serialize_to_document},
    error::Error,
};
use serde::Deserialize;
use workloads::operation::{Key, Observed, Value};

use super::super::{
    limits,
    places::{self, MARK},
    process_client::{Outcome, Request},
};

#[derive(Debug, Deserialize)]
struct Found {
    cursor: Batch,
}

#[derive(Debug, Deserialize)]
struct Batch {
    id: i64,
    #[serde(rename = "firstBatch")]
    first_batch: Vec<Element>,
}

#[derive(Debug, Deserialize)]
struct Element {
    #[serde(rename = "_id")]
    value: Value,
}

/// `insert` of one document.
pub(super) async fn add(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let set = request.database.collection::<Document>(&places::set(key));
    let mut insert = set
        .insert_one(doc! {"_id": value, MARK: request.mark})
        .write_concern(request.write);
    if let Some(session) = request.session {
        insert = insert.session(session);
    }
    insert.await?;
    Ok(Observed::Done)
}

/// `insert` of many documents, in order. When it ends early, what came before stays: that is an end of unknown extent.
pub(super) async fn add_many(request: Request<'_>, key: Key, values: &[Value]) -> Outcome {
    let set = request.database.collection::<Document>(&places::set(key));
    let documents: Vec<Document> = values
        .iter()
        .map(|value| doc! {"_id": value, MARK: request.mark})
        .collect();
    let mut insert = set
        .insert_many(documents)
        .ordered(true)
        .write_concern(request.write);
    if let Some(session) = request.session {
        insert = insert.session(session);
    }
    insert.await?;
    Ok(Observed::Done)
}

/// `find` of everything in one batch. In several batches it would not be one look: elements added between two
/// batches would be seen without others that were added before them.
pub(super) async fn read(request: Request<'_>, key: Key) -> Outcome {
    documents(request, &places::set(key))
        .await
        .map(Observed::Elements)
}

/// The `_id` of each document of a collection, in one look.
pub(super) async fn documents(request: Request<'_>, collection: &str) -> Result<Vec<Value>, Error> {
    let mut concern = serialize_to_document(&request.read).map_err(Error::custom)?;
    // The driver sends a command that is given as a document as it is. Without this:
    // 1. a session adds elements; 2. a secondary that is cut off is asked; 3. it answers without them, and is right: nobody
    // has told it what this session has done.
    let after = request
        .session
        .as_ref()
        .and_then(|session| session.operation_time());
    if let Some(after) = after {
        concern.insert("afterClusterTime", after);
    }
    let command = doc! {
        "find": collection,
        "filter": {},
        "batchSize": i32::MAX,
        "maxTimeMS": limits::READ.as_millis() as i64,
        "readConcern": concern,
    };
    let mut find = request
        .database
        .run_command(command)
        .selection_criteria(request.criteria);
    if let Some(session) = request.session {
        find = find.session(session);
    }
    let reply = find.await?;
    let found: Found = deserialize_from_document(reply).map_err(Error::custom)?;
    if found.cursor.id != 0 {
        return Err(Error::custom("the collection does not fit into one batch"));
    }
    let values = found.cursor.first_batch.into_iter().map(|element| element.value);
    Ok(values.collect())
}
