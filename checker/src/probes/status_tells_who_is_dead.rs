//! The status of a set tells who is dead.

use std::time::Duration;

use bson::{Bson, Document, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError, within},
};
use crate::nemesis::fault::{Fault, Member};

pub(super) const PROBE: Probe = Probe {
    name: "status-tells-who-is-dead",
    promise: "soon after a member's death all others show it as not reachable, and nobody else (S0-17, R-14)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Ten election timeouts.
const SOON: Duration = Duration::from_secs(10);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    let others = stage.others(&[leader]);
    let (dead, witness) = (others[0], others[1]);
    let killed = stage.strike(Fault::Kill { members: vec![dead] }).await?;
    let mut told = String::new();
    let shown = within(SOON, async || {
        for observer in [leader, witness] {
            let status = stage
                .try_ask(observer, "admin", doc! { "replSetGetStatus": 1 })
                .await?;
            let wrong = stage
                .members()
                .find(|member| !is_shown_rightly(&status, *member, *member != dead));
            if let Some(member) = wrong {
                told = format!(
                    "n{observer} shows n{member} wrongly: {}",
                    row(&status, member).unwrap_or_default()
                );
                return None;
            }
        }
        Some(())
    })
    .await;
    stage.heal(killed).await;
    let words = || format!("n{dead} is dead for {} s, and {told}", SOON.as_secs());
    Ok(Finding::unless(
        shown.is_none().then(words),
        "the living show who is dead",
    ))
}

fn is_shown_rightly(status: &Document, member: Member, alive: bool) -> bool {
    let Some(row) = row(status, member) else {
        return false;
    };
    let health = if alive { 1.0 } else { 0.0 };
    let reachable = row.get_str("stateStr").ok() != Some("(not reachable/healthy)");
    row.get_f64("health").ok() == Some(health) && reachable == alive
}

fn row(status: &Document, member: Member) -> Option<Document> {
    let rows = status.get_array("members").ok()?;
    let mut rows = rows.iter().filter_map(Bson::as_document);
    rows.find(|row| row.get_i32("_id").ok() == Some(i32::from(member)))
        .cloned()
}
