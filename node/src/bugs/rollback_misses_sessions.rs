//! S12: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "S12",
    name: "rollback_misses_sessions",
    story: "A rollback takes back what a retryable write did and remembers that it was done: the retry is told \"done\", and nothing is there (SERVER-55305).",
};
