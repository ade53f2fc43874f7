//! S10: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "S10",
    name: "leaves_a_document_behind_in_rollback",
    story: "A rollback takes back all changes but the first: the member keeps a document that nobody else has (SERVER-38925).",
};
