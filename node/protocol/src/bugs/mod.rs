//! The planted bugs of the core: the exam of the tester. Compiled in by the feature `planted-bugs` only.

mod ack_ignores_reporter_term;
mod bug;
mod double_vote;
mod early_acknowledgement;
mod vote_without_log_check;

pub use bug::Bug;

/// Every planted bug of the core, by id.
pub const BUGS: &[Bug] = &[
    ack_ignores_reporter_term::BUG,
    early_acknowledgement::BUG,
    double_vote::BUG,
    vote_without_log_check::BUG,
];

/// The bug with this id or name, in any case.
#[must_use]
pub fn find(wanted: &str) -> Option<&'static Bug> {
    BUGS.iter()
        .find(|bug| bug.id.eq_ignore_ascii_case(wanted) || bug.name.eq_ignore_ascii_case(wanted))
}
