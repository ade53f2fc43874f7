//! Q09: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q09",
    name: "after_cluster_time_ignored",
    story: "A secondary answers at once, whatever cluster time the client has seen: nobody reads his own writes (Jepsen, MongoDB 3.6.4).",
};
