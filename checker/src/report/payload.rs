//! The data of a page as one block of text: header, columns, gzip, base64.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

use super::{columns::Columns, error::ReportError, timeline::Timeline};

/// What `assets/decode.js` reads first.
#[derive(Serialize)]
struct Header<'a> {
    timeline: &'a Timeline,
    count: u64,
    templates: &'a [String],
    /// Name and length in bytes, in the order in which they follow.
    columns: Vec<(&'static str, usize)>,
}

/// Packs the data: 4 bytes length of the header (little endian), the header as JSON, then the columns.
pub(crate) fn pack(timeline: &Timeline, columns: &Columns) -> Result<String, ReportError> {
    let header = serde_json::to_vec(&Header {
        timeline,
        count: columns.count,
        templates: &columns.templates,
        columns: columns
            .columns
            .iter()
            .map(|(name, bytes)| (*name, bytes.len()))
            .collect(),
    })?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let length = u32::try_from(header.len()).map_err(std::io::Error::other)?;
    encoder.write_all(&length.to_le_bytes())?;
    encoder.write_all(&header)?;
    for (_, bytes) in &columns.columns {
        encoder.write_all(bytes)?;
    }
    Ok(STANDARD.encode(encoder.finish()?))
}
