//! S11: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "S11",
    name: "rollback_misses_index_or_ddl",
    story: "A rollback takes back documents and leaves collections and indexes as they are: the member has an index that nobody else has (MongoDB's alert of September 2022).",
};
