//! E16: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "E16",
    name: "no_jitter",
    story: "All members wait equally long before they stand: after the primary's death they stand together, and share the votes again and again (Raft, section 9.3).",
};
