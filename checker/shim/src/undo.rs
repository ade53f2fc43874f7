//! Writing the undo journal: before a change, what is needed to take it back.
//!
//! The journal is a file outside of the scope, written without any sync: it has to survive the death of the
//! process, not of the machine. One lock guards it, held for the time of a record.

use std::{
    cell::UnsafeCell,
    ffi::{CStr, c_int},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    mapping::{count, page},
    raw::call,
    raw_file,
    scope::PathBytes,
    undo_format::{
        HEADER_BYTES, Header, JOURNAL_NAME, KIND_CONTENT, KIND_RENAME, KIND_SYNC, KIND_UNLINK, SAVED_PREFIX,
    },
};

/// Inodes with uncovered records, and saved files, that are remembered; with more, the journal is not
/// emptied any more in this life of the process (it only grows, nothing is lost).
const REMEMBERED_MAX: usize = 256;

/// Bytes of old content in one record.
const CHUNK_BYTES: usize = 64 * 1024;

static ON: AtomicBool = AtomicBool::new(false);
static LOCK: AtomicBool = AtomicBool::new(false);
static STATE: Guarded = Guarded(UnsafeCell::new(State::new()));

struct Guarded(UnsafeCell<State>);

// SAFETY: touched only by `with`, under LOCK.
unsafe impl Sync for Guarded {}

struct State {
    journal: c_int,
    directory: PathBytes,
    length: u64,
    /// Raised when the journal is emptied: positions of older syncs mean nothing any more.
    generation: u64,
    /// Where the last record of a name starts, plus one; and up to where names are covered.
    names_last: u64,
    names_covered: u64,
    inodes: [Pending; REMEMBERED_MAX],
    inode_count: usize,
    saved: [u64; REMEMBERED_MAX],
    saved_count: usize,
    /// It may be emptied when all is covered.
    knows_all: bool,
    buffer: [u8; HEADER_BYTES + CHUNK_BYTES],
}

#[derive(Clone, Copy)]
struct Pending {
    inode: u64,
    /// Where its last record starts, plus one.
    last: u64,
    covered: u64,
}

/// A sync that has begun: what it will cover.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    inode: u64,
    position: u64,
    generation: u64,
}

/// Opens the journal in `directory`, once, before `main`.
pub(crate) fn open(directory: &CStr) {
    with_locked(|state| {
        let mut path = PathBytes::new();
        let named = state.directory.push(directory.to_bytes())
            && path.push(directory.to_bytes())
            && path.push(b"/")
            && path.push(JOURNAL_NAME.as_bytes());
        if !named {
            return;
        }
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        state.journal = raw_file::open(path.c_str(), flags, 0o600);
        if let Some(status) = raw_file::status(state.journal) {
            state.length = status.st_size as u64;
            // Records of an earlier life are not remembered here.
            state.knows_all = state.length == 0;
            ON.store(true, Ordering::Release);
        }
    });
}

/// Whether changes are journaled.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Acquire)
}

/// Before `length` bytes change at `offset` of the open file (with `length` 0: before it grows or shrinks to
/// `offset`).
pub(crate) fn content(descriptor: c_int, status: &libc::stat, offset: u64, length: u64) {
    let size = status.st_size as u64;
    let end = if length == 0 {
        size
    } else {
        size.min(offset.saturating_add(length))
    };
    with_locked(|state| {
        let mut at = offset;
        loop {
            let wanted = end.saturating_sub(at).min(CHUNK_BYTES as u64) as usize;
            let got = if wanted == 0 {
                0
            } else {
                state.old_bytes(descriptor, at, wanted)
            };
            if got < wanted {
                state.missed();
            }
            state.append(
                Header {
                    kind: KIND_CONTENT,
                    inode: status.st_ino,
                    offset: at,
                    size_before: size,
                    payload_bytes: got as u64,
                    position: 0,
                },
                None,
            );
            at += wanted as u64;
            if wanted == 0 || got < wanted || at >= end {
                break;
            }
        }
        state.remember_inode(status.st_ino);
    });
}

/// Before a change of names. A second path is the target of a rename.
pub(crate) fn name(kind: u64, path: &PathBytes, to: Option<&PathBytes>) {
    with_locked(|state| {
        // What the change would destroy gets a second name.
        let victim = match kind {
            KIND_UNLINK => Some(path),
            KIND_RENAME => to,
            _ => None,
        };
        let saved = victim.is_some_and(|victim| state.save(victim));
        let start = state.length;
        let both = [path.bytes(), to.map_or(&[], PathBytes::bytes)];
        let payload_bytes = both[0].len() + to.map_or(0, |to| 1 + to.bytes().len());
        state.append(
            Header {
                kind,
                payload_bytes: payload_bytes as u64,
                position: u64::from(saved),
                ..Header::default()
            },
            Some(both),
        );
        state.names_last = start + 1;
    });
}

/// A sync of the inode begins.
pub(crate) fn sync_begins(inode: u64) -> Begun {
    let mut begun = Begun {
        inode,
        position: 0,
        generation: 0,
    };
    with_locked(|state| {
        begun.position = state.length;
        begun.generation = state.generation;
    });
    begun
}

/// The sync has succeeded.
pub(crate) fn sync_ended(begun: Begun) {
    with_locked(|state| {
        // The journal was emptied meanwhile: all that it could cover was covered by others.
        if state.generation != begun.generation || state.length == 0 {
            return;
        }
        state.append(
            Header {
                kind: KIND_SYNC,
                inode: begun.inode,
                position: begun.position,
                ..Header::default()
            },
            None,
        );
        state.names_covered = state.names_covered.max(begun.position);
        if let Some(pending) = state.inodes[..state.inode_count]
            .iter_mut()
            .find(|known| known.inode == begun.inode)
        {
            pending.covered = pending.covered.max(begun.position);
        }
        state.empty_if_covered();
    });
}

/// Something changed that cannot be taken back.
pub(crate) fn missed() {
    with_locked(|state| state.missed());
}

impl State {
    const fn new() -> Self {
        Self {
            journal: -1,
            directory: PathBytes::new(),
            length: 0,
            generation: 0,
            names_last: 0,
            names_covered: 0,
            inodes: [Pending {
                inode: 0,
                last: 0,
                covered: 0,
            }; REMEMBERED_MAX],
            inode_count: 0,
            saved: [0; REMEMBERED_MAX],
            saved_count: 0,
            knows_all: true,
            buffer: [0; HEADER_BYTES + CHUNK_BYTES],
        }
    }

    /// Appends a record whose payload is in the buffer already, or is these two paths.
    fn append(&mut self, header: Header, paths: Option<[&[u8]; 2]>) {
        let end = HEADER_BYTES + header.payload_bytes as usize;
        self.buffer[..HEADER_BYTES].copy_from_slice(&header.encode());
        if let Some([from, to]) = paths {
            let middle = HEADER_BYTES + from.len();
            self.buffer[HEADER_BYTES..middle].copy_from_slice(from);
            if middle < end {
                self.buffer[middle] = 0;
                self.buffer[middle + 1..end].copy_from_slice(to);
            }
        }
        if raw_file::write_all(self.journal, &self.buffer[..end]) {
            self.length += end as u64;
            if let Some(page) = page() {
                count(&page.counters.undo_records);
            }
        } else {
            // Half a record may be there: the reader stops at it, so nothing after it can be undone.
            ON.store(false, Ordering::Release);
            self.missed();
        }
    }

    /// Reads old bytes into the buffer's payload, by the descriptor or, if it was opened for writing only, by
    /// another one.
    fn old_bytes(&mut self, descriptor: c_int, offset: u64, wanted: usize) -> usize {
        let into = &mut self.buffer[HEADER_BYTES..HEADER_BYTES + wanted];
        let mut got = raw_file::read_at(descriptor, into, offset);
        if got == -libc::c_long::from(libc::EBADF) {
            let mut link = PathBytes::new();
            if link.push(b"/proc/self/fd/") && link.push_number(descriptor.max(0) as u64) {
                let other = raw_file::open(link.c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0);
                if other >= 0 {
                    got = raw_file::read_at(other, into, offset);
                    raw_file::close(other);
                }
            }
        }
        usize::try_from(got).unwrap_or(0)
    }

    /// Gives a file that is about to lose its name another one, named after the record that follows.
    fn save(&mut self, path: &PathBytes) -> bool {
        if !raw_file::exists(path.c_str()) {
            return false;
        }
        let Some(saved) = self.saved_path(self.length) else {
            return false;
        };
        let linked = raw_file::link(path.c_str(), saved.c_str());
        if !linked {
            self.missed();
        } else if self.saved_count < REMEMBERED_MAX {
            self.saved[self.saved_count] = self.length;
            self.saved_count += 1;
        } else {
            self.knows_all = false;
        }
        linked
    }

    fn saved_path(&self, offset: u64) -> Option<PathBytes> {
        let mut path = PathBytes::new();
        let named = path.push(self.directory.bytes())
            && path.push(b"/")
            && path.push(SAVED_PREFIX.as_bytes())
            && path.push_number(offset);
        named.then_some(path)
    }

    fn remember_inode(&mut self, inode: u64) {
        let last = self.length;
        if let Some(known) = self.inodes[..self.inode_count]
            .iter_mut()
            .find(|known| known.inode == inode)
        {
            known.last = last;
        } else if self.inode_count < REMEMBERED_MAX {
            self.inodes[self.inode_count] = Pending {
                inode,
                last,
                covered: 0,
            };
            self.inode_count += 1;
        } else {
            self.knows_all = false;
        }
    }

    /// An empty journal says the same as one whose records are all covered.
    fn empty_if_covered(&mut self) {
        let covered = self.knows_all
            && self.names_last <= self.names_covered
            && self.inodes[..self.inode_count]
                .iter()
                .all(|pending| pending.last <= pending.covered);
        if !covered || !raw_file::empty(self.journal) {
            return;
        }
        for index in 0..self.saved_count {
            if let Some(path) = self.saved_path(self.saved[index]) {
                raw_file::unlink(path.c_str());
            }
        }
        self.length = 0;
        self.generation += 1;
        self.names_last = 0;
        self.names_covered = 0;
        self.inode_count = 0;
        self.saved_count = 0;
    }

    fn missed(&mut self) {
        if let Some(page) = page() {
            count(&page.counters.undo_missed);
        }
    }
}

fn with_locked(deed: impl FnOnce(&mut State)) {
    while LOCK
        .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
        .is_err()
    {
        // SAFETY: no memory is involved.
        unsafe { call(libc::SYS_sched_yield, [0; 6]) };
    }
    // SAFETY: LOCK is held, and `deed` does not come back here: it makes raw calls only.
    deed(unsafe { &mut *STATE.0.get() });
    LOCK.store(false, Ordering::Release);
}
