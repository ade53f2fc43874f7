//! D01: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "D01",
    name: "torn_tail_accepted",
    story: "A record of the log counts although its checksum is wrong: after a power loss a half-written entry is replayed (canonical/raft #320, rabbitmq/ra #283).",
};
