//! Files of one JSON value a line: written while the run goes, read with patience.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::error::RecordError;

/// Appends values of one type to a file, a line each.
#[derive(Debug)]
pub struct LineWriter<T> {
    path: PathBuf,
    file: BufWriter<File>,
    kind: PhantomData<fn(&T)>,
}

impl<T: Serialize> LineWriter<T> {
    /// Opens the file for appending, and makes it when it is missing.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = BufWriter::new(file.map_err(RecordError::file(path))?);
        Ok(Self {
            path: path.to_owned(),
            file,
            kind: PhantomData,
        })
    }

    /// Adds one value. It is buffered: see [`Self::flush`] and [`Self::sync`].
    pub fn append(&mut self, value: &T) -> Result<(), RecordError> {
        let mut line = serde_json::to_vec(value).map_err(|source| RecordError::Json {
            path: self.path.clone(),
            source,
        })?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(RecordError::file(&self.path))
    }

    /// Hands the lines to the operating system: they survive the death of this process.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        self.file.flush().map_err(RecordError::file(&self.path))
    }

    /// Puts the lines on the disk: they survive a power loss. Called at the border of a phase.
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.flush()?;
        self.file
            .get_ref()
            .sync_data()
            .map_err(RecordError::file(&self.path))
    }
}

/// Reads all whole lines. What cannot be read (missing file, a line cut by a crash, a foreign line) is told in
/// `notes`, one sentence a file, and never a reason to stop.
pub fn read_lines<T: DeserializeOwned>(path: &Path, notes: &mut Vec<String>) -> Vec<T> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            notes.push(format!("{name} cannot be read: {error}"));
            return Vec::new();
        }
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut values, mut line, mut number) = (Vec::new(), Vec::new(), 0u64);
    let (mut broken, mut first) = (0u64, None);
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => number += 1,
            Err(error) => {
                notes.push(format!("{name} ends early after line {number}: {error}"));
                break;
            }
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(value) => values.push(value),
            Err(error) => {
                broken += 1;
                first.get_or_insert_with(|| format!("line {number}: {error}"));
            }
        }
    }
    if let Some(first) = first {
        notes.push(format!(
            "{name}: {broken} of {number} lines could not be read; first {first}"
        ));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_written_and_foreign_lines_become_a_note() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("numbers.jsonl");
        let mut writer = LineWriter::<u32>::open(&path).unwrap();
        writer.append(&1).unwrap();
        writer.append(&2).unwrap();
        writer.sync().unwrap();
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"\n{\"not\": \"a number\"}\n3\n4\n\xff\xfe\n\"hal");
        std::fs::write(&path, text).unwrap();

        let mut notes = Vec::new();
        assert_eq!(read_lines::<u32>(&path, &mut notes), [1, 2, 3, 4]);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].starts_with("numbers.jsonl: 3 of 8 lines"), "{notes:?}");
    }

    #[test]
    fn a_missing_file_is_a_note() {
        let mut notes = Vec::new();
        assert!(read_lines::<u32>(Path::new("/nowhere/status.jsonl"), &mut notes).is_empty());
        assert!(notes[0].starts_with("status.jsonl cannot be read"));
    }
}
