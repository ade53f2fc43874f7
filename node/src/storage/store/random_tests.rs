//! Random histories against a model that keeps every state: nothing the store says may differ from it, at any
//! point that can still be read, across rollbacks, merges into the engine and restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bson::{Document, RawDocumentBuf, doc};
use protocol::optime::OpTime;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Engine, FjallEngine, FjallOptions, KeyRange, MemoryEngine, PageLimit, ReadAt, Store};
use crate::storage::entry::{EntryParts, OpKind, OplogEntry, build};
use crate::storage::key::id_key;
use crate::storage::log::{Durability, Log, LogOptions};

#[test]
fn a_thousand_random_histories_in_memory() {
    for seed in 0..1000 {
        let engine = MemoryEngine::default();
        let mut world = World::new(seed, || Arc::new(engine.clone()));
        for _ in 0..80 {
            world.turn();
        }
        world.check();
    }
}

#[test]
fn random_histories_on_disk_with_kills() {
    for seed in 0..2 {
        let directory = tempfile::tempdir().unwrap();
        let mut world = DiskWorld::new(seed, directory.path());
        for _ in 0..300 {
            world.turn();
        }
        world.restart();
        world.world.check();
    }
}

type Documents = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// What a member should hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    collections: BTreeMap<String, Documents>,
    indexes: BTreeMap<String, BTreeSet<String>>,
}

const DATABASES: [&str; 2] = ["a", "ab"];
const FIELDS: [&str; 3] = ["x", "y.z", "x_y"];

/// A store, its log as a list of entries, and every state since the beginning.
struct World<'a> {
    dice: ChaCha8Rng,
    open: Box<dyn Fn() -> Arc<dyn Engine> + 'a>,
    store: Option<Store>,
    /// `states[n]` is the state after the first `n` entries.
    entries: Vec<(OpTime, Arc<[u8]>)>,
    states: Vec<State>,
    committed: usize,
    term: i64,
    clock: u32,
}

impl<'a> World<'a> {
    fn new(seed: u64, open: impl Fn() -> Arc<dyn Engine> + 'a) -> Self {
        let open = Box::new(open);
        Self {
            dice: ChaCha8Rng::seed_from_u64(seed),
            store: Some(Store::with_engine(open()).unwrap()),
            open,
            entries: Vec::new(),
            states: vec![State::default()],
            committed: 0,
            term: 1,
            clock: 0,
        }
    }

    fn turn(&mut self) {
        match self.roll(20) {
            0 => self.commit(),
            1 => self.absorb(),
            2 => self.roll_back(),
            3 if self.roll(3) == 0 => self.restart(),
            4 => self.check(),
            5 => self.store.as_mut().unwrap().settle_some().unwrap(),
            _ => self.write(),
        }
    }

    fn write(&mut self) {
        let (op, ns, object, object2) = self.operation();
        let optime = self.next_optime();
        let entry = build(&EntryParts {
            optime,
            op,
            ns: &ns,
            uuid: None,
            object: &raw(&object),
            object2: object2.as_ref().map(raw).as_deref(),
            wall_ms: 0,
            session: None,
        });
        let mut state = self.states.last().unwrap().clone();
        model_apply(&mut state, op, &ns, &object);
        replay(self.store.as_mut().unwrap(), optime, &entry);
        self.entries.push((optime, entry));
        self.states.push(state);
    }

    fn next_optime(&mut self) -> OpTime {
        self.clock += 1;
        OpTime::new(self.term, self.clock, 1)
    }

    /// Some operation that makes sense now.
    fn operation(&mut self) -> (OpKind, String, Document, Option<Document>) {
        let state = self.states.last().unwrap();
        let names: Vec<String> = state.collections.keys().cloned().collect();
        let db = self.pick(&DATABASES);
        let command = format!("{db}.$cmd");
        let kind = self.roll(30);
        if names.is_empty() || kind == 0 {
            let name = format!("c{}", self.roll(3));
            return (OpKind::Command, command, doc! { "create": name }, None);
        }
        let ns = names[self.roll(names.len())].clone();
        let (db, collection) = ns.split_once('.').unwrap();
        let command = format!("{db}.$cmd");
        let field = self.pick(&FIELDS);
        match kind {
            1 => (OpKind::Command, command, doc! { "drop": collection }, None),
            2 if self.roll(3) == 0 => (OpKind::Command, command, doc! { "dropDatabase": 1 }, None),
            3 => {
                let to = format!("{db}.c{}", self.roll(3));
                (
                    OpKind::Command,
                    command,
                    doc! { "renameCollection": ns.as_str(), "to": to },
                    None,
                )
            }
            4 | 5 => {
                let key = if self.roll(2) == 0 {
                    doc! { field: 1 }
                } else {
                    doc! { field: -1, "n": 1 }
                };
                (
                    OpKind::Command,
                    command,
                    doc! { "createIndexes": collection, "key": key, "name": field },
                    None,
                )
            }
            6 => (
                OpKind::Command,
                command,
                doc! { "dropIndexes": collection, "index": field },
                None,
            ),
            7 => (OpKind::Noop, String::new(), doc! {}, None),
            8..=12 => {
                let id = self.roll(12) as i32;
                (OpKind::Delete, ns, doc! { "_id": id }, None)
            }
            _ => {
                let document = self.document();
                let key = id_key(&raw(&document)).unwrap();
                if !self.states.last().unwrap().collections[&ns].contains_key(&key) {
                    return (OpKind::Insert, ns, document, None);
                }
                let id = doc! { "_id": document.get("_id").unwrap().clone() };
                (OpKind::Update, ns, document, Some(id))
            }
        }
    }

    fn document(&mut self) -> Document {
        let id = self.roll(12) as i32;
        let n = self.roll(5) as i32;
        match self.roll(4) {
            0 => doc! { "_id": id, "n": n },
            1 => doc! { "_id": id, "x": n },
            2 => doc! { "_id": id, "x": [n, 2, "two"], "y": { "z": n } },
            _ => doc! { "_id": id, "y": [{ "z": n }, { "z": 2.0 }], "n": "padding".repeat(n as usize) },
        }
    }

    fn commit(&mut self) {
        let ahead = self.entries.len() - self.committed;
        self.committed += self.roll(ahead + 1);
    }

    fn absorb(&mut self) {
        let up_to = self.optime(self.committed);
        let in_background = self.roll(2) == 0;
        let store = self.store.as_mut().unwrap();
        if in_background {
            store.absorb(up_to).unwrap();
        } else {
            store.absorb_and_wait(up_to).unwrap();
            assert_eq!(store.applied_through(), up_to);
        }
    }

    fn roll_back(&mut self) {
        let common = self.committed + self.roll(self.entries.len() - self.committed + 1);
        let optime = self.optime(common);
        self.store.as_mut().unwrap().roll_back_to(optime).unwrap();
        self.entries.truncate(common);
        self.states.truncate(common + 1);
        self.term += 1;
    }

    fn restart(&mut self) {
        self.store = None;
        let mut store = Store::with_engine((self.open)()).unwrap();
        let from = store.applied_through();
        for (optime, entry) in self.entries.iter().filter(|(optime, _)| *optime > from) {
            replay(&mut store, *optime, entry);
        }
        self.store = Some(store);
    }

    /// Compares the latest state and one older one.
    fn check(&mut self) {
        let store = self.store.as_ref().unwrap();
        let latest = self.entries.len();
        compare(store, ReadAt::Latest, &self.states[latest]);
        let oldest = (0..=latest)
            .find(|n| self.optime(*n) >= store.readable_from)
            .unwrap();
        let older = oldest + self.dice.next_u32() as usize % (latest - oldest + 1);
        compare(store, ReadAt::At(self.optime(older)), &self.states[older]);
        assert_eq!(store.last_applied(), self.optime(latest));
    }

    /// Name of the entry that makes `states[n]`.
    fn optime(&self, n: usize) -> OpTime {
        n.checked_sub(1)
            .map_or(OpTime::NULL, |index| self.entries[index].0)
    }

    fn roll(&mut self, below: usize) -> usize {
        self.dice.next_u32() as usize % below
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())]
    }
}

/// The same on a real log and a real engine; a restart forgets what the log had not made durable.
struct DiskWorld<'a> {
    world: World<'a>,
    directory: &'a Path,
    log: Option<Log>,
    logged: usize,
}

const OPTIONS: LogOptions = LogOptions {
    cap_bytes: 8 << 10,
    segment_bytes: 4 << 10,
    ring_bytes: 1 << 10,
};

impl<'a> DiskWorld<'a> {
    fn new(seed: u64, directory: &'a Path) -> Self {
        let engine = move || -> Arc<dyn Engine> {
            Arc::new(FjallEngine::open(&directory.join("store"), FjallOptions::default()).unwrap())
        };
        Self {
            world: World::new(seed, engine),
            directory,
            log: Some(Log::open(directory, OPTIONS).unwrap().0),
            logged: 0,
        }
    }

    fn turn(&mut self) {
        match self.world.roll(30) {
            0..=2 => {
                self.world.commit();
                self.sync();
                self.world.absorb();
                let through = self.world.store.as_ref().unwrap().applied_through();
                self.log.as_mut().unwrap().set_floor(through);
            }
            3 => {
                self.world.roll_back();
                let kept = self.world.entries.len();
                if kept < self.logged {
                    self.log
                        .as_mut()
                        .unwrap()
                        .truncate_after(self.world.optime(kept))
                        .unwrap();
                    self.logged = kept;
                }
            }
            4 => self.restart(),
            5 | 6 => self.world.check(),
            7..=10 => self.sync(),
            _ => self.world.write(),
        }
        self.append();
    }

    fn append(&mut self) {
        let log = self.log.as_mut().unwrap();
        for (optime, entry) in &self.world.entries[self.logged..] {
            log.append(*optime, Arc::clone(entry)).unwrap();
        }
        self.logged = self.world.entries.len();
    }

    fn sync(&mut self) {
        self.append();
        let log = self.log.as_mut().unwrap();
        log.submit();
        while log.durable_lsn() < log.last_lsn() {
            assert!(matches!(*log.durability().borrow(), Durability::UpTo(_)));
            std::thread::yield_now();
        }
        assert_eq!(log.durable_optime(), log.newest());
    }

    /// Kill and start: only what the log made durable is left of the entries.
    fn restart(&mut self) {
        self.world.store = None;
        self.log = None;
        let (mut log, recovered) = Log::open(self.directory, OPTIONS).unwrap();
        let last = recovered.last.unwrap_or(OpTime::NULL);
        // A truncation that was not durable leaves entries of the branch that was given up.
        let durable = (0..=self.world.entries.len())
            .rev()
            .find(|n| self.world.optime(*n) <= last)
            .unwrap();
        assert!(
            durable >= self.world.committed.min(self.logged),
            "a committed entry is gone"
        );
        self.world.entries.truncate(durable);
        self.world.states.truncate(durable + 1);
        self.world.committed = self.world.committed.min(durable);
        if self.world.optime(durable) != last {
            log.truncate_after(self.world.optime(durable)).unwrap();
        }
        self.world.term += 1;
        let mut store = Store::with_engine((self.world.open)()).unwrap();
        let from = store.applied_through();
        assert!(log.covers(from));
        for (optime, entry) in log.entries_after(from, usize::MAX, usize::MAX).unwrap() {
            replay(&mut store, optime, &entry);
        }
        self.world.store = Some(store);
        self.log = Some(log);
        self.logged = self.world.entries.len();
        self.world.check();
    }
}

fn replay(store: &mut Store, optime: OpTime, entry: &[u8]) {
    let entry = OplogEntry::parse(entry).unwrap();
    assert_eq!(entry.optime, optime);
    store.apply(optime, &entry.changes().unwrap()).unwrap();
}

fn model_apply(state: &mut State, op: OpKind, ns: &str, object: &Document) {
    let key = || id_key(&raw(object)).unwrap();
    match op {
        OpKind::Noop => {}
        OpKind::Insert | OpKind::Update => {
            state
                .collections
                .get_mut(ns)
                .unwrap()
                .insert(key(), raw(object).into());
        }
        OpKind::Delete => {
            state.collections.get_mut(ns).unwrap().remove(&key());
        }
        OpKind::Command => model_command(state, ns.strip_suffix(".$cmd").unwrap(), object),
    }
}

fn model_command(state: &mut State, db: &str, object: &Document) {
    let (command, argument) = object.iter().next().unwrap();
    let ns = format!("{db}.{}", argument.as_str().unwrap_or_default());
    match command.as_str() {
        "create" => {
            state.collections.entry(ns.clone()).or_default();
            state.indexes.entry(ns).or_default();
        }
        "drop" => {
            state.collections.remove(&ns);
            state.indexes.remove(&ns);
        }
        "dropDatabase" => {
            let prefix = format!("{db}.");
            state.collections.retain(|ns, _| !ns.starts_with(&prefix));
            state.indexes.retain(|ns, _| !ns.starts_with(&prefix));
        }
        "renameCollection" => {
            let (from, to) = (argument.as_str().unwrap(), object.get_str("to").unwrap());
            let documents = state.collections.remove(from).unwrap();
            let indexes = state.indexes.remove(from).unwrap();
            state.collections.insert(to.to_owned(), documents);
            state.indexes.insert(to.to_owned(), indexes);
        }
        "createIndexes" => {
            state
                .indexes
                .get_mut(&ns)
                .unwrap()
                .insert(object.get_str("name").unwrap().to_owned());
        }
        "dropIndexes" => {
            state
                .indexes
                .get_mut(&ns)
                .unwrap()
                .remove(object.get_str("index").unwrap());
        }
        other => panic!("{other}"),
    }
}

fn compare(store: &Store, at: ReadAt, expected: &State) {
    let collections = store.collections(at).unwrap();
    let names: Vec<&str> = collections.iter().map(|(ns, _)| &**ns).collect();
    assert_eq!(names, expected.collections.keys().collect::<Vec<_>>());
    let limit = PageLimit {
        rows: 5,
        ..PageLimit::NONE
    };
    for (ns, collection) in &collections {
        let indexes: BTreeSet<_> = collection
            .indexes
            .iter()
            .map(|index| index.spec.name.clone())
            .collect();
        assert_eq!(indexes, expected.indexes[&**ns]);
        let mut found = Documents::new();
        let mut range = KeyRange::all();
        loop {
            let page = store.page(ns, &range, at, limit).unwrap();
            let last = page.documents.last().map(|(key, _)| key.clone());
            found.extend(page.documents);
            match last {
                Some(last) if !page.is_last => range = range.resumed_after(&last),
                _ => break,
            }
        }
        assert_eq!(found, expected.collections[&**ns]);
        let backwards = store
            .page(ns, &KeyRange::all().reversed(), at, PageLimit::NONE)
            .unwrap()
            .documents;
        assert!(backwards.into_iter().rev().eq(found));
        assert_eq!(store.validate(ns, at).unwrap(), Vec::<String>::new());
    }
}

fn raw(document: &Document) -> Vec<u8> {
    RawDocumentBuf::try_from(document).unwrap().into_bytes()
}
