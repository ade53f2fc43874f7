//! Random histories with power cuts: of the write under way any sectors may have reached the disk, of what was
//! reported durable all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::optime::OpTime;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Durability, Log, LogOptions};

const OPTIONS: LogOptions = LogOptions {
    cap_bytes: 1 << 30,
    segment_bytes: 4096,
    ring_bytes: 512,
};
const SECTOR_BYTES: usize = 512;

#[test]
fn after_a_power_cut_the_log_is_a_prefix_that_holds_everything_durable() {
    let mut torn = 0;
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..6 {
            world.write_and_cut_power();
        }
        torn += world.torn;
    }
    assert!(torn > 300, "only {torn} of 1800 power cuts tore a write");
}

/// What the log should say.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    meta: BTreeMap<String, Vec<u8>>,
    entries: Vec<(OpTime, Arc<[u8]>)>,
}

struct World {
    dice: ChaCha8Rng,
    home: tempfile::TempDir,
    log: Option<Log>,
    /// The state after each operation since the last power cut, the durable one first.
    states: Vec<State>,
    term: i64,
    torn: usize,
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

impl World {
    fn new(seed: u64) -> Self {
        let home = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let (log, _) = Log::open(home.path(), OPTIONS).unwrap();
        Self {
            dice: ChaCha8Rng::seed_from_u64(seed),
            home,
            log: Some(log),
            states: vec![State::default()],
            term: 1,
            torn: 0,
        }
    }

    fn write_and_cut_power(&mut self) {
        for _ in 0..self.roll(20) {
            self.operation();
        }
        self.sync();
        let last = self.states.pop().unwrap();
        self.states = vec![last];
        // The thread of the log ends first: it may still be at work on what it has reported already, and that belongs to
        // what was there before.
        self.log = None;
        let (log, _) = Log::open(self.home.path(), OPTIONS).unwrap();
        self.log = Some(log);
        let before = files(self.home.path());
        for _ in 0..self.roll(20) {
            self.operation();
        }
        self.sync();
        self.log = None;
        let after = files(self.home.path());
        self.tear(&before, &after);
        self.restart();
    }

    fn operation(&mut self) {
        let log = self.log.as_mut().unwrap();
        let mut state = self.states.last().unwrap().clone();
        match self.dice.next_u32() % 8 {
            0 if !state.entries.is_empty() => {
                let kept = self.dice.next_u32() as usize % (state.entries.len() + 1);
                let optime = kept
                    .checked_sub(1)
                    .map_or(OpTime::NULL, |index| state.entries[index].0);
                log.truncate_after(optime).unwrap();
                state.entries.truncate(kept);
                self.term += 1;
            }
            1 => {
                let name = ["term", "vote", "config"][self.dice.next_u32() as usize % 3];
                let value = vec![self.dice.next_u32() as u8; self.dice.next_u32() as usize % 40];
                log.persist(name, &value).unwrap();
                state.meta.insert(name.to_owned(), value);
            }
            _ => {
                let secs = state.entries.last().map_or(0, |(optime, _)| optime.ts.secs) + 1;
                let optime = OpTime::new(self.term, secs, 1);
                // Mostly small, some longer than a sector, and few contents: leftovers look like news.
                let length = [3, 3, 40, 1500][self.dice.next_u32() as usize % 4];
                let entry: Arc<[u8]> = vec![self.dice.next_u32() as u8 % 2; length].into();
                log.append(optime, Arc::clone(&entry)).unwrap();
                state.entries.push((optime, entry));
            }
        }
        self.states.push(state);
    }

    fn sync(&mut self) {
        let log = self.log.as_mut().unwrap();
        log.submit();
        while log.durable_lsn() < log.last_lsn() {
            assert!(matches!(*log.durability().borrow(), Durability::UpTo(_)));
            std::thread::yield_now();
        }
    }

    /// Leaves on disk what a power cut during the last write may leave: whole segments up to one, of that one any
    /// sectors, nothing of later ones.
    fn tear(&mut self, before: &Files, after: &Files) {
        let changed: Vec<&PathBuf> = after
            .keys()
            .filter(|path| is_segment(path) && before.get(*path) != after.get(*path))
            .collect();
        if changed.is_empty() {
            return;
        }
        let cut = self.roll(changed.len());
        for path in &changed[cut + 1..] {
            std::fs::remove_file(path).unwrap();
        }
        let path = changed[cut];
        let new = &after[path];
        // A new segment began as zeros or as a retired segment's bytes; its header was durable before its name.
        let mut image = before.get(path).cloned().unwrap_or_else(|| {
            let filler = [0, 0x5a][self.roll(2)];
            let mut image = vec![filler; new.len()];
            image[..64].copy_from_slice(&new[..64]);
            image
        });
        for (old, new) in image.chunks_mut(SECTOR_BYTES).zip(new.chunks(SECTOR_BYTES)) {
            if old[64..] != new[64..] && self.dice.next_u32().is_multiple_of(2) {
                let from = if old[..8] == *b"NODELOG1" { 64 } else { 0 };
                old[from..].copy_from_slice(&new[from..]);
            }
        }
        self.torn += usize::from(image != *new);
        std::fs::write(path, image).unwrap();
    }

    fn restart(&mut self) {
        let (mut log, recovered) = Log::open(self.home.path(), OPTIONS).unwrap();
        let entries = log.entries_after(OpTime::NULL, usize::MAX, usize::MAX).unwrap();
        assert_eq!(
            recovered.positions,
            entries.iter().map(|(optime, _)| *optime).collect::<Vec<_>>()
        );
        let found = State {
            meta: recovered.meta,
            entries,
        };
        assert!(
            self.states.contains(&found),
            "{found:?} is no state since {:?}",
            self.states[0]
        );
        self.term += 1;
        self.states = vec![found];
        self.log = Some(log);
    }

    fn roll(&mut self, below: usize) -> usize {
        self.dice.next_u32() as usize % below
    }
}

fn is_segment(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with("seg-")
}

fn files(home: &Path) -> Files {
    let listing = std::fs::read_dir(home.join("oplog")).unwrap();
    // The zero-filling thread may rename its file meanwhile.
    listing
        .map(|item| item.unwrap().path())
        .filter(|path| is_segment(path))
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect()
}
