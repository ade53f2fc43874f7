//! What is promised follows from the concerns that operations ask for.
//!
//! | write concern | read concern | read preference | session | promised |
//! |---|---|---|---|---|
//! | majority | linearizable | primary | any | `linearizable`, `list-append` with real time, and all below |
//! | majority | majority | any | causal | `causal-order`, `session-guarantees`, and all below |
//! | majority | majority | any | plain | `no-dirty-read`, `subset-chain`, and those of the write concern |
//! | majority | local | any | any | those of the write concern |
//! | majority | - | - | - | `no-lost-write`, `counter`, `unique-claims`, `queue`, `monotonic-timestamps` |
//! | 1 (journaled or not) | local | any | any | `replicas-equal` after healing: acknowledged writes may be rolled back |
//!
//! Source: MongoDB, "Read Concern", "Write Concern", "Causal Consistency and Read and Write Concerns". The rows are
//! the functions of this file; every check asks them of every operation, and passes over what promised nothing.

use workloads::operation::{Concerns, Operation, ReadConcern, ReadPreference, WriteConcern};

/// Promises of w:majority alone.
const DURABLE: [&str; 5] = [
    "no-lost-write",
    "counter",
    "unique-claims",
    "queue",
    "monotonic-timestamps",
];

/// Names of the checks whose promise holds under these concerns.
pub fn promised(concerns: &Concerns, causal: bool) -> Vec<&'static str> {
    let mut names = Vec::new();
    if is_durable(concerns) && is_current(concerns) {
        names.extend(["linearizable", "list-append"]);
    }
    if is_durable(concerns) && (is_current(concerns) || (causal && is_committed(concerns))) {
        names.extend(["causal-order", "session-guarantees"]);
    }
    if is_committed(concerns) {
        names.extend(["no-dirty-read", "subset-chain"]);
    }
    if is_durable(concerns) {
        names.extend(DURABLE);
    }
    names.push("replicas-equal");
    names
}

/// Its acknowledged writes are never rolled back.
pub(super) fn is_durable(concerns: &Concerns) -> bool {
    concerns.write == WriteConcern::Majority
}

/// Its reads show everything that was acknowledged durably before they were asked.
pub(super) fn is_current(concerns: &Concerns) -> bool {
    concerns.read == ReadConcern::Linearizable && concerns.preference == ReadPreference::Primary
}

/// Its reads show nothing that is rolled back later.
pub(super) fn is_committed(concerns: &Concerns) -> bool {
    concerns.read != ReadConcern::Local
}

/// It comes after everything that its session did before.
pub(super) fn keeps_session(request: &Operation) -> bool {
    is_current(&request.concerns) || (request.causal && is_committed(&request.concerns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    #[test]
    fn weaker_concerns_promise_less_and_every_check_is_promised_somewhere() {
        let strongest = promised(&Concerns::LINEARIZABLE, true);
        for check in CHECKS {
            assert!(strongest.contains(&check.name), "{}", check.name);
        }
        let weakest = Concerns {
            write: WriteConcern::One,
            read: ReadConcern::Local,
            preference: ReadPreference::Nearest,
        };
        assert_eq!(promised(&weakest, true), ["replicas-equal"]);
        let majority = promised(&Concerns::MAJORITY, false);
        assert!(majority.iter().all(|name| strongest.contains(name)) && majority.len() < strongest.len());
    }
}
