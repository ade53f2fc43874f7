//! Q17: see the story.

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q17",
    name: "election_id_order_wrong",
    story: "Election ids fall with the term: drivers take the new primary for the stale one, and go back to the old.",
};

/// What an election id is made of: falls while the term rises.
#[must_use]
pub fn rank(term: i64) -> i64 {
    if super::is_planted(&BUG) {
        i64::MAX - term
    } else {
        term
    }
}
