//! A run's directory: always the same names, written so that a crash leaves whole files.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::RecordError,
    lines::{LineWriter, read_lines},
    run::RunId,
};
use crate::nemesis::fault::Member;

/// The files of a run, by what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunFile {
    /// [`super::run::RunRecord`].
    Run,
    /// Lines of [`crate::history::Event`].
    History,
    /// Lines of [`super::fault::FaultRecord`].
    Faults,
    /// Lines of [`super::status::StatusSample`].
    Status,
    /// [`super::verdict::VerdictRecord`].
    Verdict,
    /// [`super::model::ModelRecord`].
    Model,
    /// [`super::coverage::CoverageRecord`].
    Coverage,
    /// [`super::situations::SituationsRecord`].
    Situations,
    /// [`super::replicas::ReplicaDiff`].
    Replicas,
    /// [`crate::history::Marks`].
    Marks,
    /// The page for people.
    Report,
    /// The command that repeats the run, as a script.
    Reproduction,
    /// The run as a Chrome trace, for trace viewers.
    Trace,
}

impl RunFile {
    /// Its name within the directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run.json",
            Self::History => "history.jsonl",
            Self::Faults => "faults.jsonl",
            Self::Status => "status.jsonl",
            Self::Verdict => "verdict.json",
            Self::Model => "model.json",
            Self::Coverage => "coverage.json",
            Self::Situations => "situations.json",
            Self::Replicas => "replicas.json",
            Self::Marks => "marks.json",
            Self::Report => "report.html",
            Self::Reproduction => "repro.sh",
            Self::Trace => "trace.json",
        }
    }
}

/// One run's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    root: PathBuf,
}

impl RunDirectory {
    /// Makes `<results>/<id>/`, which must not exist yet, and points `<results>/latest` to it.
    pub fn create(results: &Path, id: &RunId) -> Result<Self, RecordError> {
        fs::create_dir_all(results).map_err(RecordError::file(results))?;
        let root = results.join(id.as_str());
        fs::create_dir(&root).map_err(RecordError::file(&root))?;
        let latest = results.join("latest");
        // A convenience only: on a disk without links, or when a folder has that name, the run goes on.
        if fs::symlink_metadata(&latest).is_ok_and(|found| found.is_symlink()) {
            drop(fs::remove_file(&latest));
        }
        drop(std::os::unix::fs::symlink(id.as_str(), &latest));
        Ok(Self { root })
    }

    /// Takes an existing directory.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, RecordError> {
        let root = root.into();
        fs::read_dir(&root).map_err(RecordError::file(&root))?;
        Ok(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file lies.
    pub fn path(&self, file: RunFile) -> PathBuf {
        self.root.join(file.name())
    }

    /// `nodes/n<member>/`: what a member left behind. Made when it is missing.
    pub fn node(&self, member: Member) -> Result<PathBuf, RecordError> {
        let path = self.root.join("nodes").join(format!("n{member}"));
        fs::create_dir_all(&path).map_err(RecordError::file(&path))?;
        Ok(path)
    }

    /// `nodes/n<member>/log`: what the member said.
    pub fn node_log(&self, member: Member) -> PathBuf {
        self.root.join("nodes").join(format!("n{member}")).join("log")
    }

    /// `nodes/n<member>/trace.jsonl.gz`: every step of the member's core.
    pub fn node_trace(&self, member: Member) -> PathBuf {
        let home = self.root.join("nodes").join(format!("n{member}"));
        home.join("trace.jsonl.gz")
    }

    /// Writes a whole record: a reader sees the old one or the new one, never half.
    pub fn write<T: Serialize>(&self, file: RunFile, value: &T) -> Result<(), RecordError> {
        let path = self.path(file);
        let mut text = serde_json::to_vec_pretty(value).map_err(|source| RecordError::Json {
            path: path.clone(),
            source,
        })?;
        text.push(b'\n');
        write_whole(&path, &text)
    }

    /// Opens a file of lines for appending.
    pub fn append<T: Serialize>(&self, file: RunFile) -> Result<LineWriter<T>, RecordError> {
        LineWriter::open(&self.path(file))
    }

    /// Reads a whole record; why it could not be read becomes a note.
    pub fn read<T: DeserializeOwned>(&self, file: RunFile, notes: &mut Vec<String>) -> Option<T> {
        let read = fs::read(self.path(file)).map_err(|error| error.to_string());
        let value = read.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        value
            .map_err(|error| notes.push(format!("{} cannot be read: {error}", file.name())))
            .ok()
    }

    /// Reads a file of lines; what could not be read becomes a note.
    pub fn read_lines<T: DeserializeOwned>(&self, file: RunFile, notes: &mut Vec<String>) -> Vec<T> {
        read_lines(&self.path(file), notes)
    }

    /// Whether the file is there.
    pub fn has(&self, file: RunFile) -> bool {
        self.path(file).is_file()
    }
}

/// Replaces a file in one step (write beside it, sync, rename): a reader sees the old bytes or the new ones.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|source| {
        drop(fs::remove_file(&beside));
        RecordError::File {
            path: path.to_owned(),
            source,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_record_comes_back_and_a_torn_one_is_a_note() {
        let results = tempfile::tempdir().unwrap();
        let id = RunId::new(UNIX_EPOCH + Duration::from_secs(1), 7);
        let directory = RunDirectory::create(results.path(), &id).unwrap();
        directory.write(RunFile::Coverage, &vec![1, 2]).unwrap();
        let mut notes = Vec::new();
        assert_eq!(
            directory.read::<Vec<u32>>(RunFile::Coverage, &mut notes),
            Some(vec![1, 2])
        );
        assert!(notes.is_empty());

        fs::write(directory.path(RunFile::Coverage), b"[1, ").unwrap();
        assert_eq!(directory.read::<Vec<u32>>(RunFile::Coverage, &mut notes), None);
        assert_eq!(notes.len(), 1);

        let latest = RunDirectory::open(results.path().join("latest")).unwrap();
        assert!(latest.has(RunFile::Coverage));
        assert!(
            RunDirectory::create(results.path(), &id).is_err(),
            "a run never overwrites another"
        );
    }
}
