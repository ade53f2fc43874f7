//! Q14: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q14",
    name: "default_concern_ignored",
    story: "Whoever asks for no write concern gets that of one member, whatever the default says (SERVER-126299; Jepsen, MongoDB 4.2.6).",
};
