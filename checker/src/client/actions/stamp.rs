//! A stamp is a write whose operation time is looked at: `{_id: key, value, mark}`.

use mongodb::{
    bson::{Document, doc},
    error::Error,
};
use workloads::operation::{Key, Observed, Value};

use super::super::{
    places::{MARK, STAMPS, VALUE},
    process_client::{Outcome, Request},
};

/// `update` with upsert in a session, which keeps the reply's `operationTime`.
pub(super) async fn stamp(request: Request<'_>, key: Key, value: Value) -> Outcome {
    let stamps = request.database.collection::<Document>(STAMPS);
    let change = doc! {"$set": {VALUE: value, MARK: request.mark}};
    let mut own;
    let session = match request.session {
        Some(session) => session,
        None => {
            own = request.database.client().start_session().await?;
            &mut own
        }
    };
    stamps
        .update_one(doc! {"_id": key}, change)
        .upsert(true)
        .write_concern(request.write)
        .session(&mut *session)
        .await?;
    match session.operation_time() {
        Some(time) => Ok(Observed::Stamped(
            u64::from(time.time) << 32 | u64::from(time.increment),
        )),
        None => Err(Error::custom("the reply carries no operationTime")),
    }
}
