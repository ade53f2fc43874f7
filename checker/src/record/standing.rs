//! `standings.json` beside a campaign's runs: which anomalies the list of known issues excused, as its merge judged.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{SCHEMA, directory::write_whole, error::RecordError};

/// Its name below the results.
pub const FILE: &str = "standings.json";

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standings {
    /// Version of this schema.
    schema: u32,
    signatures: Vec<StandingRecord>,
}

/// How one signature stood to the list on the day of the merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingRecord {
    /// Stable name of the anomaly.
    pub signature: String,
    /// Excused, or not.
    pub standing: StandingWord,
    /// Where it is dealt with; empty for a new one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issue: String,
}

/// The one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StandingWord {
    /// Nobody knew of it.
    New,
    /// In the list, and excused.
    Known,
    /// In the list, and no longer excused.
    Expired,
}

impl StandingWord {
    /// As pages spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Expired => "was known",
        }
    }
}

/// Writes the file below `results`.
///
/// # Errors
/// When it cannot be written.
pub fn write(results: &Path, signatures: Vec<StandingRecord>) -> Result<(), RecordError> {
    let path = results.join(FILE);
    let standings = Standings {
        schema: SCHEMA,
        signatures,
    };
    match serde_json::to_vec_pretty(&standings) {
        Ok(bytes) => write_whole(&path, &bytes),
        Err(error) => Err(RecordError::File {
            path,
            source: error.into(),
        }),
    }
}

/// What the last merge said; nothing where nobody has merged, or where the file cannot be read.
#[must_use]
pub fn read(results: &Path) -> Vec<StandingRecord> {
    let bytes = fs::read(results.join(FILE)).unwrap_or_default();
    serde_json::from_slice::<Standings>(&bytes).map_or_else(|_| Vec::new(), |standings| standings.signatures)
}
