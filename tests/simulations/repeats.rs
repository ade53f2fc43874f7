//! Same seed twice, same bytes.

use checker::simulation::{Options, simulate};

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let options = Options {
        trace: true,
        chaos_us_max: 20_000_000,
        ..Options::default()
    };
    for seed in [1, 2, 7] {
        let (once, again) = (simulate(seed, &options), simulate(seed, &options));
        assert_eq!(once.digest, again.digest);
        assert_eq!(once.history, again.history);
        assert!(once.trace.is_some());
        assert!(once.trace == again.trace, "seed {seed}: the traces differ");
    }
}

#[test]
fn another_seed_goes_another_way() {
    let options = Options::default();
    assert_ne!(simulate(1, &options).digest, simulate(2, &options).digest);
}
