//! The planted bugs of the server around the core: the exam of the tester. Compiled in by the feature `planted-bugs`
//! only, and chosen at run time.

pub mod answers_fsync_without_doing_it;
pub mod applies_neighbours_in_the_wrong_order;
pub mod forgets_the_directory;
pub mod forgets_votes;
pub mod keeps_retries_to_itself;
pub mod leaves_a_document_behind_in_rollback;
mod planted;
pub mod skips_an_entry_at_start;

pub use planted::{Bug, is_planted, plant};

/// Every planted bug of the shell, by id.
pub const BUGS: &[&Bug] = &[
    &answers_fsync_without_doing_it::BUG,
    &forgets_the_directory::BUG,
    &skips_an_entry_at_start::BUG,
    &forgets_votes::BUG,
    &keeps_retries_to_itself::BUG,
    &leaves_a_document_behind_in_rollback::BUG,
    &applies_neighbours_in_the_wrong_order::BUG,
];
