//! The correct core breaks nothing.

use checker::simulation::{Options, simulate_many};

/// Few, for every push; nightly runs and `checker simulate` do thousands.
const SEEDS: std::ops::Range<u64> = 0..60;

#[test]
fn the_correct_core_breaks_no_promise() {
    let mut broken = Vec::new();
    simulate_many(SEEDS, 2, &Options::default(), |outcome| {
        broken.extend(
            outcome
                .violation
                .map(|violation| format!("seed {}: {violation}", outcome.seed)),
        );
        true
    });
    assert_eq!(broken, Vec::<String>::new());
}
