//! D06: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "D06",
    name: "forgets_the_directory",
    story: "A renamed file is durable, its name is not: after a power loss the segment of the log is missing (etcd #14143, findings of lazyfs).",
};
