//! `reached.json` beside a campaign's runs: how many situations had come up after each of them, as its merge counted.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{SCHEMA, directory::write_whole, error::RecordError};

/// Its name below the results.
pub const FILE: &str = "reached.json";

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reached {
    /// Version of this schema.
    schema: u32,
    runs: Vec<ReachedRecord>,
}

/// One run, in the order of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedRecord {
    /// Its number in the campaign.
    pub number: u64,
    /// It changed a schedule that had been kept.
    pub changed: bool,
    /// How long it took.
    pub duration_ms: u64,
    /// Situations that no run before it had reached.
    pub new: usize,
    /// Situations that it or a run before it had reached.
    pub total: usize,
}

/// Writes the file below `results`.
///
/// # Errors
/// When it cannot be written.
pub fn write(results: &Path, runs: &[ReachedRecord]) -> Result<(), RecordError> {
    let path = results.join(FILE);
    let reached = Reached {
        schema: SCHEMA,
        runs: runs.to_vec(),
    };
    let bytes = serde_json::to_vec_pretty(&reached).map_err(|source| RecordError::Json {
        path: path.clone(),
        source,
    })?;
    write_whole(&path, &bytes)
}

/// What the last merge said; nothing where nobody has merged, or where the file cannot be read.
#[must_use]
pub fn read(results: &Path) -> Vec<ReachedRecord> {
    let bytes = fs::read(results.join(FILE)).unwrap_or_default();
    serde_json::from_slice::<Reached>(&bytes).map_or_else(|_| Vec::new(), |reached| reached.runs)
}
