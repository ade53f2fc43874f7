//! What is promised follows from the concerns that operations ask for.
//!
//! | write concern | read concern | read preference | session | promised |
//! |---|---|---|---|---|
//! | majority | linearizable | primary | any | `linearizable`, `list-append` with real time, and all below |
//! | majority | majority | any | causal | `session-guarantees`, and all below |
//! | majority | majority | any | plain | `no-dirty-read`, `subset-chain`, and those of the write concern |
//! | majority | local | any | any | those of the write concern |
//! | majority | - | - | - | `no-lost-write`, `counter`, `unique-claims`, `queue`, `monotonic-timestamps` |
//! | 1 (journaled or not) | local | any | any | `replicas-equal` after healing: acknowledged writes may be rolled back |
//!
//! Source: MongoDB, "Read Concern", "Write Concern", "Causal Consistency and Read and Write Concerns". A check does
//! not need this table to be right: each looks at the concerns of every operation itself, and passes over what
//! promised nothing. The table says which checks have something to look at.

use workloads::operation::{Concerns, ReadConcern, ReadPreference, WriteConcern};

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
    let durable = concerns.write == WriteConcern::Majority;
    let current =
        concerns.read == ReadConcern::Linearizable && concerns.preference == ReadPreference::Primary;
    if durable && current {
        names.extend(["linearizable", "list-append"]);
    }
    if durable && (current || (causal && concerns.read != ReadConcern::Local)) {
        names.push("session-guarantees");
    }
    if concerns.read != ReadConcern::Local {
        names.extend(["no-dirty-read", "subset-chain"]);
    }
    if durable {
        names.extend(DURABLE);
    }
    names.push("replicas-equal");
    names
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
