//! Q12: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q12",
    name: "keeps_retries_to_itself",
    story: "What a retryable write has done is not written into the oplog: after a failover the retry is executed once more (SERVER-126373, openraft #2095).",
};
