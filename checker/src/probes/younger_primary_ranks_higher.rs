//! Drivers can tell the younger of two primaries.

use bson::{doc, oid::ObjectId};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError},
};
use crate::nemesis::fault::Member;

pub(super) const PROBE: Probe = Probe {
    name: "younger-primary-ranks-higher",
    promise: "election ids rise with the term, so that drivers leave a stale primary for the new one (R-22)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let stage = Stage::of_three(ground).await?;
    let all: Vec<Member> = stage.members().collect();
    let mut before: Option<ObjectId> = None;
    for candidate in stage.members() {
        stage.settled(&all).await?;
        stage.elect(candidate).await?;
        let id = stage
            .until("an election id", async || {
                let hello = stage.try_ask(candidate, "admin", doc! { "hello": 1 }).await?;
                hello.get_object_id("electionId").ok()
            })
            .await?;
        if let Some(before) = before.replace(id)
            && id.bytes() <= before.bytes()
        {
            return Ok(Finding::Broken(format!(
                "after an election the id is {id}, which drivers take for older than {before}"
            )));
        }
    }
    Ok(Finding::Kept(
        "each new primary ranked above the one before".to_owned(),
    ))
}
