//! An operator's bulk load.

use std::time::Duration;

use mongodb::bson::{Bson, doc};
use tokio::time::{Instant, sleep};

use super::{
    effects::Effects,
    operator::{self, AGAIN, ask},
};
use crate::cluster::{error::ClusterError, rig::Rig};

/// The database of the load: no workload's.
const DATABASE: &str = "checker_load";
/// Size of one document.
const DOCUMENT_BYTES: usize = 256 * 1024;
/// Each write replaces one of so many documents: four megabytes remain, however much is written.
const DOCUMENTS: u32 = 16;
/// How long a write waits for its majority; it is not tried again for that.
const MAJORITY_MS: i32 = 4_000;
/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(40);

/// Writes so many megabytes through the primary, each write when the one before has a majority.
pub(super) async fn fill(rig: &mut Rig, megabytes: u32) -> Result<Effects, ClusterError> {
    let mut effects = Effects::default();
    let wanted = u64::from(megabytes) * 1024 * 1024;
    let began = Instant::now();
    let mut number = 0_u32;
    while effects.get("bytes_written") < wanted && began.elapsed() < LIMIT {
        let Some(leader) = operator::leader(rig, LIMIT.saturating_sub(began.elapsed())).await? else {
            break;
        };
        let letter = char::from(b'a' + (number % 26) as u8);
        let id = Bson::Int32((number % DOCUMENTS) as i32);
        let document =
            doc! {"_id": id.clone(), "number": number, "filler": letter.to_string().repeat(DOCUMENT_BYTES)};
        let command = doc! {
            "update": "load",
            "updates": [{"q": {"_id": id}, "u": document, "upsert": true}],
            "writeConcern": {"w": "majority", "wtimeout": MAJORITY_MS},
        };
        match ask(rig, leader, DATABASE, "update", command).await? {
            Ok(answer) if !answer.contains_key("writeErrors") => {
                effects.add("bytes_written", DOCUMENT_BYTES as u64);
                number += 1;
            }
            Ok(_) | Err(_) => {
                effects.add("writes_refused", 1);
                sleep(AGAIN).await;
            }
        }
    }
    effects.add(
        "took_ms",
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    );
    effects.struck = effects.get("bytes_written") >= wanted;
    Ok(effects)
}
