//! What the clients saw: written while the run goes, read back without the run.
//!
//! Reading order: [`Event`] is one line of the file; [`Recorder`] writes them; [`read`] reads them back and says
//! which line is wrong; [`History`] pairs invocations with completions into [`Op`]s, which is what checks read.

mod error;
mod event;
pub mod foreign;
mod marks;
mod op;
mod pairing;
mod read;
mod recorder;
mod schema;

pub use error::HistoryError;
pub use event::{Event, Phase};
pub use marks::{Mark, Marks, Resolution, is_marked};
pub use op::{History, Op};
pub use pairing::Pairing;
pub use read::{EventReader, read, read_events, read_patiently};
pub use recorder::Recorder;
pub use schema::{Header, LINE_BYTES_MAX, SCHEMA};
