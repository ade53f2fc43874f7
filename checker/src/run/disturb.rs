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
    nemesis::{
        dice::Dice,
        fault::{Fault, Member},
        nemesis::Nemesis,
        redraw::{Moment, Redraws, What},
        view::{Condition, MemberView, Role, View},
    },
};

/// The nemeses of the second lane.
const SECOND_LANE: &[&str] = &["clock"];

/// Between two looks at the view while waiting for something.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// How long a fault may take until its effect shows; then it is healed as one without effect. A loaded machine, a
/// member that is just down for another fault and a link that carries a heartbeat now and then need seconds.
const STRUCK_DEADLINE: Duration = Duration::from_secs(15);

/// How long a moment is waited for; then the deed is done anyway.
const MOMENT_PATIENCE: Duration = Duration::from_millis(4_500);

/// Up to so long after its moment a deed is done, drawn.
const AFTER_MOMENT_MS: u64 = 400;

/// What all lanes share.
#[derive(Clone)]
pub struct Disturbance {
    /// The cluster.
    pub arena: Arena,
    /// The clients, who are to be met while they ask.
    pub load: Load,
    /// Everything random is drawn from it.
    pub seed: u64,
    /// From which turns on something else is drawn.
    pub redraws: Redraws,
    /// When the last fault must be over.
    pub until: Instant,
    /// Ctrl-C ends it early.
    pub interrupt: Interrupt,
    /// Tells of each fault.
    pub console: Console,
}

impl Disturbance {
    /// Disturbs until the time is up; all faults are healed then. Gives when each turn of the first lane began.
    ///
    /// # Errors
    /// When a record could not be written.
    pub async fn run(&self, nemeses: &[&'static Nemesis]) -> Result<Vec<Instant>, RunError> {
        let second = |nemesis: &&'static Nemesis| SECOND_LANE.contains(&nemesis.name);
        let (second, first): (Vec<_>, Vec<_>) = nemeses.iter().copied().partition(second);
        let lanes = (
            self.lane(first, "first lane", true),
            self.lane(second, "second lane", false),
        );
        let (first, second) = tokio::join!(lanes.0, lanes.1);
        second.and(first)
    }

    async fn lane(
        &self,
        nemeses: Vec<&'static Nemesis>,
        name: &str,
        takes_away: bool,
    ) -> Result<Vec<Instant>, RunError> {
        let mut deck = Deck::new(nemeses, self.seed, name);
        let mut times = Dice::new(self.seed, name);
        let mut targets_seed = self.seed;
        let mut dice: BTreeMap<&str, Dice> = BTreeMap::new();
        let mut turns = Vec::new();
        let mut redrawn = None;
        loop {
            let turn = u32::try_from(turns.len()).unwrap_or(u32::MAX);
            let (mut strike_at, mut heal_at) = (None, None);
            for redraw in self.redraws.of(turn).filter(|_| takes_away) {
                match redraw.what {
                    What::StrikeAt(moment) => strike_at = Some((moment, redraw.seed)),
                    What::HealAt(moment) => heal_at = Some((moment, redraw.seed)),
                    // A turn that finds nothing to do is begun again, and draws on.
                    _ if redrawn == Some(turn) => {}
                    What::Order => deck.redraw(redraw.seed.into(), name),
                    What::Times => times = Dice::new(redraw.seed.into(), name),
                    What::Targets => {
                        targets_seed = redraw.seed.into();
                        dice.clear();
                    }
                }
            }
            redrawn = Some(turn);
            let Some(nemesis) = deck.draw() else { break };
            let dice = dice
                .entry(nemesis.name)
                .or_insert_with(|| Dice::new(targets_seed, nemesis.name));
            match strike_at {
                Some((moment, seed)) => self.meet(moment, seed).await,
                None if takes_away => self.whole_again().await?,
                None => {}
            }
            if self.is_over() {
                break;
            }
            if !nemesis.story.is_empty() {
                turns.push(Instant::now());
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
            turns.push(Instant::now());
            let mut ongoing = Vec::new();
            for fault in faults {
                ongoing.push(self.apply(nemesis, fault).await?);
            }
            self.strike(&ongoing).await;
            let hold = tempo::hold(&mut times);
            match heal_at {
                Some((moment, seed)) => self.meet(moment, seed).await,
                None => self.sleep(hold).await,
            }
            for fault in ongoing {
                self.heal(fault).await?;
            }
            self.sleep(tempo::calm(&mut times)).await;
        }
        Ok(turns)
    }

    /// Waits for a moment of the protocol, and a drawn while more.
    async fn meet(&self, moment: Moment, seed: u32) {
        let began = Instant::now();
        let leaders = self.arena.view().await.primaries();
        while began.elapsed() < MOMENT_PATIENCE
            && !self.is_over()
            && !is_now(moment, &leaders, &self.arena.view().await)
        {
            tokio::time::sleep(LOOK).await;
        }
        let while_ms = Dice::new(seed.into(), "moment").below(AFTER_MOMENT_MS);
        self.sleep(Duration::from_millis(while_ms)).await;
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

/// Has the moment come? `leaders`: who led when it was first waited for.
fn is_now(moment: Moment, leaders: &[Member], view: &View) -> bool {
    match moment {
        Moment::Once => true,
        Moment::Election => view.primaries().iter().any(|leader| !leaders.contains(leader)),
        Moment::CatchUp => view.members.iter().any(|member| {
            let busy = matches!(member.role, Role::Copying | Role::Recovering | Role::Other);
            busy && member.condition == Condition::Running
        }),
    }
}

/// A primary, and everybody else a secondary: the next fault meets a set that works.
fn is_whole(view: &View) -> bool {
    let follows = |member: &MemberView| member.role == Role::Secondary;
    view.primaries().len() == 1
        && view.members.iter().filter(|member| follows(member)).count() == view.members.len() - 1
        && view.healthy_members().len() == view.members.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn moments_come_when_the_members_tell_of_them() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        assert!(is_now(Moment::Once, &[0], &view));
        assert!(!is_now(Moment::Election, &[0], &view) && is_now(Moment::Election, &[], &view));
        view.members[0].role = Role::Other;
        assert!(is_now(Moment::CatchUp, &[0], &view) && !is_now(Moment::Election, &[0], &view));
        view.members[0].condition = Condition::Down;
        view.members[2].role = Role::Primary;
        assert!(!is_now(Moment::CatchUp, &[0], &view) && is_now(Moment::Election, &[0], &view));
    }

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
