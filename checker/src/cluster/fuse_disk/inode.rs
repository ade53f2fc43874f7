//! What a name on the disk leads to.

use std::{path::PathBuf, time::SystemTime};

use super::content::Content;

/// One file, directory or symbolic link.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) kind: Kind,
    /// Whose it is, and the permission bits: durable at once, nothing here hangs on them.
    pub(super) owner: Owner,
    pub(super) mode: u16,
    pub(super) modified: SystemTime,
    /// Open descriptions: it stays until the last is closed, with a name or without.
    pub(super) opened: u64,
}

/// Which of the three it is.
#[derive(Debug)]
pub(super) enum Kind {
    File(Content),
    Directory,
    Link(PathBuf),
}

/// User and group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Inode {
    pub(super) fn new(kind: Kind, mode: u16, owner: Owner) -> Self {
        Self {
            kind,
            owner,
            mode,
            modified: SystemTime::now(),
            opened: 0,
        }
    }

    /// Its bytes, if it is a file.
    pub(super) fn content(&self) -> Option<&Content> {
        match &self.kind {
            Kind::File(content) => Some(content),
            Kind::Directory | Kind::Link(_) => None,
        }
    }

    /// The same, to change them.
    pub(super) fn content_mut(&mut self) -> Option<&mut Content> {
        match &mut self.kind {
            Kind::File(content) => Some(content),
            Kind::Directory | Kind::Link(_) => None,
        }
    }

    /// How long it is, as its status tells.
    pub(super) fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(content) => content.size(),
            Kind::Directory => 0,
            Kind::Link(target) => target.as_os_str().len() as u64,
        }
    }

    /// Pages that it takes of the disk.
    pub(super) fn pages(&self) -> u64 {
        self.content().map_or(0, Content::pages)
    }
}
