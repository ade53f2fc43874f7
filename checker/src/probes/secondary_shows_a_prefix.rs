//! A secondary shows what was written first before what was written later.

use std::cell::Cell;

use bson::{Document, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "secondary-shows-a-prefix",
    promise: "a read of a secondary sees a prefix of all writes, never a later one without an earlier (R-89, I-19)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Batches that are written.
const BATCHES: i32 = 60;
/// Documents in one.
const BATCH: i32 = 10;

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": 0 }], "majority")
        .await?;
    let reader = stage.others(&[leader])[0];
    let done = Cell::new(false);
    let (written, torn) = tokio::join!(
        async {
            let written = write(&stage, leader).await;
            done.set(true);
            written
        },
        read_until(&stage, reader, &done)
    );
    written?;
    let words = |id| format!("n{reader} showed document {id} and not the one before");
    Ok(Finding::unless(torn?.map(words), "every read saw a prefix"))
}

async fn write(stage: &Stage, leader: Member) -> Result<(), StageError> {
    for batch in 0..BATCHES {
        let documents = (0..BATCH).map(|at| doc! { "_id": 1 + batch * BATCH + at });
        stage.insert(leader, "c", documents.collect(), 1).await?;
    }
    Ok(())
}

/// The first document that was seen without its predecessor.
async fn read_until(stage: &Stage, reader: Member, done: &Cell<bool>) -> Result<Option<i32>, StageError> {
    while !done.get() {
        let found: Vec<Document> = stage.find(reader, "c", doc! {}).await?;
        let ids = found.iter().filter_map(|document| document.get_i32("_id").ok());
        if let Some((_, id)) = (0..).zip(ids).find(|(place, id)| place != id) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
