//! A member that is killed while it copies its data does not take half of them for the whole.

use std::time::Duration;

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{DATABASE, Stage, StageError, find, first_batch, is_done},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "killed-copy-begins-anew",
    promise: "a member that was killed in initial sync comes back, and copies again before it serves reads (R-97, R-99, I-22)",
    hold: |ground| Box::pin(hold(ground)),
};

/// What is copied first, so that there is time to be killed.
const FILLERS: i32 = 60;
/// Size of one.
const FILLER_BYTES: usize = 200 * 1024;
/// `_id` of the first filler, and of what is copied last.
const PLACES: (i32, i32) = (1_000, 2_000);
/// Of the links meanwhile, so that all of it takes some six seconds.
const BYTES_PER_SECOND: u64 = 2_000_000;
/// How long the copy may go on before the kill, round by round.
const LIVES_MS: [u64; 2] = [1_500, 3_000];

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let copies = stage.others(&[leader])[0];
    for at in 0..FILLERS {
        let filler = doc! { "_id": PLACES.0 + at, "filler": "x".repeat(FILLER_BYTES) };
        stage.insert(leader, "c", vec![filler], 1).await?;
    }
    let last = doc! { "_id": PLACES.1 };
    stage.insert(leader, "c", vec![last.clone()], "majority").await?;
    let all: Vec<Member> = stage.members().collect();
    for life_ms in LIVES_MS {
        stage.settled(&all).await?;
        let slowed = stage.slow_down(copies, BYTES_PER_SECOND).await?;
        stage.have(copies, "admin", doc! { "resync": 1 }).await?;
        stage
            .until("a member that copies", async || {
                (stage.state_of(copies).await? == "STARTUP2").then_some(())
            })
            .await?;
        tokio::time::sleep(Duration::from_millis(life_ms)).await;
        let members = vec![copies];
        let dead = stage.strike(Fault::Kill { members }).await?;
        stage.heal(slowed).await;
        stage.heal(dead).await;
        if let Some(lost) = stage.is_lost(copies).await {
            return Ok(Finding::Broken(format!("after a crash in initial sync {lost}")));
        }
        let found = stage
            .until("a member that serves reads again", async || {
                let answer = stage.try_ask(copies, DATABASE, find("c", last.clone())).await?;
                is_done(&answer).then(|| first_batch(&answer))
            })
            .await?;
        if found.is_empty() {
            let words = format!("n{copies} was killed while it copied, and then served a part of the data");
            return Ok(Finding::Broken(words));
        }
    }
    Ok(Finding::Kept(
        "it served nothing before it had everything".to_owned(),
    ))
}
