//! Members die at random moments under load: a few times here, hundreds of times on request.
//!
//! `NODE_KILLS=500 NODE_KILLS_SEED=1 cargo test -p tests --test node kills -- --nocapture`

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bson::doc;
use checker::nemesis::dice::Dice;
use tests::{PATIENCE, Set, ask, wait_for};

use super::soak::{are_equal, asked};

/// Kills in an ordinary test run.
const KILLS: u64 = 6;
const WRITERS: i64 = 4;
/// The most that lies between a kill and what comes next.
const PAUSE_MS_MAX: u64 = 800;

/// What one writer was told of its writes.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<i64>,
    tried: i64,
}

/// S2-20, S3-08, S4-03: `kill -9` of one, two or all members at a time: what a majority acknowledged stays, nobody gives up, and all are equal in the end.
#[test]
fn members_that_die_at_random_lose_nothing_acknowledged() {
    let kills = asked("NODE_KILLS", KILLS);
    let seed = asked("NODE_KILLS_SEED", 1);
    let mut dice = Dice::new(seed, "kills");
    let mut set = Set::start(3);
    let ports = set.ports();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let told: Vec<Mutex<Told>> = (0..WRITERS).map(|_| Mutex::default()).collect();
    let begun = Instant::now();
    let struck = std::thread::scope(|scope| {
        for (writer, told) in (0..).zip(&told) {
            let (ports, stop, done) = (&ports, &stop, &done);
            scope.spawn(move || write(ports, writer, told, stop, done));
        }
        // A test that fails must not wait for writers that never stop.
        let guard = StopOnDrop(&stop);
        let mut struck = 0;
        while struck < kills {
            struck += strike(&mut set, &mut dice);
            // Half of the time the set works before the next blow; otherwise it comes in the middle of recovering.
            if dice.chance(500) {
                let before = done.load(Ordering::Relaxed);
                wait_for("an acknowledged write", || {
                    (done.load(Ordering::Relaxed) > before).then_some(())
                });
            }
        }
        wait_for("a primary that takes writes", || {
            let insert = doc! { "insert": "last", "documents": [{ "_id": 1 }], "writeConcern": { "w": 3 } };
            let reply = ask(set.nodes[set.primary()].port, "test", &insert)?;
            (reply.get_f64("ok").ok() == Some(1.0)).then_some(())
        });
        drop(guard);
        struck
    });
    are_equal(&set, PATIENCE);
    let mut acknowledged = 0;
    for (writer, told) in (0..).zip(&told) {
        let told = told.lock().unwrap();
        acknowledged += told.acknowledged.len();
        let found = found(&set, writer);
        let lost: Vec<&i64> = told.acknowledged.difference(&found).collect();
        assert!(
            lost.is_empty(),
            "acknowledged by a majority and lost: {lost:?} of {writer}"
        );
        assert!(
            found.last().is_none_or(|last| *last < told.tried),
            "what nobody wrote: {found:?}"
        );
    }
    for node in &set.nodes {
        assert!(!node.log().contains("state=\"FATAL\""), "{}", node.log());
    }
    println!(
        "seed {seed}: {struck} kills in {:?}, {acknowledged} acknowledged writes, none lost; no member FATAL",
        begun.elapsed()
    );
    assert!(acknowledged > 0, "nothing was acknowledged");
}

/// Kills some members and starts them again, in a drawn order; how many.
fn strike(set: &mut Set, dice: &mut Dice) -> u64 {
    let mut victims: Vec<usize> = (0..set.nodes.len()).collect();
    dice.shuffle(&mut victims);
    victims.truncate(match dice.below(10) {
        0 => 3,
        1 | 2 => 2,
        _ => 1,
    });
    for victim in &victims {
        let status = set.nodes[*victim].kill();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9),
            "member {victim} ended by itself: {status}"
        );
    }
    std::thread::sleep(Duration::from_millis(dice.below(PAUSE_MS_MAX)));
    dice.shuffle(&mut victims);
    for victim in &victims {
        set.nodes[*victim].restart();
    }
    std::thread::sleep(Duration::from_millis(dice.below(PAUSE_MS_MAX)));
    victims.len() as u64
}

/// Inserts one document after the other by majority writes, wherever it is taken.
fn write(ports: &[u16], writer: i64, told: &Mutex<Told>, stop: &AtomicBool, done: &AtomicU64) {
    let mut at = 0;
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        told.lock().unwrap().tried = number + 1;
        let insert = doc! {
            "insert": "docs",
            "documents": [{ "_id": { "w": writer, "n": number }, "w": writer, "n": number }],
            "writeConcern": { "w": "majority", "wtimeout": 5_000 },
        };
        let reply = ask(ports[at], "test", &insert);
        let whole = reply.is_some_and(|reply| {
            reply.get_i32("n").ok() == Some(1) && !reply.contains_key("writeConcernError")
        });
        if whole {
            told.lock().unwrap().acknowledged.insert(number);
            done.fetch_add(1, Ordering::Relaxed);
        } else {
            at = (at + 1) % ports.len();
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What is there of one writer, read from the primary.
fn found(set: &Set, writer: i64) -> BTreeSet<i64> {
    let primary = set.nodes[set.primary()].port;
    let mut found = BTreeSet::new();
    let mut after = -1;
    loop {
        let find = doc! {
            "find": "docs",
            "filter": { "_id": { "$gt": { "w": writer, "n": after }, "$lt": { "w": writer + 1 } } },
            "sort": { "_id": 1 },
            "limit": 10_000,
            "batchSize": 10_000,
            "readConcern": { "level": "majority" },
        };
        let reply = ask(primary, "test", &find).expect("the primary answers");
        let batch = reply
            .get_document("cursor")
            .and_then(|cursor| cursor.get_array("firstBatch"));
        let batch = batch.unwrap_or_else(|_| panic!("{reply}"));
        if batch.is_empty() {
            return found;
        }
        let numbers = batch
            .iter()
            .filter_map(|row| row.as_document()?.get_i64("n").ok());
        found.extend(numbers);
        after = *found.last().expect("a batch that is not empty");
    }
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
