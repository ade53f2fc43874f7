//! A counter is one document, `{_id: key, count, mark}`.

use std::time::Duration;

use mongodb::{
    ClientSession, Collection, Database,
    bson::{Document, deserialize_from_document, doc, serialize_to_bson},
    error::Error,
};
use serde::Deserialize;
use workloads::operation::{Key, Observed};

use super::super::{
    error_class::{ErrorClass, of_error},
    limits,
    places::{COUNT, COUNTERS, MARK},
    process_client::{Outcome, Request},
};

/// How often an increment is sent. The same statement under the same transaction number: however often it arrives, it
/// must count once.
const ATTEMPTS: u32 = 4;

/// Before it is sent again: an election takes about a second.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Deserialize)]
struct Counter {
    #[serde(default)]
    count: i64,
}

#[derive(Debug, Deserialize)]
struct Changed {
    value: Option<Counter>,
    #[serde(default, rename = "writeConcernError")]
    concern: Option<Document>,
}

/// `findAndModify` with `$inc` that returns the document as it is after: a retryable write, retried until it is
/// answered. When no attempt is, one of unknown end decides: it may have arrived.
pub(super) async fn increment(request: Request<'_>, key: Key, by: i64) -> Outcome {
    let command = doc! {
        "findAndModify": COUNTERS,
        "query": {"_id": key},
        "update": {"$inc": {COUNT: by}, "$set": {MARK: request.mark}},
        "upsert": true,
        "new": true,
        "writeConcern": serialize_to_bson(&request.write).map_err(Error::custom)?,
        "maxTimeMS": limits::READ.as_millis() as i64,
        // Marks rise, so a session never uses a number again.
        "txnNumber": request.mark,
    };
    let mut own;
    let session = match request.session {
        Some(session) => session,
        None => {
            own = request.database.client().start_session().await?;
            &mut own
        }
    };
    let mut unknown: Option<Error> = None;
    let mut attempt = 1;
    loop {
        match send(&request.database, &command, &mut *session).await {
            Ok(count) => return Ok(Observed::Count(count)),
            Err(error) => {
                if of_error(&error, true) == ErrorClass::Unknown {
                    unknown.get_or_insert(error);
                } else if attempt == ATTEMPTS {
                    return Err(unknown.unwrap_or(error));
                }
            }
        }
        if attempt == ATTEMPTS {
            break;
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
    Err(unknown.unwrap_or_else(|| Error::custom("no attempt was answered")))
}

async fn send(database: &Database, command: &Document, session: &mut ClientSession) -> Result<i64, Error> {
    let reply = database.run_command(command.clone()).session(session).await?;
    let changed: Changed = deserialize_from_document(reply).map_err(Error::custom)?;
    match (changed.value, changed.concern) {
        (Some(counter), None) => Ok(counter.count),
        (_, Some(concern)) => Err(Error::custom(format!("write concern: {concern}"))),
        (None, None) => Err(Error::custom("an increment with upsert returned no document")),
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
