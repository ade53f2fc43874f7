//! Whom to strike: the choice that every process nemesis shares.

use super::{
    dice::Dice,
    fault::{Fault, Member},
    view::{QuorumBudget, View},
};

/// How often, of 1000 draws, the primary is the target if there is one: faults of the primary start
/// elections, and elections are where sets go wrong.
const PRIMARY_PERMILLE: u32 = 500;

/// How often, of 1000 draws, as many as the budget allows are struck at once.
const SEVERAL_PERMILLE: u32 = 200;

/// Healthy members to take away, ascending: mostly one (the primary half of the time), sometimes as many as
/// the budget allows. Empty if the budget allows none.
pub fn draw(dice: &mut Dice, view: &View) -> Vec<Member> {
    let spare = view.spare();
    let mut healthy = view.healthy_members();
    if spare == 0 || healthy.is_empty() {
        return Vec::new();
    }
    let primaries: Vec<Member> = view
        .primaries()
        .into_iter()
        .filter(|member| healthy.contains(member))
        .collect();
    if dice.chance(SEVERAL_PERMILLE) {
        dice.shuffle(&mut healthy);
        let count = match view.budget {
            QuorumBudget::KeepMajority => spare,
            QuorumBudget::Any => dice.between(1, spare as u64) as usize,
        };
        healthy.truncate(count);
        healthy.sort_unstable();
        return healthy;
    }
    let primary = dice.pick(&primaries).filter(|_| dice.chance(PRIMARY_PERMILLE));
    primary.or_else(|| dice.pick(&healthy)).into_iter().collect()
}
/// The fault that strikes [`draw`]'s members; none if the budget allows none.
pub fn strike(dice: &mut Dice, view: &View, fault: fn(Vec<Member>) -> Fault) -> Vec<Fault> {
    let members = draw(dice, view);
    let anybody = !members.is_empty();
    anybody.then(|| fault(members)).into_iter().collect()
}
