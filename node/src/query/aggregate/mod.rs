//! Aggregation pipelines: stages that pull documents from the stage before them. A stage owns its state and
//! borrows its input only while it is asked for a document, so that a pipeline can wait in a cursor.

mod accumulator;
mod facet;
mod group;
mod lookup;
mod pipeline;
mod replace_root;
mod sample;
mod simple;
mod sort_stage;
mod source;
mod stage;
mod unwind;

pub use accumulator::Accumulator;
pub(crate) use pipeline::stage_parts;
pub use pipeline::{Pipeline, StageContext};
pub(crate) use replace_root::ReplaceRoot;
pub(crate) use simple::unset_paths;
pub use source::{Empty, FromVec, Source};
pub use stage::{MEMORY_BYTES_MAX, Stage};

#[cfg(test)]
mod tests;
