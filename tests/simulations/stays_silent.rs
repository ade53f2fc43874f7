//! The correct core breaks nothing.

use checker::simulation::{Options, simulate_many};

/// Few, for every push; nightly runs and `checker simulate` do thousands.
const SEEDS: std::ops::Range<u64> = 0..200;

/// Each of these once ended in a violation: a copy that nobody could serve, a rollback whose source had left the set, two
/// members that answered each other without a pause, a copy asked for while the one before was being finished, a late yes of a former voter.
const ONCE_BROKEN: [u64; 14] = [
    551, 573, 971, 1162, 1756, 3835, 7030, 9146, 17657, 19092, 21118, 26168, 27831, 212_548,
];

#[test]
fn the_correct_core_breaks_no_promise() {
    assert_eq!(broken(SEEDS), Vec::<String>::new());
}

#[test]
fn what_once_broke_stays_repaired() {
    let broken: Vec<String> = ONCE_BROKEN
        .into_iter()
        .flat_map(|seed| broken(seed..seed + 1))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
}

fn broken(seeds: std::ops::Range<u64>) -> Vec<String> {
    let mut broken = Vec::new();
    simulate_many(seeds, 2, &Options::default(), |outcome| {
        broken.extend(
            outcome
                .violation
                .map(|violation| format!("seed {}: {violation}", outcome.seed)),
        );
        true
    });
    broken
}
