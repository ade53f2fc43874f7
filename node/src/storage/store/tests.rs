//! The store through its public face.

use std::sync::Arc;

use bson::{Document, RawBsonRef, RawDocumentBuf, doc};
use protocol::optime::OpTime;

use super::{
    Batch, BatchItem, Engine, EngineError, FjallEngine, FjallOptions, KeyRange, MemoryEngine, PageLimit,
    ReadAt, Room, Row, Store, StoreError, StoreOptions,
};
use crate::storage::change::Change;
use crate::storage::index::IndexSpec;
use crate::storage::key::value_key;

#[test]
fn majority_reads_see_the_commit_point_and_local_reads_the_latest() {
    let mut store = store();
    store.apply(at(1), &[create(), put(1, "old")]).unwrap();
    store.apply(at(2), &[put(1, "new"), put(2, "new")]).unwrap();
    store.apply(at(3), &[delete(1)]).unwrap();
    assert_eq!(get(&store, 1, ReadAt::At(at(1))), Some("old".to_owned()));
    assert_eq!(get(&store, 1, ReadAt::At(at(2))), Some("new".to_owned()));
    assert_eq!(get(&store, 1, ReadAt::Latest), None);
    assert_eq!(get(&store, 2, ReadAt::At(at(1))), None);
    assert_eq!(store.counts(NS, ReadAt::At(at(2))).unwrap().objects, 2);
    assert_eq!(store.counts(NS, ReadAt::Latest).unwrap().objects, 1);
}

#[test]
fn a_rollback_takes_back_documents_collections_and_counters() {
    let mut store = store();
    store.apply(at(1), &[create(), put(1, "one")]).unwrap();
    store.absorb_and_wait(at(1)).unwrap();
    let before = store.hash(ReadAt::Latest).unwrap();
    let counts = store.counts(NS, ReadAt::Latest).unwrap();
    store.apply(at(2), &[put(1, "changed"), put(2, "two")]).unwrap();
    store
        .apply(at(3), &[Change::DropCollection { ns: NS.into() }])
        .unwrap();
    assert!(store.collections(ReadAt::Latest).unwrap().is_empty());
    store.apply(at(4), &[create(), put(7, "another life")]).unwrap();
    store.roll_back_to(at(1)).unwrap();
    assert_eq!(store.hash(ReadAt::Latest).unwrap(), before);
    assert_eq!(store.counts(NS, ReadAt::Latest).unwrap(), counts);
    assert_eq!(store.last_applied(), at(1));
    let refused = store.roll_back_to(OpTime::NULL).unwrap_err();
    assert!(matches!(refused, StoreError::RollbackTooFar { .. }), "{refused}");
}

#[test]
fn what_is_absorbed_is_there_after_a_restart_and_nothing_else() {
    let engine = MemoryEngine::default();
    let mut store = Store::with_engine(Arc::new(engine.clone())).unwrap();
    store.apply(at(1), &[create(), put(1, "one")]).unwrap();
    store.apply(at(2), &[put(2, "two")]).unwrap();
    store.apply(at(3), &[put(3, "three")]).unwrap();
    store.absorb_and_wait(at(2)).unwrap();
    assert_eq!(store.applied_through(), at(2));
    let refused = store.get(NS, &id(1), ReadAt::At(at(1))).unwrap_err();
    assert!(matches!(refused, StoreError::SnapshotTooOld { .. }), "{refused}");
    drop(store);
    let store = Store::with_engine(Arc::new(engine)).unwrap();
    assert_eq!(store.applied_through(), at(2));
    assert_eq!(get(&store, 2, ReadAt::Latest), Some("two".to_owned()));
    assert_eq!(get(&store, 3, ReadAt::Latest), None);
    assert_eq!(store.counts(NS, ReadAt::Latest).unwrap().objects, 2);
}

#[test]
fn pages_merge_overlay_and_engine_in_both_orders_and_resume() {
    let mut store = store();
    store.apply(at(1), &[create()]).unwrap();
    for number in (0..20).step_by(2) {
        store.apply(at(1), &[put(number, "even")]).unwrap();
    }
    store.absorb_and_wait(at(1)).unwrap();
    for number in (1..20).step_by(2) {
        store.apply(at(2), &[put(number, "odd")]).unwrap();
    }
    store.apply(at(2), &[delete(4), put(6, "changed")]).unwrap();
    let expected: Vec<_> = (0..20).filter(|number| *number != 4).collect();
    assert_eq!(walk(&store, KeyRange::all(), ReadAt::Latest), expected);
    let backwards: Vec<_> = expected.iter().rev().copied().collect();
    assert_eq!(
        walk(&store, KeyRange::all().reversed(), ReadAt::Latest),
        backwards
    );
    let even: Vec<_> = (0..20).step_by(2).collect();
    assert_eq!(walk(&store, KeyRange::all(), ReadAt::At(at(1))), even);
}

#[test]
fn a_wipe_forgets_everything_on_disk_too_and_may_be_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    store.apply(at(5), &[create(), put(1, "one")]).unwrap();
    store.absorb_and_wait(at(5)).unwrap();
    store.wipe().unwrap();
    assert_eq!(
        (store.last_applied(), store.applied_through()),
        (OpTime::NULL, OpTime::NULL)
    );
    store.apply(at(1), &[create(), put(2, "two")]).unwrap();
    store.absorb_and_wait(at(1)).unwrap();
    drop(store);
    // A power cut after the old folder was renamed and before it was gone.
    std::fs::create_dir(directory.path().join("store.wiped")).unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    assert_eq!(walk(&store, KeyRange::all(), ReadAt::Latest), [2]);
    assert!(!directory.path().join("store.wiped").exists());
}

#[test]
fn a_unique_index_finds_the_other_document_and_not_the_same_one() {
    let mut store = store();
    let index = doc! { "key": { "text": 1 }, "name": "text_1", "unique": true };
    let index = IndexSpec::parse(RawDocumentBuf::try_from(&index).unwrap().as_bytes()).unwrap();
    let create_index = Change::CreateIndex { ns: NS.into(), index };
    store
        .apply(at(1), &[create(), put(1, "one"), create_index])
        .unwrap();
    let duplicate = |store: &Store, number: i32, text: &str| {
        let Change::Put { id_key, doc, .. } = put(number, text) else {
            unreachable!()
        };
        store.find_duplicate(NS, &id_key, &doc).unwrap()
    };
    assert_eq!(duplicate(&store, 2, "one").unwrap().id_key, id(1));
    assert_eq!(duplicate(&store, 1, "one"), None);
    assert_eq!(duplicate(&store, 2, "on"), None);
    store.apply(at(2), &[delete(1)]).unwrap();
    assert_eq!(duplicate(&store, 2, "one"), None);
}

#[test]
fn changes_of_a_missing_collection_are_refused_except_for_a_clone() {
    let mut store = store();
    let refused = store.apply(
        at(1),
        &[create(), Change::DropCollection { ns: NS.into() }, put(1, "one")],
    );
    assert!(matches!(refused, Err(StoreError::NamespaceNotFound(_))));
    assert_eq!(store.last_applied(), OpTime::NULL, "all or nothing");
    store.apply_to_clone(at(1), &[put(1, "one")]).unwrap();
    assert_eq!(store.last_applied(), at(1));
    assert_eq!(get(&store, 1, ReadAt::Latest), None);
}

#[test]
fn versions_applied_at_the_optime_of_a_batch_under_way_are_not_lost() {
    let engine = MemoryEngine::default();
    let mut store = Store::with_engine(Arc::new(engine.clone())).unwrap();
    store.apply(at(1), &[create()]).unwrap();
    for number in 0..100 {
        store
            .apply(at(1), &[put(7, &format!("version {number}"))])
            .unwrap();
        store.absorb(at(1)).unwrap();
    }
    store.absorb_and_wait(at(1)).unwrap();
    assert_eq!(get(&store, 7, ReadAt::Latest), Some("version 99".to_owned()));
    drop(store);
    let store = Store::with_engine(Arc::new(engine)).unwrap();
    assert_eq!(get(&store, 7, ReadAt::Latest), Some("version 99".to_owned()));
    assert_eq!(store.counts(NS, ReadAt::Latest).unwrap().objects, 1);
}

#[test]
fn a_clone_may_hold_the_document_of_an_insert_already() {
    let mut store = Store::with_engine(Arc::new(MemoryEngine::default())).unwrap();
    let insert = |text: &str| {
        let Change::Put { ns, id_key, doc } = put(1, text) else {
            unreachable!("a put is one")
        };
        Change::Insert { ns, id_key, doc }
    };
    store.apply(at(1), &[create(), insert("one")]).unwrap();
    store.apply_to_clone(at(2), &[insert("once more")]).unwrap();
    assert_eq!(get(&store, 1, ReadAt::Latest), Some("once more".to_owned()));
    assert_eq!(store.counts(NS, ReadAt::Latest).unwrap().objects, 1);
}

/// Memory that counts how often it is made durable.
#[derive(Clone, Debug, Default)]
struct Counting(MemoryEngine, Arc<std::sync::atomic::AtomicUsize>);

impl Engine for Counting {
    fn get(&self, room: Room, key: &[u8]) -> Result<Option<Arc<[u8]>>, EngineError> {
        self.0.get(room, key)
    }

    fn scan(&self, room: Room, range: &KeyRange, limit: PageLimit) -> Result<Vec<Row>, EngineError> {
        self.0.scan(room, range, limit)
    }

    fn apply_batch(&self, batch: Batch) -> Result<(), EngineError> {
        self.0.apply_batch(batch)
    }

    fn flush(&self) -> Result<(), EngineError> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.flush()
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        self.0.disk_bytes()
    }
}

#[test]
fn the_log_is_told_of_nothing_that_a_power_cut_could_take() {
    let engine = Counting::default();
    let flushes = Arc::clone(&engine.1);
    let mut store = Store::with_engine(Arc::new(engine)).unwrap();
    store.apply(at(1), &[create(), put(1, "one")]).unwrap();
    // The next regular flush is far away.
    store.flushed += std::time::Duration::from_secs(3600);
    store.absorb(at(1)).unwrap();
    while store.readable_from() < at(1) || store.in_flight.is_some() {
        store.settle_some().unwrap();
    }
    assert_eq!(store.absorbed_through, at(1));
    assert_eq!(
        (
            flushes.load(std::sync::atomic::Ordering::SeqCst),
            store.applied_through()
        ),
        (0, OpTime::NULL),
        "it is in the engine, and the log has to keep it"
    );
    store.absorb_and_wait(at(1)).unwrap();
    assert_eq!(
        (
            flushes.load(std::sync::atomic::Ordering::SeqCst),
            store.applied_through()
        ),
        (1, at(1))
    );
}

/// The schedule that broke keyspaces of their own: tables are written, then the power goes, and with it the journal.
#[test]
fn a_power_cut_leaves_data_and_marker_of_the_same_batch() {
    const BATCHES_MAX: u32 = 200_000;
    let directory = tempfile::tempdir().unwrap();
    let options = FjallOptions {
        memtable_bytes: 64 << 10,
        ..FjallOptions::default()
    };
    let item = |room, key: &[u8], value: &[u8]| BatchItem {
        room,
        key: key.to_vec(),
        value: Some(value.into()),
    };
    let engine = FjallEngine::open(directory.path(), options).unwrap();
    let before = tables(directory.path());
    let mut written = 0_u32;
    let mut until = BATCHES_MAX;
    while written < until {
        written += 1;
        let document = item(Room::Documents, &written.to_be_bytes(), &[7; 1024]);
        let marker = item(Room::Catalog, b"marker", &written.to_be_bytes());
        engine.apply_batch(vec![document, marker]).unwrap();
        // Some more that are in no table yet.
        if until == BATCHES_MAX && written.is_multiple_of(16) && tables(directory.path()) > before {
            until = written + 10;
        }
    }
    drop(engine);
    let mut journals = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            std::fs::File::create(&path).unwrap();
            journals += 1;
        }
    }
    assert!(journals > 0, "there is no journal to lose");
    let engine = FjallEngine::open(directory.path(), options).unwrap();
    let documents = engine
        .scan(Room::Documents, &KeyRange::all(), PageLimit::NONE)
        .unwrap();
    let marker = engine.get(Room::Catalog, b"marker").unwrap();
    let through = marker.map_or(0, |bytes| u32::from_be_bytes((*bytes).try_into().unwrap()));
    assert_eq!(
        documents.len(),
        through as usize,
        "one was lost without the other"
    );
    assert!(
        (1..written).contains(&through),
        "{through} of {written}: nothing was written to a table, or nothing lost"
    );
}

/// Files in folders called `tables`.
fn tables(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let counts = entries.map(|entry| match entry.path() {
        path if path.is_dir() => tables(&path),
        _ => usize::from(directory.ends_with("tables")),
    });
    counts.sum()
}

#[test]
fn the_rows_of_dropped_collections_leave_the_engine() {
    let engine = MemoryEngine::default();
    let mut store = Store::with_engine(Arc::new(engine.clone())).unwrap();
    store.apply(at(1), &[create(), put(1, "one")]).unwrap();
    store.absorb_and_wait(at(1)).unwrap();
    store
        .apply(at(2), &[Change::DropCollection { ns: NS.into() }])
        .unwrap();
    store.absorb_and_wait(at(2)).unwrap();
    drop(store);
    let rows = |room| {
        engine
            .scan(room, &KeyRange::all(), PageLimit::NONE)
            .unwrap()
            .len()
    };
    assert_eq!(rows(Room::Documents), 0);
    assert_eq!(
        rows(Room::Catalog),
        2,
        "how far the engine is, and the next tree's number"
    );
}

const NS: &str = "test.things";

/// Numbers of all documents, read three at a time.
fn walk(store: &Store, mut range: KeyRange, point: ReadAt) -> Vec<i32> {
    let limit = PageLimit {
        rows: 3,
        ..PageLimit::NONE
    };
    let mut numbers = Vec::new();
    loop {
        let page = store.page(NS, &range, point, limit).unwrap();
        assert!(page.documents.len() <= 3);
        for (_, document) in &page.documents {
            numbers.push(
                Document::from_reader(&document[..])
                    .unwrap()
                    .get_i32("_id")
                    .unwrap(),
            );
        }
        match page.documents.last() {
            Some((last, _)) if !page.is_last => range = range.resumed_after(last),
            _ => return numbers,
        }
    }
}

fn store() -> Store {
    Store::with_engine(Arc::new(MemoryEngine::default())).unwrap()
}

fn get(store: &Store, number: i32, point: ReadAt) -> Option<String> {
    let document = store.get(NS, &id(number), point).unwrap()?;
    Some(
        Document::from_reader(&document[..])
            .unwrap()
            .get_str("text")
            .unwrap()
            .to_owned(),
    )
}

fn create() -> Change {
    Change::CreateCollection {
        ns: NS.into(),
        uuid: None,
        options: Vec::new(),
    }
}

fn put(number: i32, text: &str) -> Change {
    let document = RawDocumentBuf::try_from(&doc! { "_id": number, "text": text }).unwrap();
    Change::put(&NS.into(), document.as_bytes()).unwrap()
}

fn delete(number: i32) -> Change {
    Change::Delete {
        ns: NS.into(),
        id_key: id(number),
    }
}

fn id(number: i32) -> Vec<u8> {
    value_key(RawBsonRef::Int32(number)).unwrap()
}

fn at(seconds: u32) -> OpTime {
    OpTime::new(1, seconds, 1)
}
