//! Oplog entries: made for this member's own writes, applied to the data for everybody's.

use std::sync::Arc;
use std::time::SystemTime;

use bson::{Document, RawDocumentBuf, rawdoc};
use protocol::optime::OpTime;

use super::session_table;
use crate::commands::WriteOp;
use crate::storage::change::Change;
use crate::storage::entry::{EntryError, EntryParts, OpKind, OplogEntry, Session, build};
use crate::storage::key::KeyError;
use crate::storage::store::{Store, StoreError};

/// A retryable write's statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) lsid: RawDocumentBuf,
    pub(super) txn_number: i64,
    pub(super) number: i32,
    pub(super) result: Option<Document>,
}

/// An entry that can't be applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    #[error(transparent)]
    Entry(#[from] EntryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the session table can't be written: {0}")]
    Session(#[from] bson::error::Error),
    #[error("a collection was renamed while it was cloned")]
    Renamed,
}

/// The bytes of a no-op.
pub(super) fn of_noop(optime: OpTime, message: &str) -> Arc<[u8]> {
    let note = rawdoc! { "msg": message };
    parts(optime, OpKind::Noop, "", note.as_bytes(), None, None)
}

/// The bytes of a write. The result of a retryable statement travels in `o2`, so that whoever is primary next can
/// answer the retry.
pub(super) fn of_write(
    optime: OpTime,
    write: &WriteOp,
    statement: Option<&Statement>,
) -> Result<Arc<[u8]>, bson::error::Error> {
    let session = statement.map(|statement| Session {
        lsid: statement.lsid.as_bytes(),
        txn_number: statement.txn_number,
        stmt_id: statement.number,
    });
    let result = statement.and_then(|statement| statement.result.as_ref());
    let object2 = |id: Option<&RawDocumentBuf>| -> Result<Option<RawDocumentBuf>, bson::error::Error> {
        let mut object2 = id.cloned().unwrap_or_default();
        if let Some(result) = result {
            object2.append(bson::cstr!("r"), RawDocumentBuf::try_from(result)?);
        }
        Ok((id.is_some() || result.is_some()).then_some(object2))
    };
    Ok(match write {
        WriteOp::Insert { ns, document } => {
            let object2 = object2(None)?;
            parts(
                optime,
                OpKind::Insert,
                ns,
                document.as_bytes(),
                object2.as_ref(),
                session,
            )
        }
        WriteOp::Update { ns, id, document } => {
            let object2 = object2(Some(id))?;
            parts(
                optime,
                OpKind::Update,
                ns,
                document.as_bytes(),
                object2.as_ref(),
                session,
            )
        }
        WriteOp::Delete { ns, id } => {
            let object2 = object2(None)?;
            parts(
                optime,
                OpKind::Delete,
                ns,
                id.as_bytes(),
                object2.as_ref(),
                session,
            )
        }
        WriteOp::Ddl { database, object } => {
            let ns = format!("{database}.$cmd");
            parts(optime, OpKind::Command, &ns, object.as_bytes(), None, session)
        }
    })
}

fn parts(
    optime: OpTime,
    op: OpKind,
    ns: &str,
    object: &[u8],
    object2: Option<&RawDocumentBuf>,
    session: Option<Session<'_>>,
) -> Arc<[u8]> {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let wall_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let object2 = object2.map(|object2| object2.as_bytes());
    build(&EntryParts {
        optime,
        op,
        ns,
        uuid: None,
        object,
        object2,
        wall_ms,
        session,
    })
}

/// Lets an entry take effect on the data: the same on the primary, on secondaries and in recovery.
pub(super) fn apply(store: &mut Store, optime: OpTime, bytes: &[u8]) -> Result<(), ApplyError> {
    let changes = changes(store, optime, bytes)?;
    store.apply(optime, &changes)?;
    Ok(())
}

/// Lets an entry take effect on data that may hold it already, or more (R-99).
///
/// A renaming can't be told apart from its repetition: the name may belong to another collection by now, and pages read
/// under the old name may be lost. The clone has to be made anew then.
pub(super) fn apply_to_clone(store: &mut Store, optime: OpTime, bytes: &[u8]) -> Result<(), ApplyError> {
    let changes = changes(store, optime, bytes)?;
    #[cfg(feature = "planted-bugs")]
    let changes = super::confused_clone::changes(store, bytes, changes)?;
    if changes
        .iter()
        .any(|change| matches!(change, Change::RenameCollection { .. }))
    {
        return Err(ApplyError::Renamed);
    }
    store.apply_to_clone(optime, &changes)?;
    Ok(())
}

fn changes(store: &Store, optime: OpTime, bytes: &[u8]) -> Result<Vec<Change>, ApplyError> {
    let entry = OplogEntry::parse(bytes)?;
    let mut changes = entry.changes()?;
    #[cfg(feature = "planted-bugs")]
    crate::bugs::non_idempotent_oplog::take_steps(store, &mut changes)?;
    if let Some(session) = entry.session {
        let result = entry.object2.and_then(|object2| object2.get_document("r").ok());
        changes.extend(session_table::changes(store, optime, session, result)?);
    }
    Ok(changes)
}

/// Replays what the log has and the store has not (R-97).
pub(super) fn replay(
    log: &mut crate::storage::log::Log,
    store: &mut Store,
) -> Result<u64, crate::server::StartError> {
    const BATCH: usize = 1000;
    const BATCH_BYTES: usize = 16 << 20;
    let mut replayed = 0;
    loop {
        let entries = log.entries_after(store.last_applied(), BATCH, BATCH_BYTES)?;
        if entries.is_empty() {
            return Ok(replayed);
        }
        for (optime, bytes) in entries {
            #[cfg(feature = "planted-bugs")]
            if replayed == 0 && crate::bugs::is_planted(&crate::bugs::skips_an_entry_at_start::BUG) {
                replayed += 1;
                continue;
            }
            apply(store, optime, &bytes).map_err(|error| crate::server::StartError::Replay {
                optime,
                why: error.to_string(),
            })?;
            replayed += 1;
        }
    }
}
