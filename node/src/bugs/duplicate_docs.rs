//! N03: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "N03",
    name: "duplicate_docs",
    story: "An insert that the copy holds already is inserted once more beside it (Tokutek #763, reports of duplicates after initial sync).",
};
