//! The nemeses at work: draw, plan, apply, hold, heal, and again, until the time is up.
//!
//! Two lanes run side by side. One takes members and links away, one fault at a time; the other bends clocks
//! meanwhile, because a wrong clock takes nobody away, and is worst during an election.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    arena::Arena,
    deck::Deck,
    error::RunError,
    interrupt::{Interrupt, Wish},
    load::Load,
    tempo,
};
use crate::{
    cluster::suffer::Ongoing,
    console::Console,
    nemesis::{dice::Dice, fault::Fault, nemesis::Nemesis, view::View},
};

/// The nemeses of the second lane.
const SECOND_LANE: &[&str] = &["clock"];

/// Between two looks at the view while waiting for something.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// How long a fault may take until its effect shows; then it is healed as one without effect. A loaded machine, a
/// member that is just down for another fault and a link that carries a heartbeat now and then need seconds.
const STRUCK_DEADLINE: Duration = Duration::from_secs(15);

/// What all lanes share.
#[derive(Clone)]
pub struct Disturbance {
    /// The cluster.
    pub arena: Arena,
    /// The clients, who are to be met while they ask.
    pub load: Load,
    /// Everything random is drawn from it.
    pub seed: u64,
    /// When the last fault must be over.
    pub until: Instant,
    /// Ctrl-C ends it early.
    pub interrupt: Interrupt,
    /// Tells of each fault.
    pub console: Console,
}

impl Disturbance {
    /// Disturbs until the time is up; all faults are healed then.
    ///
    /// # Errors
    /// When a record could not be written.
    pub async fn run(&self, nemeses: &[&'static Nemesis]) -> Result<(), RunError> {
        let second = |nemesis: &&'static Nemesis| SECOND_LANE.contains(&nemesis.name);
        let (second, first): (Vec<_>, Vec<_>) = nemeses.iter().copied().partition(second);
        let lanes = (
            self.lane(first, "first lane", true),
            self.lane(second, "second lane", false),
        );
        let (first, second) = tokio::join!(lanes.0, lanes.1);
        first.and(second)
    }

    async fn lane(
        &self,
        nemeses: Vec<&'static Nemesis>,
        name: &str,
        takes_away: bool,
    ) -> Result<(), RunError> {
        let mut deck = Deck::new(nemeses, self.seed, name);
        let mut times = Dice::new(self.seed, name);
        let mut dice: BTreeMap<&str, Dice> = BTreeMap::new();
        while let Some(nemesis) = deck.draw() {
            let dice = dice
                .entry(nemesis.name)
                .or_insert_with(|| Dice::new(self.seed, nemesis.name));
            if takes_away {
                self.whole_again().await?;
            }
            if self.is_over() {
                break;
            }
            if !nemesis.story.is_empty() {
                self.tell(nemesis, dice).await?;
                self.sleep(tempo::calm(&mut times)).await;
                continue;
            }
            let faults = (nemesis.plan)(dice, &self.arena.view().await);
            if faults.is_empty() {
                // Nothing is possible in this view; the view will change.
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let mut ongoing = Vec::new();
            for fault in faults {
                ongoing.push(self.apply(nemesis, fault).await?);
            }
            self.strike(&ongoing).await;
            self.sleep(tempo::hold(&mut times)).await;
            for fault in ongoing {
                self.heal(fault).await?;
            }
            self.sleep(tempo::calm(&mut times)).await;
        }
        Ok(())
    }

    /// Waits until every fault has struck: only then its holding time counts. Also beyond the end of the
    /// disturbance, because a fault that is lifted before anybody felt it proves nothing.
    pub(super) async fn strike(&self, faults: &[Ongoing]) {
        let began = Instant::now();
        while began.elapsed() < STRUCK_DEADLINE && !self.is_interrupted() {
            if self.arena.have_struck(faults).await {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Applies a fault and tells of it.
    pub(super) async fn apply(&self, nemesis: &Nemesis, fault: Fault) -> Result<Ongoing, RunError> {
        let applied = self.load.meet(self.arena.apply(nemesis.name, fault)).await?;
        self.console.say(format!("fault: {}", applied.record().words));
        Ok(applied)
    }

    /// Heals a fault and tells what it did.
    pub(super) async fn heal(&self, fault: Ongoing) -> Result<(), RunError> {
        let record = self.arena.heal(fault).await?;
        let effect = if record.took_effect { "" } else { " WITHOUT EFFECT" };
        let counts: Vec<String> = record
            .effect
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        self.console.say(format!(
            "healed{effect}: {} ({})",
            record.words,
            counts.join(", ")
        ));
        Ok(())
    }

    /// Waits until the set works again, and replaces who cannot.
    async fn whole_again(&self) -> Result<(), RunError> {
        let began = Instant::now();
        while began.elapsed() < tempo::WHOLE_AGAIN && !self.is_over() {
            for member in self.arena.replace_damaged().await? {
                self.console.say(format!(
                    "n{member} refused its damaged files and starts without any"
                ));
            }
            if is_whole(&self.arena.view().await) {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Sleeps, but not beyond the end.
    pub(super) async fn sleep(&self, duration: Duration) {
        let left = self.until.saturating_duration_since(Instant::now());
        tokio::select! {
            () = tokio::time::sleep(duration.min(left)) => {}
            () = self.interrupt.until(Wish::Finish) => {}
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until || self.is_interrupted()
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.wish() >= Wish::Finish
    }
}

/// A primary, and everybody else a secondary: the next fault meets a set that works.
fn is_whole(view: &View) -> bool {
    use crate::nemesis::view::Role;
    let follows = |member: &crate::nemesis::view::MemberView| member.role == Role::Secondary;
    view.primaries().len() == 1
        && view.members.iter().filter(|member| follows(member)).count() == view.members.len() - 1
        && view.healthy_members().len() == view.members.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::{Condition, QuorumBudget, Role};

    #[test]
    fn a_set_is_whole_when_one_leads_and_all_others_follow() {
        let healthy = View::healthy(3, QuorumBudget::KeepMajority);
        assert!(is_whole(&healthy));
        let broken: [fn(&mut View); 4] = [
            |view| view.members[0].role = Role::Secondary,
            |view| view.members[1].role = Role::Primary,
            |view| view.members[1].condition = Condition::Paused,
            |view| view.members[2].cut = true,
        ];
        for change in broken {
            let mut view = healthy.clone();
            change(&mut view);
            assert!(!is_whole(&view), "{view:?}");
        }
    }
}
