//! A disk that says no.

use super::{
    dice::Dice,
    fault::{DiskError, DiskOperation, Fault},
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Disk errors: a server may end of them (MongoDB does, on purpose, when fsync fails), but must not acknowledge what it
/// could not write. A failed fsync that is tried again and "succeeds" is the classical mistake.
pub const NEMESIS: Nemesis = Nemesis {
    name: "disk-error",
    about: "EIO on fsync or write, or a full disk, at one member, always or sometimes",
    needs: Needs::Shim,
    plan,
    story: &[],
};

/// Shares of the calls that fail: not so few that a quiet member may never notice.
const PERMILLE: [u32; 4] = [100, 300, 1000, 1000];

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    // The member may end of it: it counts as taken away.
    let Some(member) = view.with_data(targets::draw(dice, view)).first().copied() else {
        return Vec::new();
    };
    let (operation, error) = match dice.below(3) {
        0 => (DiskOperation::Sync, DiskError::InputOutput),
        1 => (DiskOperation::Write, DiskError::InputOutput),
        _ => (DiskOperation::Write, DiskError::NoSpace),
    };
    vec![Fault::DiskError {
        member,
        operation,
        error,
        permille: dice.pick(&PERMILLE).unwrap_or(1000),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn needs_a_member_to_spare() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        assert_eq!(plan(&mut Dice::new(1, "disk"), &view).len(), 1);
        view.members[0].cut = true;
        assert_eq!(plan(&mut Dice::new(1, "disk"), &view), Vec::new());
    }
}
