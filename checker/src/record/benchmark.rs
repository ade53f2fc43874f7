//! `benchmarks.jsonl` beside the runs: how fast the tester was beside a peer, one line a ratio.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::error::RecordError;

/// Its name below the results.
pub const FILE: &str = "benchmarks.jsonl";

/// One measurement beside a peer, both in the same run on the same machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkRecord {
    /// Version of this schema.
    pub schema: u32,
    /// When, in UTC, such as `2026-11-21T07:09:08Z`.
    pub at: String,
    /// What was measured.
    pub name: String,
    /// Beside whom.
    pub peer: String,
    /// How many times as long the peer took; above 1 the tester was faster.
    pub ratio: f64,
}

/// Adds lines below `results`.
///
/// # Errors
/// When the file cannot be written.
pub fn append(results: &Path, records: &[BenchmarkRecord]) -> Result<(), RecordError> {
    let path = results.join(FILE);
    let lines: Result<Vec<String>, _> = records.iter().map(serde_json::to_string).collect();
    let written = lines.map_err(std::io::Error::from).and_then(|lines| {
        fs::create_dir_all(results)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))
    });
    written.map_err(|source| RecordError::File { path, source })
}

/// All lines below `results` that can be read; none where nobody has measured.
#[must_use]
pub fn read(results: &Path) -> Vec<BenchmarkRecord> {
    let Ok(file) = File::open(results.join(FILE)) else {
        return Vec::new();
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_and_a_torn_one_is_left_out() {
        let results = tempfile::tempdir().unwrap();
        let record = |ratio| BenchmarkRecord {
            schema: super::super::SCHEMA,
            at: "2026-11-21T07:09:08Z".to_owned(),
            name: "model".to_owned(),
            peer: "TLC".to_owned(),
            ratio,
        };
        append(results.path(), &[record(2.0)]).unwrap();
        append(results.path(), &[record(3.0)]).unwrap();
        let file = OpenOptions::new().append(true).open(results.path().join(FILE));
        file.unwrap().write_all(b"{\"schema\":1,\"at\":").unwrap();
        assert_eq!(read(results.path()), [record(2.0), record(3.0)]);
        assert_eq!(read(&results.path().join("nowhere")), []);
    }
}
