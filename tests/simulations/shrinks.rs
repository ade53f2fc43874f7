//! A long run with a planted bug becomes a short story that shows the same.

use checker::simulation::{Options, scenario, shrunk, simulate};
use protocol::bugs;

#[test]
fn a_planted_bug_becomes_a_short_story() {
    let bug = bugs::find("C12").expect("the bug is planted");
    let options = Options {
        rules: bug.plant(),
        chaos_us_max: 5_000_000,
        clients_max: 2,
        ..Options::default()
    };
    let seed = (0..20)
        .find(|seed| {
            let outcome = simulate(*seed, &options);
            let plain = outcome.config.chaining_allowed && outcome.config.members.len() == 3;
            plain
                && outcome
                    .violation
                    .is_some_and(|violation| violation.oracle == "I-10")
        })
        .expect("one of twenty seeds shows it");
    let shrunk = shrunk(seed, &options, 600).expect("it shows on a stage");
    assert!(
        shrunk.commands.len() <= 60 && shrunk.commands.len() * 4 < shrunk.before,
        "{} of {} commands are left",
        shrunk.commands.len(),
        shrunk.before
    );
    let story = shrunk.story("Found by simulation.", Some("C12"));
    assert!(
        story.lines().any(|line| line.starts_with("BROKEN I-10")),
        "{story}"
    );
    assert_eq!(
        scenario::tell(&story),
        story,
        "the story is told as it is written"
    );
}
