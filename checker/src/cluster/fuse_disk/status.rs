//! An inode, as the kernel wants it told.

use fuser::{FileAttr, FileType, INodeNo};
use nix::errno::Errno;

use super::{
    content::{PAGE_BYTES, SECTOR_BYTES},
    inode::Kind,
    state::State,
};

/// What the kernel may know of an inode.
pub(super) fn status(state: &State, number: u64) -> Result<FileAttr, Errno> {
    let inode = state.disk.inode(number)?;
    let links = match inode.kind {
        Kind::Directory => 2,
        Kind::File(_) | Kind::Link(_) => state.disk.links(number) as u32,
    };
    Ok(FileAttr {
        ino: INodeNo(number),
        size: inode.size(),
        blocks: inode.pages() * (PAGE_BYTES / SECTOR_BYTES) as u64,
        atime: inode.modified,
        mtime: inode.modified,
        ctime: inode.modified,
        crtime: inode.modified,
        kind: kind(&inode.kind),
        perm: inode.mode,
        nlink: links,
        uid: inode.owner.user,
        gid: inode.owner.group,
        rdev: 0,
        blksize: PAGE_BYTES as u32,
        flags: 0,
    })
}

/// Which of the kinds that the kernel knows it is.
pub(super) fn kind(kind: &Kind) -> FileType {
    match kind {
        Kind::File(_) => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
        Kind::Link(_) => FileType::Symlink,
    }
}
