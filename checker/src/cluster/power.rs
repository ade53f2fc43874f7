//! Power loss without privileges: what a dead process had not fsynced is taken back.
//!
//! SIGKILL tests no durability: the page cache outlives the process. Here the process's shim has journaled
//! what each change destroyed, and this is the hand that undoes the changes no sync has covered. What it
//! cannot see: stores through a shared mapping, and calls that go around the C library; the page's
//! `undo_missed` counts those changes that it saw and could not journal.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{
    error::ClusterError,
    shim_layout::undo_format::{CONTENT_PREFIX, NAMES_JOURNAL, SAVED_PREFIX},
    undo_journal::{OldContent, OldName, read_content, read_names},
};
use crate::nemesis::dice::Dice;

/// What reaches a disk as a whole, or not.
const SECTOR_BYTES: usize = 512;

/// What a power loss took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Files whose content is now older.
    pub files_changed: u64,
    /// Bytes that differ from before, or are gone.
    pub bytes_lost: u64,
    /// Names made, moved or removed that are now as they were.
    pub names_undone: u64,
    /// Sectors that had reached the disk by chance.
    pub sectors_kept: u64,
}

/// Takes back what was not synced in `data`, by the journals in `undo`, which are removed. The process must be
/// dead. Each unsynced sector stays with probability `keep_permille`/1000, and of the unsynced changes of
/// names some first ones do; both drawn from `seed`.
pub fn lose_power(data: &Path, undo: &Path, keep_permille: u32, seed: u64) -> Result<Loss, ClusterError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ClusterError::Power { path, source }
    };
    let mut dice = Dice::new(seed, "power loss");
    let mut loss = Loss::default();
    let mut files = BTreeMap::new();
    find_files(data, &mut files).map_err(failed(data))?;
    find_files(undo, &mut files).map_err(failed(undo))?;
    for (path, changes) in contents(undo, &files)? {
        restore(&path, &changes, keep_permille, &mut dice, &mut loss).map_err(failed(&path))?;
    }
    let mut names = read_names(&journal(undo, NAMES_JOURNAL)?);
    let kept = names.iter().take_while(|_| dice.chance(keep_permille)).count();
    for name in names.drain(kept..).rev() {
        loss.names_undone += u64::from(take_back(undo, &name).map_err(failed(data))?);
    }
    empty(undo).map_err(failed(undo))?;
    Ok(loss)
}

/// The unsynced changes of content of each file that still has a name, by its path (inode order would make
/// the dice fall differently from run to run). A file without a name is gone for good; nobody can open it.
fn contents(
    undo: &Path,
    files: &BTreeMap<u64, PathBuf>,
) -> Result<BTreeMap<PathBuf, Vec<OldContent>>, ClusterError> {
    let mut contents = BTreeMap::new();
    for path in files.values().filter(|path| path.starts_with(undo)) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let inode = name
            .strip_prefix(CONTENT_PREFIX)
            .and_then(|inode| inode.parse::<u64>().ok());
        let Some(file) = inode.and_then(|inode| files.get(&inode)) else {
            continue;
        };
        let changes = read_content(&journal(undo, name)?);
        if !changes.is_empty() {
            contents.insert(file.clone(), changes);
        }
    }
    Ok(contents)
}

/// A journal's bytes; none if there is no such journal.
fn journal(undo: &Path, name: &str) -> Result<Vec<u8>, ClusterError> {
    let path = undo.join(name);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|source| ClusterError::Power { path, source }),
    }
}

/// Brings a file's content back to what was durable, save for the sectors that chance has kept.
fn restore(
    path: &Path,
    changes: &[OldContent],
    keep_permille: u32,
    dice: &mut Dice,
    loss: &mut Loss,
) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    let (start, end) = touched(changes, size);
    let mut current = vec![0; (end.min(size) - start) as usize];
    file.read_exact_at(&mut current, start)?;
    let mut durable = current.clone();
    for change in changes.iter().rev() {
        durable.resize((change.size_before.min(end) - start) as usize, 0);
        let place = (change.offset - start) as usize;
        if let Some(place) = durable.get_mut(place..place + change.bytes.len()) {
            place.copy_from_slice(&change.bytes);
        }
    }
    let result = tear(&current, durable, keep_permille, dice, loss);
    if result == current {
        return Ok(());
    }
    loss.files_changed += 1;
    let same = current
        .iter()
        .zip(&result)
        .filter(|(before, after)| before == after)
        .count();
    loss.bytes_lost += (current.len().max(result.len()) - same) as u64;
    if result.len() != current.len() {
        file.set_len(start + result.len() as u64)?;
    }
    file.write_all_at(&result, start)
}

/// The range of a file that its changes have touched, from the border of a sector on; log files are large,
/// and their changes lie close together.
fn touched(changes: &[OldContent], size: u64) -> (u64, u64) {
    let starts = changes.iter().map(|change| change.offset.min(change.size_before));
    let start = starts.min().unwrap_or(0).min(size);
    let kept_size = changes.iter().all(|change| change.size_before == size);
    let end = if kept_size {
        changes
            .iter()
            .map(|change| change.offset + change.bytes.len() as u64)
            .max()
            .unwrap_or(0)
    } else {
        changes
            .iter()
            .map(|change| change.size_before)
            .max()
            .unwrap_or(0)
            .max(size)
    };
    (start - start % SECTOR_BYTES as u64, end.clamp(start, u64::MAX))
}

/// The durable content with some sectors of the current one.
fn tear(
    current: &[u8],
    mut durable: Vec<u8>,
    keep_permille: u32,
    dice: &mut Dice,
    loss: &mut Loss,
) -> Vec<u8> {
    if keep_permille == 0 {
        return durable;
    }
    for start in (0..current.len()).step_by(SECTOR_BYTES) {
        let sector = &current[start..current.len().min(start + SECTOR_BYTES)];
        if durable.get(start..start + sector.len()) == Some(sector) || !dice.chance(keep_permille) {
            continue;
        }
        loss.sectors_kept += 1;
        if durable.len() < start + sector.len() {
            // The file has grown up to here; what lies between was never written and reads as zeros.
            durable.resize(start + sector.len(), 0);
        }
        durable[start..start + sector.len()].copy_from_slice(sector);
    }
    durable
}

/// Undoes one change of a name. False if there was nothing to undo: the change had not happened.
fn take_back(undo: &Path, name: &OldName) -> io::Result<bool> {
    let saved_file = |start: &u64| undo.join(format!("{SAVED_PREFIX}{start}"));
    let undone = match name {
        OldName::Created(path) => fs::remove_file(path),
        OldName::DirectoryMade(path) => fs::remove_dir(path),
        OldName::DirectoryRemoved(path) => fs::create_dir(path),
        OldName::Renamed { from, to, saved } => fs::rename(to, from).and_then(|()| match saved {
            Some(start) => fs::rename(saved_file(start), to),
            None => Ok(()),
        }),
        OldName::Unlinked { path, saved } => match saved {
            // If the unlink never happened the name is still there, and this says so.
            Some(start) => fs::hard_link(saved_file(start), path),
            None => return Ok(false),
        },
    };
    match undone {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
                Ok(false)
            }
            _ => Err(error),
        },
    }
}

fn empty(undo: &Path) -> io::Result<()> {
    for entry in fs::read_dir(undo)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Regular files below a directory, by inode. Of several names of one file any will do.
pub(super) fn find_files(directory: &Path, files: &mut BTreeMap<u64, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let status = entry.path().symlink_metadata()?;
        if status.is_dir() {
            find_files(&entry.path(), files)?;
        } else if status.is_file() {
            files.insert(status.ino(), entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "power_tests.rs"]
mod tests;
