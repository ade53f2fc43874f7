//! The shape of E01 in the storage: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "E01S",
    name: "forgets_votes",
    story: "The vote is told and never written: after a restart the member votes again in the same term (nebula #2405, akka-raft #47).",
};
