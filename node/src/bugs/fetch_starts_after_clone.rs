//! N01: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "N01",
    name: "fetch_starts_after_clone",
    story: "What was written while the data were copied is not applied to the copy: it holds old documents, and lacks some (the third step of the notes on initial sync).",
};
