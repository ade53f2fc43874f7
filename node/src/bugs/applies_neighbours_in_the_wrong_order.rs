//! S18: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "S18",
    name: "applies_neighbours_in_the_wrong_order",
    story: "Two neighbouring entries of a fetched batch change places when they are applied: on secondaries the older value wins (SERVER-82180).",
};
