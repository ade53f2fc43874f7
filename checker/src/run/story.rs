//! A directed schedule on the living cluster, step by step.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    disturb::{Disturbance, LOOK},
    error::RunError,
};
use crate::{
    cluster::suffer::Ongoing,
    nemesis::{
        dice::Dice,
        fault::Fault,
        nemesis::Nemesis,
        story::{PATIENCE, Parts, Step},
        view::View,
    },
};

/// The faults of a story that have not ended.
type Standing = BTreeMap<&'static str, Ongoing>;

impl Disturbance {
    /// Tells the story of `nemesis`; whatever happens, all its faults are healed in the end. A story that the set
    /// does not follow is given up, and is not counted as told.
    pub(super) async fn tell(&self, nemesis: &Nemesis, dice: &mut Dice) -> Result<(), RunError> {
        let mut parts = Parts::default();
        let mut standing = Standing::new();
        let mut stuck = None;
        for (number, step) in (1..).zip(nemesis.story) {
            if !self.step(nemesis, step, dice, &mut parts, &mut standing).await? {
                stuck = Some(number);
                break;
            }
        }
        // Rows last: only a primary can put them back, and there may be none before the rest is healed.
        let changes_rows = |fault: &Ongoing| matches!(fault.record().fault, Fault::Reconfigure { .. });
        let (rows, rest): (Vec<_>, Vec<_>) = standing.into_values().partition(changes_rows);
        for fault in rest.into_iter().chain(rows) {
            self.heal(fault).await?;
        }
        match stuck {
            None => self.arena.was_told(nemesis.name).await,
            Some(number) => self.console.say(format!(
                "{} was given up at its step {number} of {}",
                nemesis.name,
                nemesis.story.len()
            )),
        }
        Ok(())
    }

    /// False when the story cannot go on.
    async fn step(
        &self,
        nemesis: &Nemesis,
        step: &Step,
        dice: &mut Dice,
        parts: &mut Parts,
        standing: &mut Standing,
    ) -> Result<bool, RunError> {
        match step {
            Step::Name(part, who) => {
                let mut found = None;
                self.patiently(PATIENCE, |view| {
                    found = who(dice, view, parts);
                    found.is_some()
                })
                .await;
                let Some(member) = found else { return Ok(false) };
                parts.give(part, member);
            }
            Step::Strike(name, draw) => {
                let Some(fault) = draw(dice, &self.arena.view().await, parts) else {
                    return Ok(false);
                };
                let ongoing = self.apply(nemesis, fault).await?;
                let vain = ongoing.is_vain();
                if !vain {
                    self.strike(std::slice::from_ref(&ongoing)).await;
                }
                standing.insert(name, ongoing);
                return Ok(!vain);
            }
            Step::Heal(name) => {
                if let Some(fault) = standing.remove(name) {
                    self.heal(fault).await?;
                }
            }
            Step::Hold { least_ms, most_ms } => {
                let drawn = Duration::from_millis(dice.between(*least_ms, *most_ms));
                self.sleep(drawn).await;
            }
            Step::Until(reached) => return Ok(self.patiently(PATIENCE, |view| reached(view, parts)).await),
            Step::Exactly(name, fault) => {
                let ongoing = self.apply(nemesis, (*fault).clone()).await?;
                if !ongoing.is_vain() {
                    self.strike(std::slice::from_ref(&ongoing)).await;
                }
                standing.insert(name, ongoing);
            }
            Step::Leads { member, patience_ms } => {
                let patience = Duration::from_millis(*patience_ms);
                self.patiently(patience, |view| view.primaries().contains(member))
                    .await;
            }
        }
        Ok(true)
    }

    /// Looks at the set again and again; false when it never looks as it must. What has begun is told to its end,
    /// also when the time of the disturbance is over meanwhile.
    async fn patiently(&self, patience: Duration, mut reached: impl FnMut(&View) -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < patience && !self.is_interrupted() {
            if reached(&self.arena.view().await) {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }
}
