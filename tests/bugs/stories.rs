//! Each story can fail: told by a core with the planted bug that belongs to it, it comes out differently.

use std::collections::BTreeSet;
use std::path::Path;

use checker::simulation::scenario;

/// Which planted bug changes which story.
pub const EXAM: [(&str, &str); 27] = [
    ("C01", "commit/server_22136.txt"),
    ("C02", "commit/figure_8.txt"),
    ("C05", "commit/server_27053.txt"),
    ("C09", "elections/hand_over_too_early.txt"),
    ("C12", "elections/hand_over.txt"),
    ("C14", "elections/first_election.txt"),
    ("D09", "membership/removed_by_a_lost_primary.txt"),
    ("E01", "elections/vote_is_durable_first.txt"),
    ("E03", "elections/split_vote.txt"),
    ("E13", "elections/isolated_primary.txt"),
    ("E17", "elections/psa.txt"),
    ("E19", "elections/broken_connection.txt"),
    ("N07", "sync/killed_while_syncing.txt"),
    ("N07", "sync/resynced_twice.txt"),
    ("P01", "commit/server_27123.txt"),
    ("P01", "commit/server_39831.txt"),
    ("P02", "commit/server_39831_small_answers.txt"),
    ("Q11", "reads/who_may_answer.txt"),
    ("Q18", "reads/late_answer.txt"),
    ("R01", "membership/one_vote_at_a_time.txt"),
    ("R05", "elections/priority_takeover.txt"),
    ("R08", "sync/emptied_member.txt"),
    ("R09", "membership/comes_and_goes.txt"),
    ("S01", "rollback/crash_while_cutting.txt"),
    ("S01", "rollback/lost_branch.txt"),
    ("S06", "sync/stale_member.txt"),
    ("S07", "sync/server_58988.txt"),
];

#[test]
fn each_story_is_changed_by_its_bug() {
    let mut unchanged = Vec::new();
    for (bug, file) in EXAM {
        let story = read(file);
        let with_bug = format!("bug {bug}\n{story}");
        if scenario::tell(&with_bug) == with_bug {
            unchanged.push(format!("{file} with {bug}"));
        }
    }
    assert_eq!(unchanged, Vec::<String>::new());
}

#[test]
fn every_story_has_a_bug_that_changes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let examined: BTreeSet<_> = EXAM.iter().map(|(_, file)| root.join(file)).collect();
    for path in crate::rows::files(&root) {
        let text = std::fs::read_to_string(&path).expect("a story is readable");
        let of_a_bug = text.lines().any(|line| line.starts_with("bug "));
        assert!(
            of_a_bug || examined.contains(&path),
            "{}: can it fail?",
            path.display()
        );
    }
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}
