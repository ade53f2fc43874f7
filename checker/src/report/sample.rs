//! Which operations a page keeps when there are too many for it.

use std::collections::BTreeSet;

use super::operations::{Outcome, Played};

/// Most operations that a page carries: about 14 bytes each after packing, so that a page stays under 5 MB.
pub(crate) const OPERATIONS_LIMIT: usize = 300_000;

/// How many neighbours of a witness's operation are kept on each side.
const NEIGHBOURS: usize = 50;

/// What is kept, in order: each operation's place and whether it stands for others too; and how many it stands
/// for.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Place in the list of operations, and whether it stands for others too.
    pub(crate) places: Vec<(usize, bool)>,
    /// How many operations one such stands for.
    pub(crate) weight: u64,
}

/// Keeps everything up to `limit`. Above it: all operations that did not end `ok`, all final reads, the
/// witnesses with their neighbours and the slowest of every hundred, and every n-th of the rest.
pub(crate) fn keep(operations: &[Played], witnesses: &BTreeSet<u64>, limit: usize) -> Kept {
    if operations.len() <= limit {
        return Kept {
            places: (0..operations.len()).map(|place| (place, false)).collect(),
            weight: 1,
        };
    }
    let mut special = vec![false; operations.len()];
    for (place, operation) in operations.iter().enumerate() {
        special[place] |= operation.outcome != Outcome::Ok || operation.last;
        if witnesses.contains(&operation.number) {
            let end = (place + NEIGHBOURS + 1).min(operations.len());
            special[place.saturating_sub(NEIGHBOURS)..end].fill(true);
        }
    }
    for (chunk, part) in operations.chunks(100).enumerate() {
        let length = |operation: &Played| {
            operation
                .end_ns
                .map_or(u64::MAX, |end_ns| end_ns - operation.start_ns)
        };
        let slowest = part
            .iter()
            .enumerate()
            .max_by_key(|(_, operation)| length(operation));
        special[chunk * 100 + slowest.map_or(0, |(place, _)| place)] = true;
    }
    let specials = special.iter().filter(|special| **special).count();
    // Specials beyond the limit are thinned like the rest: a page that does not open shows nothing.
    if specials > limit {
        let weight = operations.len().div_ceil(limit);
        let places = (0..operations.len())
            .step_by(weight)
            .map(|place| (place, true))
            .collect();
        return Kept {
            places,
            weight: weight as u64,
        };
    }
    let weight = (operations.len() - specials)
        .div_ceil((limit - specials).max(1))
        .max(1);
    let mut rest = 0;
    let mut places = Vec::with_capacity(limit);
    for (place, special) in special.into_iter().enumerate() {
        if special {
            places.push((place, false));
        } else {
            if rest % weight == 0 {
                places.push((place, true));
            }
            rest += 1;
        }
    }
    Kept {
        places,
        weight: weight as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specials_survive_and_weights_add_up() {
        let operations: Vec<Played> = (0..10_000u64)
            .map(|number| Played {
                number,
                process: 0,
                start_ns: number * 10,
                end_ns: Some(number * 10 + 5),
                outcome: if number == 7_777 {
                    Outcome::Fail
                } else {
                    Outcome::Ok
                },
                key: None,
                request: String::new(),
                result: String::new(),
                member: None,
                last: false,
            })
            .collect();
        let kept = keep(&operations, &BTreeSet::from([5_001]), 1_000);
        assert!(kept.places.len() <= 1_000);
        for special in [7_777, 5_001, 4_951, 5_051] {
            assert!(kept.places.contains(&(special, false)), "{special}");
        }
        let sampled = kept.places.iter().filter(|(_, sampled)| *sampled).count() as u64;
        let total = sampled * kept.weight + kept.places.len() as u64 - sampled;
        assert!(total.abs_diff(10_000) < kept.weight, "{total}");

        assert_eq!(keep(&operations, &BTreeSet::new(), 10_000).places.len(), 10_000);
    }
}
