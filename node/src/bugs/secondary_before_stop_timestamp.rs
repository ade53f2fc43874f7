//! N04: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "N04",
    name: "secondary_before_stop_timestamp",
    story: "A member serves reads as soon as the last page is copied: its documents are from many moments, and no state of the set ever looked like that (S4-10 of the notes).",
};
