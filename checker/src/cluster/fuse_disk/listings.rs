//! What open directories held when they were opened: whoever deletes while reading on must not miss any.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fuser::{FileHandle, FileType, INodeNo, ReplyDirectory};
use nix::errno::Errno;

use super::{state::State, status::kind};

/// One row: inode, kind and name.
type Row = (u64, FileType, OsString);

/// The listings of a disk's open directories.
#[derive(Debug, Default)]
pub(super) struct Listings(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    rows: BTreeMap<u64, Vec<Row>>,
    opened: u64,
}

impl Listings {
    /// Notes what the directory holds now.
    pub(super) fn open(&self, state: &State, directory: u64) -> Result<FileHandle, Errno> {
        let entries = state.disk.entries(directory)?.iter();
        let known = entries.filter_map(|(name, number)| {
            let inode = state.disk.inode(*number).ok()?;
            Some((*number, kind(&inode.kind), name.clone()))
        });
        let own = [".", ".."].map(|name| (directory, FileType::Directory, name.into()));
        let rows = own.into_iter().chain(known).collect();
        let mut open = self.lock();
        open.opened += 1;
        let handle = open.opened;
        open.rows.insert(handle, rows);
        Ok(FileHandle(handle))
    }

    /// Adds the rows from `offset` on, as many as the answer holds.
    pub(super) fn tell(&self, handle: FileHandle, offset: u64, reply: &mut ReplyDirectory) {
        let open = self.lock();
        let rows = open.rows.get(&handle.0).into_iter().flatten();
        for (next, (number, kind, name)) in (1..).zip(rows).skip(offset as usize) {
            if reply.add(INodeNo(*number), next, *kind, name) {
                break;
            }
        }
    }

    /// Forgets it.
    pub(super) fn close(&self, handle: FileHandle) {
        self.lock().rows.remove(&handle.0);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
