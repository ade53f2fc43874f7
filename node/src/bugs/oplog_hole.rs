//! S20: see the story.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "S20",
    name: "oplog_hole",
    story: "Of entries that were written together one is not yet visible to a fetch, and the next fetch begins behind it: it is missing for ever (SERVER-43978).",
};

/// How many entries a fetch has to find until one of them is "not yet visible".
const TOGETHER_MIN: usize = 3;

/// Leaves the last but one out of what a fetch is answered with.
pub fn leave(entries: &mut Vec<OpTime>, documents: &mut Vec<Arc<[u8]>>) {
    if super::is_planted(&BUG) && documents.len() >= TOGETHER_MIN && entries.len() == documents.len() {
        let open = entries.len() - 2;
        entries.remove(open);
        documents.remove(open);
    }
}
