//! Q16: see the story.

use protocol::message::MemberState;

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "Q16",
    name: "status_lies",
    story: "Whoever was alive once is shown alive for ever: the status of a dead member is what it last said (S0-17 of the notes).",
};

/// What a member that has fallen silent is shown as.
#[must_use]
pub fn told(heard: MemberState) -> MemberState {
    match heard {
        MemberState::Down if super::is_planted(&BUG) => MemberState::Secondary,
        heard => heard,
    }
}
