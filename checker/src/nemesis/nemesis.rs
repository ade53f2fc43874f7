//! The shape of a nemesis.

use super::{dice::Dice, fault::Fault, story::Step, view::View};

/// One way to disturb. A nemesis decides; the live cluster and the simulator suffer. It is pure: the same
/// dice and the same view give the same faults.
#[derive(Clone, Copy)]
pub struct Nemesis {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// One sentence: what it does, and which mistakes it is after.
    pub about: &'static str,
    /// What a live run must offer for it.
    pub needs: Needs,
    /// The faults to apply now, together, to be healed together. Empty: nothing is possible in this view.
    pub plan: fn(&mut Dice, &View) -> Vec<Fault>,
    /// The steps of a directed schedule, which is played instead; empty for a nemesis that plans.
    pub story: &'static [Step],
}

/// What a live run must offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Signals, the proxy and commands.
    Nothing,
    /// Members whose oplog keeps one megabyte.
    TinyOplog,
    /// The preload library.
    Shim,
    /// The preload library with an undo journal, which costs every write some microseconds.
    UndoJournal,
    /// A network of packets, for faults below TCP.
    Packets,
    /// A set with an arbiter.
    Arbiter,
    /// A set with an even number of members.
    EvenMembers,
    /// A machine that is no member yet.
    Spare,
}

impl std::fmt::Debug for Nemesis {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Nemesis")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
