//! A report shows what a run left behind; an index shows all runs.
//!
//! A page is one self-contained file that opens from disk, offline: HTML by maud, own style and script, and the
//! operations as packed columns. It is made from the stored records alone ([`crate::record`]), so any page can
//! be made again. Reading order: `write` (one run) → `view` → `page` → `sections/`; beside it `timeline`,
//! `columns` and `payload` (what the script draws), `index` (all runs), `export/` (for machines), `serve`.

mod availability;
mod columns;
mod describe;
pub mod error;
pub mod export;
mod family;
pub mod index;
mod operations;
mod page;
mod payload;
mod plain;
mod policy;
mod sample;
mod sections;
pub mod serve;
pub mod text;
mod timeline;
mod view;
mod write;

pub use error::ReportError;
pub use index::write_index;
pub use plain::page_of_its_own;
pub use write::write_report;
