//! N08: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "N08",
    name: "clones_local_or_config_wrongly",
    story: "A copied directory is taken for the member's own: two members with one identity and one vote (restored backups).",
};
