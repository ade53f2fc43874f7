//! The last retryable write of each session, on every member alike: an ordinary collection, written from the
//! oplog entries alone.
//!
//! Results are kept in pages of a few statements. In one growing document a batch of 2,000 inserts wrote 2,000 versions
//! of it, each longer than the one before: a quarter of a gigabyte and twenty seconds in which the member did nothing
//! else, on the primary and again on each secondary, so that the set elected another one in the middle of each such batch.

use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, doc};
use protocol::optime::OpTime;

use super::entry::ApplyError;
use crate::storage::change::Change;
use crate::storage::entry::Session;
use crate::storage::key::value_key;
use crate::storage::store::{ReadAt, Store};

/// Where it is.
pub(super) const SESSIONS: &str = "config.transactions";
/// Statements in one document.
const PAGE_STATEMENTS: i32 = 16;

/// What an entry of a retryable statement changes here.
pub(super) fn changes(
    store: &Store,
    optime: OpTime,
    session: Session<'_>,
    result: Option<&bson::RawDocument>,
) -> Result<Vec<Change>, ApplyError> {
    let ns: Arc<str> = Arc::from(SESSIONS);
    let lsid = Document::from_reader(session.lsid)?;
    let number = session.txn_number;
    let page = page_of(session.stmt_id);
    let own = record(store, &lsid, page)?.filter(|record| number_of(record) == Some(number));
    let mut statements = own
        .and_then(|record| record.get_array("statements").ok().cloned())
        .unwrap_or_default();
    let result = match result {
        Some(result) => Document::try_from(result)?,
        None => doc! { "n": 1 },
    };
    // A clone may hold the statement already.
    statements.retain(|recorded| statement_id(recorded) != Some(session.stmt_id));
    statements.push(Bson::Document(
        doc! { "stmtId": session.stmt_id, "result": result },
    ));
    let mut changes = Vec::new();
    if store.collection(SESSIONS, ReadAt::Latest)?.is_none() {
        changes.push(Change::CreateCollection {
            ns: Arc::clone(&ns),
            uuid: None,
            options: Vec::new(),
        });
    }
    let mut put = |page, statements: Vec<Bson>| -> Result<(), ApplyError> {
        let record = doc! {
            "_id": id(&lsid, page),
            "txnNum": number,
            "lastWriteOpTime": crate::replication::hello::optime(optime),
            "statements": statements,
        };
        let record = RawDocumentBuf::try_from(&record)?;
        changes.push(Change::put(&ns, record.as_bytes())?);
        Ok(())
    };
    // The first page tells the session's newest number, also when its own statements wrote nothing.
    if page > 0 && newest_number_in(store, &lsid)? != Some(number) {
        put(0, Vec::new())?;
    }
    put(page, statements)?;
    Ok(changes)
}

/// The number of a session's newest retryable write.
pub(super) fn newest_number(store: &Store, lsid: &[u8]) -> Result<Option<i64>, ApplyError> {
    newest_number_in(store, &Document::from_reader(lsid)?)
}

/// The result of a statement, if it was executed.
pub(super) fn executed(
    store: &Store,
    lsid: &[u8],
    number: i64,
    statement: i32,
) -> Result<Option<Document>, ApplyError> {
    let lsid = Document::from_reader(lsid)?;
    let record = record(store, &lsid, page_of(statement))?.filter(|record| number_of(record) == Some(number));
    let statements = record.and_then(|record| record.get_array("statements").ok().cloned());
    let found = statements
        .into_iter()
        .flatten()
        .find(|recorded| statement_id(recorded) == Some(statement));
    Ok(found.and_then(|recorded| recorded.as_document()?.get_document("result").ok().cloned()))
}

fn newest_number_in(store: &Store, lsid: &Document) -> Result<Option<i64>, ApplyError> {
    Ok(record(store, lsid, 0)?.as_ref().and_then(number_of))
}

fn record(store: &Store, lsid: &Document, page: i32) -> Result<Option<Document>, ApplyError> {
    let id = RawDocumentBuf::try_from(&id(lsid, page))?;
    let key = value_key(bson::RawBsonRef::Document(&id))?;
    let found = store.get(SESSIONS, &key, ReadAt::Latest)?;
    Ok(match found {
        Some(bytes) => Some(Document::from_reader(bytes.as_ref())?),
        None => None,
    })
}

fn page_of(statement: i32) -> i32 {
    statement.max(0) / PAGE_STATEMENTS
}

/// The first page bears the session's own id.
fn id(lsid: &Document, page: i32) -> Document {
    let mut id = lsid.clone();
    if page > 0 {
        id.insert("page", page);
    }
    id
}

fn number_of(record: &Document) -> Option<i64> {
    record.get_i64("txnNum").ok()
}

fn statement_id(recorded: &Bson) -> Option<i32> {
    recorded.as_document()?.get_i32("stmtId").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::store::MemoryEngine;

    #[test]
    fn each_statement_of_the_newest_write_is_found_and_no_older_one() {
        let mut store = Store::with_engine(Arc::new(MemoryEngine::default())).unwrap();
        for statement in 0..100 {
            execute(&mut store, 7, statement);
        }
        // Number 8 begins late: what was before it wrote nothing.
        execute(&mut store, 8, 40);
        let lsid = lsid();
        let find = |number, statement| executed(&store, lsid.as_bytes(), number, statement).unwrap();
        assert_eq!(newest_number(&store, lsid.as_bytes()).unwrap(), Some(8));
        assert_eq!(find(8, 40), Some(doc! { "n": 40 }));
        assert_eq!((find(8, 41), find(8, 0), find(7, 40)), (None, None, None));
    }

    #[test]
    fn what_a_long_batch_writes_here_grows_with_its_length_only() {
        let bytes_of = |count| {
            let mut store = Store::with_engine(Arc::new(MemoryEngine::default())).unwrap();
            (0..count).for_each(|statement| execute(&mut store, 1, statement));
            store.overlay_bytes()
        };
        let (short, long) = (bytes_of(200), bytes_of(800));
        assert!(
            long < short * 5,
            "{short} bytes for 200 statements, {long} for 800"
        );
    }

    fn execute(store: &mut Store, number: i64, statement: i32) {
        let optime = OpTime::new(1, 1, store.last_applied().ts.inc + 1);
        let lsid = lsid();
        let session = Session {
            lsid: lsid.as_bytes(),
            txn_number: number,
            stmt_id: statement,
        };
        let result = bson::rawdoc! { "n": statement };
        let changes = changes(store, optime, session, Some(&result)).unwrap();
        store.apply(optime, &changes).unwrap();
    }

    fn lsid() -> RawDocumentBuf {
        bson::rawdoc! { "id": 1 }
    }
}
