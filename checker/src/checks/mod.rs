//! Is a history right?
//!
//! Each check judges one promise, from what the clients saw alone. Answers are exact: *valid* and *invalid* are
//! proven (the second by a smallest witness), and a check that cannot decide says *unknown* and why.

mod anomaly_list;
mod budget;
mod causal_order;
mod check;
mod counter;
mod describe;
mod exactly_once;
#[cfg(test)]
mod fixtures;
mod holders;
mod judging;
pub(crate) mod linearizable;
mod list_append;
mod monotonic_timestamps;
mod no_dirty_read;
mod no_lost_write;
mod promised;
mod queue;
mod recovery;
mod register_transactions;
mod replicas_equal;
mod session_guarantees;
mod subset_chain;
mod unique_claims;
mod verdict;
mod watch;
mod witness;

pub use budget::Budget;
pub use check::Check;
pub use exactly_once::exactly_once;
pub use judging::judge;
pub(crate) use linearizable::judge_kv;
pub(crate) use list_append::judge_transactions;
pub use promised::promised;
pub use recovery::{Disturbance, recovery};
pub(crate) use register_transactions::judge_register_transactions;
pub use replicas_equal::{ReplicaDump, replicas_equal};
pub use verdict::{Anomaly, Validity, Verdict};

/// Every check, the strongest promise first.
pub const CHECKS: &[Check] = &[
    linearizable::CHECK,
    list_append::CHECK,
    no_lost_write::CHECK,
    no_dirty_read::CHECK,
    subset_chain::CHECK,
    causal_order::CHECK,
    session_guarantees::CHECK,
    counter::CHECK,
    queue::CHECK,
    unique_claims::CHECK,
    monotonic_timestamps::CHECK,
];
