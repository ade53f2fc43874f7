//! The shape of C03 in the storage: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "C03S",
    name: "answers_fsync_without_doing_it",
    story: "The oplog says \"durable\" as soon as it is written. kill -9 shows nothing, because the page cache lives on; a power loss of the majority takes what was acknowledged (issue threads of etcd, Redis-Raft and YugabyteDB; the reason for lazyfs).",
};
