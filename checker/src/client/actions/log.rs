//! A log is a collection of inserts `{_id: value, mark}` that is read from the oplog, not from the collection.

use mongodb::{
    bson::{Bson, Document, Timestamp, deserialize_from_document, doc},
    error::Error,
};
use serde::Deserialize;
use workloads::operation::{Key, Observed, Value};

use super::{
    super::{
        limits,
        places::{self, DATABASE, MARK},
        process_client::{Outcome, Request},
    },
    set,
};

const OPLOG: &str = "oplog.rs";

/// Entries of one batch.
const BATCH: i32 = 1_000;

#[derive(Debug, Deserialize)]
struct Reply {
    cursor: Cursor,
}

#[derive(Debug, Deserialize)]
struct Cursor {
    id: i64,
    #[serde(rename = "firstBatch", alias = "nextBatch")]
    batch: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "o")]
    document: Inserted,
}

#[derive(Debug, Deserialize)]
struct Inserted {
    #[serde(rename = "_id")]
    value: Value,
}

/// `insert` of one document.
pub(super) async fn insert(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let log = request.database.collection::<Document>(&places::log(key));
    let mut insert = log
        .insert_one(doc! {"_id": value, MARK: request.mark})
        .write_concern(request.write);
    if let Some(session) = request.session {
        insert = insert.session(session);
    }
    insert.await?;
    Ok(Observed::Done)
}

/// Follows `local.oplog.rs` with a tailable cursor up to the commit point that the member told before: entries after
/// it may still be rolled back, so a careful follower waits for them to be committed.
pub(super) async fn follow(request: Request<'_>, key: Key) -> Outcome {
    let client = request.database.client();
    let hello = client.database("admin").run_command(doc! {"hello": 1}).await?;
    let Some(committed) = commit_point(&hello) else {
        return Err(Error::custom("the member knows no commit point"));
    };
    let namespace = format!("{DATABASE}.{}", places::log(key));
    let find = doc! {
        "find": OPLOG,
        "filter": {"op": "i", "ns": namespace, "ts": {"$lte": Bson::Timestamp(committed)}},
        "tailable": true,
        "batchSize": BATCH,
        "maxTimeMS": limits::READ.as_millis() as i64,
    };
    let local = client.database("local");
    let ask = |command: Document| {
        local
            .run_command(command)
            .selection_criteria(request.criteria.clone())
    };
    let first: Reply = deserialize_from_document(ask(find).await?).map_err(Error::custom)?;
    let id = first.cursor.id;
    let mut values: Vec<Value> = Vec::new();
    let mut batch = first.cursor.batch;
    // The first empty batch is the end: all entries up to the commit point were there before the cursor was.
    while !batch.is_empty() {
        values.extend(batch.iter().map(|entry| entry.document.value));
        if id == 0 {
            break;
        }
        let more = doc! {"getMore": id, "collection": OPLOG, "batchSize": BATCH};
        let more: Reply = deserialize_from_document(ask(more).await?).map_err(Error::custom)?;
        batch = more.cursor.batch;
    }
    if id != 0 {
        ask(doc! {"killCursors": OPLOG, "cursors": [id]}).await?;
    }
    // Asked last: what is there now was there before. A member that copied its data, or has dropped its oldest entries, shows
    // the rest only, which says nothing about what came first. It still has the documents.
    let oldest = ask(doc! {"find": OPLOG, "limit": 1, "singleBatch": true}).await?;
    if is_beginning(&oldest) {
        return Ok(Observed::Elements(values));
    }
    set::documents(request, &places::log(key))
        .await
        .map(Observed::Unordered)
}

/// Is the oldest entry the one with which the set was initiated?
fn is_beginning(reply: &Document) -> bool {
    let first = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"));
    let entry = first.ok().and_then(|batch| batch.first()?.as_document());
    let message = entry.and_then(|entry| entry.get_document("o").ok()?.get_str("msg").ok());
    message == Some("initiating set")
}

fn commit_point(hello: &Document) -> Option<Timestamp> {
    let last_write = hello.get_document("lastWrite").ok()?;
    last_write
        .get_document("majorityOpTime")
        .ok()?
        .get_timestamp("ts")
        .ok()
}
