//! A member that copies its data shows them when they are of one moment, and not before.

use std::cell::Cell;

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError, find, first_batch, is_done},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "unfinished-copy-is-not-served",
    promise: "a member in initial sync serves reads only from a state that the set once had (R-99, R-101, I-19)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Pairs that change: the first of a pair before all fillers, the second behind them.
const PAIRS: i32 = 40;
/// Documents between them.
const FILLERS: i32 = 60;
/// Size of one.
const FILLER_BYTES: usize = 200 * 1024;
/// `_id` of the first filler, and of the first second.
const PLACES: (i32, i32) = (1_000, 2_000);
/// Reads of the member once it serves them.
const READS: usize = 40;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let copies = stage.others(&[leader])[0];
    for at in 0..FILLERS {
        let filler = doc! { "_id": PLACES.0 + at, "filler": "x".repeat(FILLER_BYTES) };
        stage.insert(leader, "c", vec![filler], 1).await?;
    }
    let pairs = (0..PAIRS).flat_map(|pair| [pair, PLACES.1 + pair]);
    let pairs = pairs.map(|id| doc! { "_id": id, "n": 0 });
    stage.insert(leader, "c", pairs.collect(), "majority").await?;
    let all: Vec<Member> = stage.members().collect();
    stage.settled(&all).await?;

    let done = Cell::new(false);
    let (written, torn) = tokio::join!(write_until(&stage, leader, &done), async {
        let torn = read_while_copying(&stage, copies).await;
        done.set(true);
        torn
    });
    written?;
    let words =
        |pair: Pair| format!("n{copies} served {pair:?}, which never was: the first is written first");
    Ok(Finding::unless(
        torn?.map(words),
        "what it served was of one moment",
    ))
}

/// What was seen of a pair.
#[derive(Clone, Copy, Debug)]
struct Pair {
    #[expect(dead_code, reason = "shown")]
    pair: i32,
    first: Option<i32>,
    second: Option<i32>,
}

/// One pair after the other, the first document, then the second: the second is never ahead.
async fn write_until(stage: &Stage, leader: Member, done: &Cell<bool>) -> Result<(), StageError> {
    let mut turn = 0;
    while !done.get() {
        turn += 1;
        for id in [turn % PAIRS, PLACES.1 + turn % PAIRS] {
            let update = doc! { "q": { "_id": id }, "u": { "$set": { "n": turn } } };
            let command = doc! { "update": "c", "updates": [update], "writeConcern": { "w": 1 } };
            stage.have(leader, DATABASE, command).await?;
        }
    }
    Ok(())
}

/// The first pair that can't be of one moment.
async fn read_while_copying(stage: &Stage, member: Member) -> Result<Option<Pair>, StageError> {
    stage.have(member, "admin", doc! { "resync": 1 }).await?;
    let ids: Vec<i32> = (0..PAIRS).flat_map(|pair| [pair, PLACES.1 + pair]).collect();
    let wanted = doc! { "_id": { "$in": ids } };
    for _ in 0..READS {
        let found = stage
            .until("a member that serves reads again", async || {
                let answer = stage.try_ask(member, DATABASE, find("c", wanted.clone())).await?;
                is_done(&answer).then(|| first_batch(&answer))
            })
            .await?;
        let number = |id: i32| {
            let document = found
                .iter()
                .find(|document| document.get_i32("_id").ok() == Some(id));
            document?.get_i32("n").ok()
        };
        let mut pairs = (0..PAIRS).map(|pair| Pair {
            pair,
            first: number(pair),
            second: number(PLACES.1 + pair),
        });
        if let Some(torn) =
            pairs.find(|pair| pair.first.is_none() || pair.second.is_none() || pair.second > pair.first)
        {
            return Ok(Some(torn));
        }
    }
    Ok(None)
}
