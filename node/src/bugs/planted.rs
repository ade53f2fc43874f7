//! What a planted bug of the shell is, and whether it is in force.

use std::sync::OnceLock;

/// A defect that real systems shipped. Where it sits, the code asks [`is_planted`].
#[derive(Debug)]
pub struct Bug {
    /// Id in the exam's table, such as `D07`.
    pub id: &'static str,
    /// Named for what it forgets.
    pub name: &'static str,
    /// What goes wrong, and where it happened for real.
    pub story: &'static str,
}

static PLANTED: OnceLock<&'static str> = OnceLock::new();

/// Puts the bug with this id or name (in any case) in force, for the life of the process; nothing if there is none.
pub fn plant(wanted: &str) -> Option<&'static Bug> {
    let is_meant = |bug: &&&Bug| bug.id.eq_ignore_ascii_case(wanted) || bug.name.eq_ignore_ascii_case(wanted);
    let bug = super::BUGS.iter().find(is_meant)?;
    // A process has one bug: the first one stays.
    let planted = PLANTED.get_or_init(|| bug.id);
    (*planted == bug.id).then_some(*bug)
}

/// Whether this bug is in force.
pub fn is_planted(bug: &Bug) -> bool {
    PLANTED.get() == Some(&bug.id)
}
