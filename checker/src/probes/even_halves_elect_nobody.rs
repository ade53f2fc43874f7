//! Half of the votes elect nobody.

use std::time::Duration;

use bson::doc;

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Plan, Stage, StageError, within},
};

pub(super) const PROBE: Probe = Probe {
    name: "even-halves-elect-nobody",
    promise: "of four members cut two by two no half elects a primary (R-27, I-01)",
    hold: |ground| Box::pin(hold(ground)),
};

/// Some election timeouts.
const WATCHED: Duration = Duration::from_secs(5);

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let plan = Plan {
        members: 4,
        ..Plan::default()
    };
    let mut stage = Stage::start(ground, plan).await?;
    let leader = stage.leader().await?;
    let others = stage.others(&[leader]);
    let half = [others[0], others[1]];
    let before = half.map(|member| stage.reigns(member));
    let cut = stage.cut_off(&half).await?;
    // It may be over at once: a primary that sees only half of the set steps down.
    let won = within(WATCHED, async || {
        // Asked to stand while it still sees all others, which by itself it would not.
        let _ = stage.try_ask(half[0], "admin", doc! { "replSetStepUp": 1 }).await;
        let mut reigns = half.into_iter().zip(before);
        reigns
            .find(|(member, before)| stage.reigns(*member) > *before)
            .map(|(member, _)| member)
    })
    .await;
    stage.heal(cut).await;
    let words = |member| format!("n{member} leads with the votes of {half:?}, two of four");
    Ok(Finding::unless(won.map(words), "no half elected anybody"))
}
