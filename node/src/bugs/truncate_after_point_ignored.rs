//! D03: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "D03",
    name: "truncate_after_point_ignored",
    story: "A crash forgets that the log was cut: after the next start the entries that a rollback had taken away are back (SERVER-48934).",
};
