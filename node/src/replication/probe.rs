//! Finding oneself in a configuration: every host is asked who it is (as `mongod`'s `_isSelf`), so that a member
//! may be known to the others by a proxy's or a translated address.

use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Document, RawDocumentBuf, doc};

use super::dial;

/// How long one host may take to say who it is.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// This life of its process.
    pub process_id: ObjectId,
    /// It has a configuration already.
    pub has_config: bool,
    /// It has data already.
    pub has_data: bool,
    /// The name it was started with.
    pub set_name: String,
}

/// Asks `host` who it is.
///
/// # Errors
/// In words, naming the host.
pub async fn identify(host: &str) -> Result<Identity, String> {
    let asked = tokio::time::timeout(PROBE_TIMEOUT, ask(host)).await;
    match asked {
        Err(_) => Err(format!(
            "{host} did not answer within {} s",
            PROBE_TIMEOUT.as_secs()
        )),
        Ok(Err(error)) => Err(format!("{host}: {error}")),
        Ok(Ok(identity)) => Ok(identity),
    }
}

async fn ask(host: &str) -> anyhow::Result<Identity> {
    let question = RawDocumentBuf::try_from(&doc! { "_isSelf": 1, "$db": "admin" })?;
    let reply = Document::try_from(&dial::ask(host, &question).await?)?;
    Ok(Identity {
        process_id: reply.get_object_id("id")?,
        has_config: reply.get_bool("hasConfig").unwrap_or(true),
        has_data: reply.get_bool("hasData").unwrap_or(true),
        set_name: reply.get_str("setName").unwrap_or_default().to_owned(),
    })
}
