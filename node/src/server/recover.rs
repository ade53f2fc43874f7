//! What the core finds of itself when it starts: the durable records and the oplog's positions.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::oid::ObjectId;
use protocol::config::{Config, MemberId};
use protocol::initial_sync::Unsynced;
use protocol::oplog::Oplog;
use protocol::optime::OpTime;
use protocol::output::Vote;
use protocol::state::Durable;

use super::event_loop::record;
use super::start_error::StartError;
use crate::options::Options;
use crate::storage::log::{Log, Recovered};

/// The core's durable state. `life` is a number of this start.
///
/// # Errors
/// When a record can't be read, or is of another set.
pub(super) fn recover_core(
    recovered: &Recovered,
    options: &Options,
    life: u64,
) -> Result<Durable, StartError> {
    let meta = &recovered.meta;
    let mut vote: Vote = read_record(meta, record::VOTE)?.unwrap_or(Vote::NONE);
    let mut config: Config = read_record(meta, record::CONFIG)?.unwrap_or_else(Config::none);
    let mut me: MemberId = read_record(meta, record::MEMBER)?.unwrap_or(MemberId(u8::MAX));
    let rollback_id: u32 = read_record(meta, record::ROLLBACK_ID)?.unwrap_or(0);
    let asked = options.set_name().unwrap_or_default();
    if !config.is_none() && config.set_name != asked {
        return Err(StartError::OtherSet {
            found: config.set_name,
            asked: asked.to_owned(),
        });
    }
    let port: Option<u16> = read_record(meta, record::PORT)?;
    #[cfg(feature = "planted-bugs")]
    let port = port.filter(|_| !crate::bugs::is_planted(&crate::bugs::clones_local_or_config_wrongly::BUG));
    if port.is_some_and(|port| port != options.port()) {
        // N08: two members with one vote. Whoever this is now, the set will tell.
        tracing::warn!("the data directory is another member's copy: its data stay, its identity does not");
        (vote, config, me) = (Vote::NONE, Config::none(), MemberId(u8::MAX));
    }
    let positions = recovered.positions.iter().copied();
    let oplog = Oplog::new(recovered.base.unwrap_or(OpTime::NULL), positions);
    Ok(Durable {
        me,
        config: Arc::new(config),
        vote,
        oplog,
        rollback_id,
        unsynced: read_record::<Option<Unsynced>>(meta, record::UNSYNCED)?.flatten(),
        life,
    })
}

/// What this member calls itself in `local.me`: made at its first start, and again for a copied directory (S4-05).
///
/// # Errors
/// When the record can't be read or written.
pub(super) fn recover_own_id(
    recovered: &Recovered,
    options: &Options,
    log: &mut Log,
) -> Result<ObjectId, StartError> {
    let port: Option<u16> = read_record(&recovered.meta, record::PORT)?;
    #[cfg(feature = "planted-bugs")]
    let port = port.filter(|_| !crate::bugs::is_planted(&crate::bugs::clones_local_or_config_wrongly::BUG));
    let known: Option<[u8; 12]> = read_record(&recovered.meta, record::ME)?;
    if let Some(known) = known
        && port.is_none_or(|port| port == options.port())
    {
        return Ok(ObjectId::from_bytes(known));
    }
    let own_id = ObjectId::new();
    log.persist(record::ME, &own_id.bytes())?;
    Ok(own_id)
}

fn read_record<T: serde::de::DeserializeOwned>(
    meta: &BTreeMap<String, Vec<u8>>,
    name: &'static str,
) -> Result<Option<T>, StartError> {
    let Some(bytes) = meta.get(name) else {
        return Ok(None);
    };
    let value = postcard::from_bytes(bytes).map_err(|error| StartError::Record {
        name,
        why: error.to_string(),
    })?;
    Ok(Some(value))
}
