//! A compiled update.

use bson::{DateTime, Document, Timestamp};

use super::array_filter::ArrayFilters;
use super::operator::Modifier;
use super::pipeline::UpdatePipeline;

/// An update, ready to be applied to documents.
#[derive(Clone, Debug)]
pub enum Update {
    /// A whole new document.
    Replacement(Document),
    /// `$set` and its kin, sorted by path.
    Modifiers {
        /// What to do, where.
        modifiers: Vec<Modifier>,
        /// What `$[name]` selects.
        array_filters: ArrayFilters,
    },
    /// Stages over the one document.
    Pipeline(UpdatePipeline),
}

/// What an update needs to know besides the document.
#[derive(Clone, Copy, Debug)]
pub struct ApplyContext {
    /// Where the filter matched inside an array, for the positional operator.
    pub position: Option<usize>,
    /// Whether the document is being inserted by an upsert (`$setOnInsert`).
    pub inserting: bool,
    /// The time of `$currentDate`.
    pub now: DateTime,
    /// The timestamp of `$currentDate: { $type: "timestamp" }`.
    pub timestamp: Timestamp,
}

/// The result of an update.
#[derive(Clone, PartialEq, Debug)]
pub struct Updated {
    /// The whole new document, `_id` first.
    pub document: Document,
    /// Whether it differs from the old one.
    pub modified: bool,
}
