//! A disk in memory, as a structure without kernel or threads: files, names, room, and the loss of power.

use std::{collections::BTreeMap, ffi::OsStr, time::SystemTime};

use nix::errno::Errno;

use super::{
    content::{Content, PAGE_BYTES},
    inode::{Inode, Kind, Owner},
    names::{Change, Entries, Names, NamesLaw, ROOT},
};
use crate::{cluster::power::Loss, nemesis::dice::Dice};

/// Files and names, current and durable. Inodes are known by number, and no number is given twice.
#[derive(Debug)]
pub(super) struct MemoryDisk {
    inodes: BTreeMap<u64, Inode>,
    names: Names,
    next: u64,
    pages_max: u64,
    pages: u64,
    /// Some inodes may be without a current name: they go when nothing can bring them back.
    nameless: bool,
}

impl MemoryDisk {
    /// An empty disk with room for so many bytes, whose root belongs to `owner`.
    pub(super) fn new(law: NamesLaw, bytes_max: u64, owner: Owner) -> Self {
        Self {
            inodes: BTreeMap::from([(ROOT, Inode::new(Kind::Directory, 0o755, owner))]),
            names: Names::new(law),
            next: ROOT + 1,
            pages_max: bytes_max / PAGE_BYTES as u64,
            pages: 0,
            nameless: false,
        }
    }

    /// An inode by its number.
    pub(super) fn inode(&self, number: u64) -> Result<&Inode, Errno> {
        self.inodes.get(&number).ok_or(Errno::ENOENT)
    }

    /// The same, to change what is durable at once.
    pub(super) fn inode_mut(&mut self, number: u64) -> Result<&mut Inode, Errno> {
        self.inodes.get_mut(&number).ok_or(Errno::ENOENT)
    }

    /// The numbers of all inodes.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.inodes.keys().copied().collect()
    }

    /// How many names an inode has; a directory counts its own.
    pub(super) fn links(&self, number: u64) -> usize {
        self.names.links(number)
    }

    /// Room: pages in all, and pages that are taken.
    pub(super) fn room(&self) -> (u64, u64) {
        (self.pages_max, self.pages)
    }

    /// Whose a name is.
    pub(super) fn find(&self, directory: u64, name: &OsStr) -> Result<u64, Errno> {
        self.entries(directory)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// What a directory holds.
    pub(super) fn entries(&self, directory: u64) -> Result<&Entries, Errno> {
        self.names.entries(directory).ok_or(Errno::ENOTDIR)
    }

    /// A new inode with a new name.
    pub(super) fn make(&mut self, directory: u64, name: &OsStr, inode: Inode) -> Result<u64, Errno> {
        if self.entries(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        if matches!(inode.kind, Kind::Directory) {
            self.names.add_directory(number);
        }
        self.inodes.insert(number, inode);
        self.names
            .change(vec![(directory, name.to_owned(), Some(number))]);
        Ok(number)
    }

    /// One more name of a file.
    pub(super) fn link(&mut self, number: u64, directory: u64, name: &OsStr) -> Result<(), Errno> {
        if matches!(self.inode(number)?.kind, Kind::Directory) {
            return Err(Errno::EPERM);
        }
        if self.entries(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        self.names
            .change(vec![(directory, name.to_owned(), Some(number))]);
        Ok(())
    }

    /// A file's name goes.
    pub(super) fn unlink(&mut self, directory: u64, name: &OsStr) -> Result<(), Errno> {
        let number = self.find(directory, name)?;
        if matches!(self.inode(number)?.kind, Kind::Directory) {
            return Err(Errno::EISDIR);
        }
        self.names.change(vec![(directory, name.to_owned(), None)]);
        self.nameless = true;
        Ok(())
    }

    /// An empty directory goes.
    pub(super) fn remove_directory(&mut self, directory: u64, name: &OsStr) -> Result<(), Errno> {
        let number = self.find(directory, name)?;
        if !self.entries(number)?.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.names.change(vec![(directory, name.to_owned(), None)]);
        self.names.remove_directory(number);
        self.nameless = true;
        Ok(())
    }

    /// A name moves. What had the other name before goes, unless `spare` forbids to replace anything.
    pub(super) fn rename(
        &mut self,
        from: (u64, &OsStr),
        to: (u64, &OsStr),
        spare: bool,
    ) -> Result<(), Errno> {
        let number = self.find(from.0, from.1)?;
        let is_directory = matches!(self.inode(number)?.kind, Kind::Directory);
        let replaced = self.entries(to.0)?.get(to.1).copied();
        if replaced == Some(number) {
            return Ok(());
        }
        if let Some(replaced) = replaced {
            if spare {
                return Err(Errno::EEXIST);
            }
            match (is_directory, self.names.entries(replaced)) {
                (true, Some(entries)) if !entries.is_empty() => return Err(Errno::ENOTEMPTY),
                (true, None) => return Err(Errno::ENOTDIR),
                (false, Some(_)) => return Err(Errno::EISDIR),
                _ => {}
            }
            self.names.remove_directory(replaced);
        }
        let change: Change = vec![
            (from.0, from.1.to_owned(), None),
            (to.0, to.1.to_owned(), Some(number)),
        ];
        self.names.change(change);
        self.nameless = true;
        Ok(())
    }

    /// A file's bytes.
    pub(super) fn content(&self, number: u64) -> Result<&Content, Errno> {
        self.inode(number)?.content().ok_or(Errno::EISDIR)
    }

    /// Writes, if there is room for all of it.
    pub(super) fn write(&mut self, number: u64, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.content(number)?;
        offset.checked_add(bytes.len() as u64).ok_or(Errno::EFBIG)?;
        self.has_room(number, offset, bytes.len() as u64)?;
        self.change(number, |content| content.write(offset, bytes))
    }

    /// Grows or is cut.
    pub(super) fn resize(&mut self, number: u64, size: u64) -> Result<(), Errno> {
        self.change(number, |content| content.resize(size))
    }

    /// Zeros in a range, up to the end at most.
    pub(super) fn clear(&mut self, number: u64, offset: u64, length: u64) -> Result<(), Errno> {
        let end = offset.saturating_add(length).min(self.content(number)?.size());
        self.change(number, |content| content.clear(offset, end))
    }

    /// Whether a range could be written whole.
    pub(super) fn has_room(&self, number: u64, offset: u64, length: u64) -> Result<(), Errno> {
        let needed = self.pages + self.content(number)?.pages_added(offset, length);
        if needed > self.pages_max {
            return Err(Errno::ENOSPC);
        }
        Ok(())
    }

    /// What the file holds is durable, and names as far as the disk's law says.
    pub(super) fn sync(&mut self, number: u64) -> Result<(), Errno> {
        let inode = self.inode_mut(number)?;
        if let Some(content) = inode.content_mut() {
            content.sync();
        }
        self.names.file_synced();
        self.forget_nameless();
        Ok(())
    }

    /// The names in a directory are durable.
    pub(super) fn sync_directory(&mut self, number: u64) {
        self.names.directory_synced(number);
        self.forget_nameless();
    }

    /// Everything is durable.
    pub(super) fn settle(&mut self) {
        for content in self.inodes.values_mut().filter_map(Inode::content_mut) {
            content.sync();
        }
        self.names.sync();
        self.forget_nameless();
    }

    /// Somebody has it open.
    pub(super) fn opened(&mut self, number: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.opened += 1;
        }
    }

    /// One less.
    pub(super) fn released(&mut self, number: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.opened = inode.opened.saturating_sub(1);
        }
        self.forget_nameless();
    }

    /// What was not durable is gone, save for what chance has kept: each unsynced sector, and of the unsynced changes of
    /// names some first ones.
    pub(super) fn lose_power(&mut self, keep_permille: u32, dice: &mut Dice) -> Loss {
        let mut loss = Loss::default();
        for content in self.inodes.values_mut().filter_map(Inode::content_mut) {
            let lost = content.lose(|| dice.chance(keep_permille));
            loss.files_changed += u64::from(lost.bytes > 0);
            loss.bytes_lost += lost.bytes;
            loss.sectors_kept += lost.sectors_kept;
        }
        loss.names_undone = self.names.lose(|| dice.chance(keep_permille));
        let named = self.names.named();
        // Nobody has anything open any more: the machine was off.
        self.inodes.retain(|number, inode| {
            inode.opened = 0;
            named.contains(number)
        });
        self.pages = self.inodes.values().map(Inode::pages).sum();
        self.nameless = false;
        loss
    }

    fn change(&mut self, number: u64, deed: impl FnOnce(&mut Content)) -> Result<(), Errno> {
        let inode = self.inodes.get_mut(&number).ok_or(Errno::ENOENT)?;
        let before = inode.pages();
        inode.modified = SystemTime::now();
        deed(inode.content_mut().ok_or(Errno::EISDIR)?);
        self.pages = self.pages - before + inode.pages();
        Ok(())
    }

    /// Lets go of inodes that nobody can reach again: closed, and without a name, durable or current.
    fn forget_nameless(&mut self) {
        if !self.nameless {
            return;
        }
        let named = self.names.named();
        self.inodes
            .retain(|number, inode| named.contains(number) || inode.opened > 0);
        self.nameless = self.inodes.len() > self.names.current().len();
        self.pages = self.inodes.values().map(Inode::pages).sum();
    }
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
