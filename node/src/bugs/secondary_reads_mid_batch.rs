//! Q06: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q06",
    name: "secondary_reads_mid_batch",
    story: "A secondary serves reads between two entries of a batch that it applies out of order: document 5 is there, document 4 is not yet (SERVER-33859).",
};
