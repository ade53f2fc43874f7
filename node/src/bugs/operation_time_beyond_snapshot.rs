//! Q08: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q08",
    name: "operation_time_beyond_snapshot",
    story: "A read at the commit point says that it has seen the newest entry: its operation time lies beyond its snapshot (SERVER-120304).",
};
