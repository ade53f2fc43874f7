//! A run that does not end is given up, and nothing is claimed of it.

use std::time::Duration;

use checker::simulation::{Options, simulate};

#[test]
fn a_run_that_does_not_end_is_unknown() {
    let few_steps = Options {
        steps_max: 300,
        ..Options::default()
    };
    let outcome = simulate(3, &few_steps);
    assert_eq!(outcome.violation, None);
    assert!(
        outcome.unknown.is_some_and(|why| why.contains("300 steps")),
        "given up"
    );
    assert!(
        (300..310).contains(&outcome.steps),
        "at the step that is named: {}",
        outcome.steps
    );
    let no_time = Options {
        processor_time_max: Duration::ZERO,
        ..Options::default()
    };
    let outcome = simulate(3, &no_time);
    assert!(
        outcome.unknown.is_some_and(|why| why.contains("processor time")),
        "given up"
    );
    assert_eq!(
        simulate(3, &Options::default()).unknown,
        None,
        "with time it ends"
    );
}
