//! N05: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "N05",
    name: "indexes_not_built",
    story: "A copy has the documents and none of the indexes (S4-09 of the notes; MongoDB's alert of September 2022).",
};
