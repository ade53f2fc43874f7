//! The bugs of the server around the core. The server knows how to be wrong; here stands what that breaks.

use super::question::{Question, Setting, Site};

/// Every planted bug of the shell, by id.
pub const BUGS: &[Question] = &[
    shell(
        "C03S",
        "answers_fsync_without_doing_it",
        &["register", "set"],
        &["old-majority-loses-power"],
        &[
            "check:no-lost-write",
            "check:linearizable",
            "trace:I-09",
            "trace:I-14",
            // A log that lags behind its own store is refused at start: the right word, too.
            "check:settles",
        ],
    ),
    shell(
        "D06",
        "forgets_the_directory",
        &["register", "set"],
        &["power-loss"],
        &[
            "check:no-lost-write",
            "check:linearizable",
            "trace:I-09",
            "trace:I-14",
            // A log that lags behind its own store is refused at start: the right word, too.
            "check:settles",
        ],
    ),
    shell(
        "D07",
        "skips_an_entry_at_start",
        &["register", "set"],
        &["kill"],
        &["check:replicas-equal"],
    ),
    shell(
        "E01S",
        "forgets_votes",
        &["register", "set"],
        &["kill"],
        &["trace:I-14", "trace:I-01"],
    ),
    shell(
        "Q12",
        "keeps_retries_to_itself",
        &["counter"],
        &["reset-connections", "kill"],
        &["check:counter"],
    ),
    shell(
        "S10",
        "leaves_a_document_behind_in_rollback",
        &["register", "set"],
        &["rollback-sequence", "primary-divergence"],
        &["check:replicas-equal", "check:no-dirty-read"],
    ),
    shell(
        "S18",
        "applies_neighbours_in_the_wrong_order",
        &["register", "set"],
        &["kill"],
        &["check:replicas-equal", "check:session-guarantees"],
    ),
];

const fn shell(
    id: &'static str,
    name: &'static str,
    workloads: &'static [&'static str],
    nemeses: &'static [&'static str],
    also: &'static [&'static str],
) -> Question {
    Question {
        id,
        name,
        model: "",
        site: Site::Shell,
        setting: Setting {
            workloads,
            nemeses,
            arbiters: 0,
            members: 3,
            seconds: 25,
        },
        also,
    }
}
