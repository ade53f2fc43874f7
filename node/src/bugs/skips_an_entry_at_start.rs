//! D07: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "D07",
    name: "skips_an_entry_at_start",
    story: "The mark of what the data holds is one entry ahead of the data: the first entry to be replayed after a crash is skipped (etcd 3.5, #13766).",
};
