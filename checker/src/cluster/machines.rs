//! What an operator does with a member's machine: files behind its back, another machine in its place.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use super::{
    error::ClusterError,
    rig::{PowerBackend, Rig},
};
use crate::nemesis::fault::Member;

impl Rig {
    /// A member's files were changed behind its back: it may refuse them, and its trace says that it owes nothing to
    /// what was before.
    pub(super) fn note_damage(&mut self, member: Member) -> Result<(), ClusterError> {
        self.damaged.insert(member);
        self.note_end(member, "damaged")
    }

    /// Does what an operator does with a member that refuses to serve what is left of its damaged files: it starts
    /// again with none, and the others give it theirs. Members that went on with their files are left alone.
    pub fn replace_damaged(&mut self) -> Result<Vec<Member>, ClusterError> {
        let mut replaced = Vec::new();
        for member in self.damaged.clone() {
            if self.excused.contains_key(&member) || self.process(member).exit().is_none() {
                continue;
            }
            self.empty(member)?;
            self.damaged.remove(&member);
            self.restart(member)?;
            replaced.push(member);
        }
        Ok(replaced)
    }

    /// Empties the data directory of a member that is down, as a new machine would have it; gives how many files and
    /// bytes are gone.
    pub(super) fn empty(&mut self, member: Member) -> Result<(u64, u64), ClusterError> {
        let data = self.seats()[usize::from(member)].data.clone();
        let failed = |source| ClusterError::Make {
            path: data.clone(),
            source,
        };
        let gone = count(&data).map_err(failed)?;
        remove_all_in(&data).map_err(failed)?;
        self.settle_disk(member);
        if self.power == PowerBackend::UndoJournal {
            // A later power loss must not bring back what was in the old machine's files.
            let undo = self.seats()[usize::from(member)].undo.clone();
            remove_all_in(&undo).map_err(|source| ClusterError::Make { path: undo, source })?;
        }
        self.damaged.remove(&member);
        self.note_end(member, "emptied")?;
        Ok(gone)
    }

    /// Writes into the member's trace that its next life owes nothing to the one before: what was durable there is gone
    /// by an operator's act, and that is no loss of the member's.
    fn note_end(&self, member: Member, why: &str) -> Result<(), ClusterError> {
        let path = self.seats()[usize::from(member)].trace();
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            // On a line of its own: the process may have died within one.
            .and_then(|mut trace| trace.write_all(format!("\n{{\"ended\":\"{why}\"}}\n").as_bytes()));
        written.map_err(|source| ClusterError::Make { path, source })
    }
}

/// The directory itself stays: it may be where a disk is mounted.
fn remove_all_in(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Files below a directory, and their bytes.
fn count(directory: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let status = entry.metadata()?;
        let (more_files, more_bytes) = if status.is_dir() {
            count(&entry.path())?
        } else {
            (1, status.len())
        };
        files += more_files;
        bytes += more_bytes;
    }
    Ok((files, bytes))
}
