//! The kernel's questions about a disk, and their answers.

use std::{
    ffi::OsStr,
    path::Path,
    time::{Duration, SystemTime},
};

use fuser::{
    BsdFileFlags, Errno as FuseErrno, FileHandle, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry,
    ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use nix::{errno::Errno, fcntl::OFlag};

use super::{
    content::{Content, PAGE_BYTES},
    inode::{Inode, Kind, Owner},
    listings::Listings,
    state::{Fate, Shared, State},
    status::status,
};
use crate::cluster::shim_layout::page::{OPERATION_OPEN, OPERATION_READ, OPERATION_SYNC, OPERATION_WRITE};

/// The kernel asks each time: what it remembers could be what a power loss has taken.
const TTL: Duration = Duration::ZERO;
/// Of `fallocate`: the size stays (`FALLOC_FL_KEEP_SIZE`).
const KEEP_SIZE: i32 = 1;
/// Of `fallocate`: a hole (`FALLOC_FL_PUNCH_HOLE`, with the former).
const PUNCH_HOLE: i32 = 2;
/// The longest name.
const NAME_BYTES: u32 = 255;
/// Files that can be made; no such limit is kept.
const FILES: u64 = 1 << 20;

/// Serves one disk. The kernel is not asked for a write-back cache: a write is known here when it returns, whether or not
/// a sync follows.
#[derive(Debug)]
pub(super) struct Server {
    shared: Shared,
    listings: Listings,
}

impl Server {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared,
            listings: Listings::default(),
        }
    }

    fn entry(&self, reply: ReplyEntry, deed: impl FnOnce(&mut State) -> Result<u64, Errno>) {
        let mut state = self.shared.lock();
        let found = deed(&mut state).and_then(|number| status(&state, number));
        drop(state);
        match found {
            Ok(status) => reply.entry(&TTL, &status, Generation(0)),
            Err(errno) => reply.error(word(errno)),
        }
    }

    fn done(&self, reply: ReplyEmpty, deed: impl FnOnce(&mut State) -> Result<(), Errno>) {
        let done = deed(&mut self.shared.lock());
        answer(reply, done);
    }
}

impl Filesystem for Server {
    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(reply, |state| state.disk.find(parent.0, name));
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        let found = status(&self.shared.lock(), inode.0);
        match found {
            Ok(status) => reply.attr(&TTL, &status),
            Err(errno) => reply.error(word(errno)),
        }
    }

    fn setattr(
        &self,
        request: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        user: Option<u32>,
        group: Option<u32>,
        size: Option<u64>,
        _accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _changed: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _created: Option<SystemTime>,
        _archived: Option<SystemTime>,
        _backed_up: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = move |state: &mut State, fate: Fate| {
            if let (Fate::Done, Some(size), false) = (fate, size, state.off) {
                state.disk.resize(inode.0, size)?;
            }
            let kept = state.disk.inode_mut(inode.0)?;
            kept.mode = mode.map_or(kept.mode, |mode| (mode & 0o7777) as u16);
            kept.owner.user = user.unwrap_or(kept.owner.user);
            kept.owner.group = group.unwrap_or(kept.owner.group);
            match modified {
                Some(TimeOrNow::SpecificTime(time)) => kept.modified = time,
                Some(TimeOrNow::Now) => kept.modified = SystemTime::now(),
                None => {}
            }
            status(state, inode.0)
        };
        let respond = move |shared: &Shared, fate: Fate| {
            let changed = match fate {
                Fate::Fails(errno) => Err(errno),
                Fate::Done | Fate::Lie => change(&mut shared.lock(), fate),
            };
            match changed {
                Ok(status) => reply.attr(&TTL, &status),
                Err(errno) => reply.error(word(errno)),
            }
        };
        match size {
            Some(_) => self.shared.decide(request, OPERATION_WRITE, respond),
            None => respond(&self.shared, Fate::Done),
        }
    }

    fn readlink(&self, _request: &Request, inode: INodeNo, reply: ReplyData) {
        let state = self.shared.lock();
        match state.disk.inode(inode.0).map(|inode| &inode.kind) {
            Ok(Kind::Link(target)) => reply.data(target.as_os_str().as_encoded_bytes()),
            Ok(_) => reply.error(FuseErrno::EINVAL),
            Err(errno) => reply.error(word(errno)),
        }
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let made = new(request, Kind::Directory, mode & !umask);
        self.entry(reply, |state| state.disk.make(parent.0, name, made));
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let made = new(request, Kind::Link(target.to_owned()), 0o777);
        self.entry(reply, |state| state.disk.make(parent.0, name, made));
    }

    fn link(&self, _request: &Request, inode: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(reply, |state| {
            state.disk.link(inode.0, parent.0, name).map(|()| inode.0)
        });
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.done(reply, |state| state.disk.unlink(parent.0, name));
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.done(reply, |state| state.disk.remove_directory(parent.0, name));
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let spare = flags.contains(RenameFlags::RENAME_NOREPLACE);
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(FuseErrno::EINVAL);
        }
        let (from, to) = ((parent.0, name), (new_parent.0, new_name));
        self.done(reply, |state| state.disk.rename(from, to, spare));
    }

    fn open(&self, request: &Request, inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        self.shared
            .decide(request, OPERATION_OPEN, move |shared, fate| match fate {
                Fate::Fails(errno) => reply.error(word(errno)),
                Fate::Done | Fate::Lie => {
                    shared.lock().disk.opened(inode.0);
                    reply.opened(FileHandle(0), FopenFlags::empty());
                }
            });
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = new(request, Kind::File(Content::default()), mode & !umask);
        let name = name.to_owned();
        self.shared.decide(request, OPERATION_OPEN, move |shared, fate| {
            let mut state = shared.lock();
            let created = match fate {
                Fate::Fails(errno) => Err(errno),
                Fate::Done | Fate::Lie => state.disk.make(parent.0, &name, made),
            };
            let created = created.and_then(|number| {
                state.disk.opened(number);
                status(&state, number)
            });
            match created {
                Ok(status) => reply.created(&TTL, &status, Generation(0), FileHandle(0), FopenFlags::empty()),
                Err(errno) => reply.error(word(errno)),
            }
        });
    }

    fn release(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.shared.lock().disk.released(inode.0);
        reply.ok();
    }

    fn read(
        &self,
        request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        self.shared.decide(request, OPERATION_READ, move |shared, fate| {
            let read = match fate {
                Fate::Fails(errno) => Err(errno),
                Fate::Done | Fate::Lie => {
                    let state = shared.lock();
                    state
                        .disk
                        .content(inode.0)
                        .map(|content| content.read(offset, size as usize))
                }
            };
            match read {
                Ok(bytes) => reply.data(&bytes),
                Err(errno) => reply.error(word(errno)),
            }
        });
    }

    fn write(
        &self,
        request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        bytes: &[u8],
        _write_flags: WriteFlags,
        flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let bytes = bytes.to_vec();
        let synced = flags.0 & (OFlag::O_SYNC | OFlag::O_DSYNC).bits() != 0;
        self.shared.decide(request, OPERATION_WRITE, move |shared, fate| {
            let mut state = shared.lock();
            let written = match fate {
                Fate::Fails(errno) => Err(errno),
                Fate::Done if !state.off => {
                    let written = state.disk.write(inode.0, offset, &bytes);
                    if synced && written.is_ok() {
                        state.disk.sync(inode.0).and(written)
                    } else {
                        written
                    }
                }
                Fate::Done | Fate::Lie => Ok(()),
            };
            match written {
                Ok(()) => reply.written(bytes.len() as u32),
                Err(errno) => reply.error(word(errno)),
            }
        });
    }

    fn fallocate(
        &self,
        request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        self.shared.decide(request, OPERATION_WRITE, move |shared, fate| {
            let mut state = shared.lock();
            let done = match (fate, mode) {
                (Fate::Fails(errno), _) => Err(errno),
                (Fate::Lie, _) => Ok(()),
                (Fate::Done, _) if state.off => Ok(()),
                (Fate::Done, 0) => allocate(&mut state, inode.0, offset, length),
                (Fate::Done, KEEP_SIZE) => state.disk.has_room(inode.0, offset, length),
                (Fate::Done, mode) if mode == KEEP_SIZE | PUNCH_HOLE => {
                    state.disk.clear(inode.0, offset, length)
                }
                (Fate::Done, _) => Err(Errno::EOPNOTSUPP),
            };
            drop(state);
            answer(reply, done);
        });
    }

    fn fsync(
        &self,
        request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        self.shared.decide(request, OPERATION_SYNC, move |shared, fate| {
            answer(reply, sync(shared, fate, |state| state.disk.sync(inode.0)));
        });
    }

    fn fsyncdir(
        &self,
        request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        self.shared.decide(request, OPERATION_SYNC, move |shared, fate| {
            let deed = |state: &mut State| {
                state.disk.sync_directory(inode.0);
                Ok(())
            };
            answer(reply, sync(shared, fate, deed));
        });
    }

    fn opendir(&self, _request: &Request, inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.listings.open(&self.shared.lock(), inode.0) {
            Ok(handle) => reply.opened(handle, FopenFlags::empty()),
            Err(errno) => reply.error(word(errno)),
        }
    }

    fn readdir(
        &self,
        _request: &Request,
        _inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        self.listings.tell(handle, offset, &mut reply);
        reply.ok();
    }

    fn releasedir(
        &self,
        _request: &Request,
        _inode: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.listings.close(handle);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        let (all, taken) = self.shared.lock().disk.room();
        let free = all.saturating_sub(taken);
        reply.statfs(
            all,
            free,
            free,
            FILES,
            FILES,
            PAGE_BYTES as u32,
            NAME_BYTES,
            PAGE_BYTES as u32,
        );
    }
}

fn sync(
    shared: &Shared,
    fate: Fate,
    deed: impl FnOnce(&mut State) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut state = shared.lock();
    match fate {
        Fate::Fails(errno) => Err(errno),
        Fate::Done if !state.off => deed(&mut state),
        Fate::Done | Fate::Lie => Ok(()),
    }
}

/// Room is found to be there, and not kept free: a later write may still find the disk full.
fn allocate(state: &mut State, number: u64, offset: u64, length: u64) -> Result<(), Errno> {
    let end = offset.checked_add(length).ok_or(Errno::EFBIG)?;
    state.disk.has_room(number, offset, length)?;
    if end > state.disk.content(number)?.size() {
        state.disk.resize(number, end)?;
    }
    Ok(())
}

fn new(request: &Request, kind: Kind, mode: u32) -> Inode {
    let owner = Owner {
        user: request.uid(),
        group: request.gid(),
    };
    Inode::new(kind, (mode & 0o7777) as u16, owner)
}

fn answer(reply: ReplyEmpty, done: Result<(), Errno>) {
    match done {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(word(errno)),
    }
}

fn word(errno: Errno) -> FuseErrno {
    FuseErrno::from_i32(errno as i32)
}
