//! Is a history right?
//!
//! Each check judges one promise, from what the clients saw alone. Answers are exact: *valid* and *invalid* are
//! proven (the second by a smallest witness), and a check that cannot decide says *unknown* and why.

mod budget;
mod check;
mod describe;
#[cfg(test)]
mod fixtures;
mod judging;
mod linearizable;
mod list_append;
mod no_dirty_read;
mod no_lost_write;
mod replicas_equal;
mod verdict;

pub use budget::Budget;
pub use check::Check;
pub use judging::judge;
pub(crate) use linearizable::judge_kv;
pub(crate) use list_append::judge_transactions;
pub use replicas_equal::{ReplicaDump, replicas_equal};
pub use verdict::{Anomaly, Validity, Verdict};

/// Every check, the strongest promise first.
pub const CHECKS: &[Check] = &[
    linearizable::CHECK,
    no_lost_write::CHECK,
    no_dirty_read::CHECK,
    list_append::CHECK,
];
