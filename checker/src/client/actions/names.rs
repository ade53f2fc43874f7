//! Claimed names are a collection, one document `{_id: value, by: process, mark}` per name.

use mongodb::bson::{Document, doc};
use workloads::operation::{Key, Observed, Value};

use super::super::{
    places::{self, MARK},
    process_client::{Outcome, Request},
};

/// `insert` of one document; a duplicate key means that the name is taken.
pub(super) async fn claim(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let names = request.database.collection::<Document>(&places::names(key));
    let mut insert = names
        .insert_one(doc! {"_id": value, "by": request.process, MARK: request.mark})
        .write_concern(request.write);
    if let Some(session) = request.session {
        insert = insert.session(session);
    }
    insert.await?;
    Ok(Observed::Done)
}
