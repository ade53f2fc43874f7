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
    shell(
        "D01",
        "torn_tail_accepted",
        &["register", "set"],
        &["power-loss"],
        &[],
    ),
    shell(
        "D03",
        "truncate_after_point_ignored",
        &["register", "set"],
        &["rollback-sequence", "kill"],
        &["check:replicas-equal", "trace:I-02"],
    ),
    shell("E16", "no_jitter", &["register", "set"], &["kill"], &[]),
    shell(
        "N01",
        "fetch_starts_after_clone",
        &["register", "set"],
        &["initial-sync-interrupted"],
        &["check:replicas-equal"],
    ),
    shell(
        "N03",
        "duplicate_docs",
        &["register", "set"],
        &["initial-sync-interrupted"],
        &["check:replicas-equal"],
    ),
    shell(
        "N04",
        "secondary_before_stop_timestamp",
        &["register", "set"],
        &["initial-sync-interrupted"],
        &[],
    ),
    shell(
        "N05",
        "indexes_not_built",
        &["register", "set"],
        &["initial-sync-interrupted"],
        &["check:replicas-equal"],
    ),
    shell(
        "N08",
        "clones_local_or_config_wrongly",
        &["register", "set"],
        &["wipe-data"],
        &[],
    ),
    shell(
        "Q06",
        "secondary_reads_mid_batch",
        &["register", "set"],
        &["kill"],
        &[],
    ),
    shell(
        "Q08",
        "operation_time_beyond_snapshot",
        &["register", "set"],
        &["partition"],
        &[],
    ),
    shell(
        "Q09",
        "after_cluster_time_ignored",
        &["register", "set"],
        &["partition"],
        &["check:session-guarantees", "check:causal-order"],
    ),
    shell(
        "Q14",
        "default_concern_ignored",
        &["register", "set"],
        &["partition"],
        &[],
    ),
    shell("Q16", "status_lies", &["register", "set"], &["kill"], &[]),
    shell(
        "Q17",
        "election_id_order_wrong",
        &["register", "set"],
        &["kill"],
        &[],
    ),
    shell(
        "S11",
        "rollback_misses_index_or_ddl",
        &["register", "set"],
        &["rollback-sequence"],
        &["check:replicas-equal"],
    ),
    shell(
        "S12",
        "rollback_misses_sessions",
        &["register", "set"],
        &["rollback-sequence"],
        &["check:exactly-once", "check:counter"],
    ),
    shell(
        "S17",
        "non_idempotent_oplog",
        &["register", "set"],
        &["initial-sync-interrupted"],
        &["check:replicas-equal"],
    ),
    shell(
        "S20",
        "oplog_hole",
        &["register", "set"],
        &["kill"],
        &["check:replicas-equal", "trace:I-02"],
    ),
    shell(
        "T03",
        "timers_on_wall_clock",
        &["register", "set"],
        &["clock"],
        &[],
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
