//! Writing the undo journal: before a change, what is needed to take it back.
//!
//! The journals are files outside of the scope, written without any sync: it has to survive the death of the
//! process, not of the machine. One lock guards them, held for the time of a record.

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
        CONTENT_PREFIX, HEADER_BYTES, Header, KIND_CONTENT, KIND_RENAME, KIND_SYNC, KIND_UNLINK,
        NAMES_JOURNAL, SAVED_PREFIX,
    },
};

/// Journals that are open at once. More files with unsynced changes than that: what is beyond is counted as
/// missed.
const JOURNALS_MAX: usize = 192;

/// Saved files whose names are remembered, to be removed when the names are covered; others stay until the
/// checker cleans up.
const SAVED_MAX: usize = 192;

/// Bytes of old content in one record.
const CHUNK_BYTES: usize = 64 * 1024;

/// The journal of names stands first in the table.
const NAMES: usize = 0;

static ON: AtomicBool = AtomicBool::new(false);
static STRICT: AtomicBool = AtomicBool::new(false);
static LOCK: AtomicBool = AtomicBool::new(false);
static STATE: Guarded = Guarded(UnsafeCell::new(State::new()));

struct Guarded(UnsafeCell<State>);

// SAFETY: touched only by `with_locked`, under LOCK.
unsafe impl Sync for Guarded {}

struct State {
    directory: PathBytes,
    journals: [Journal; JOURNALS_MAX],
    journal_count: usize,
    /// Raised whenever a journal is emptied or opened: a position of an older generation means nothing.
    generation: u64,
    saved: [u64; SAVED_MAX],
    saved_count: usize,
    buffer: [u8; HEADER_BYTES + CHUNK_BYTES],
}

#[derive(Clone, Copy)]
struct Journal {
    /// The file whose content it is about; 0 for names.
    inode: u64,
    descriptor: c_int,
    length: u64,
    generation: u64,
}

/// A sync that has begun: what it will cover.
#[derive(Clone, Copy, Default)]
pub(crate) struct Begun {
    inode: u64,
    content: Mark,
    names: Mark,
}

/// A place in a journal at a time.
#[derive(Clone, Copy, Default)]
struct Mark {
    position: u64,
    generation: u64,
}

/// Opens the journal of names in `directory`, once, before `main`.
pub(crate) fn open(directory: &CStr) {
    with_locked(|state| {
        if !state.directory.push(directory.to_bytes()) {
            return;
        }
        let mut path = PathBytes::new();
        let named = path.push(directory.to_bytes()) && path.push(b"/") && path.push(NAMES_JOURNAL.as_bytes());
        if named && state.open_journal(&path, 0).is_some() {
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
        let Some(journal) = state.content_journal(status.st_ino) else {
            state.missed();
            return;
        };
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
            let header = Header {
                kind: KIND_CONTENT,
                inode: status.st_ino,
                offset: at,
                size_before: size,
                payload_bytes: got as u64,
                position: 0,
            };
            state.append(journal, header, None);
            at += wanted as u64;
            if wanted == 0 || got < wanted || at >= end {
                break;
            }
        }
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
        let payload_bytes = path.bytes().len() + to.map_or(0, |to| 1 + to.bytes().len());
        let header = Header {
            kind,
            payload_bytes: payload_bytes as u64,
            position: u64::from(saved),
            ..Header::default()
        };
        state.append(
            NAMES,
            header,
            Some([path.bytes(), to.map_or(&[], PathBytes::bytes)]),
        );
    });
}

/// A file was just made: whatever is known of its inode is of another file that is gone.
pub(crate) fn forget(inode: u64) {
    with_locked(|state| {
        if let Some(journal) = state.content_journal(inode) {
            state.empty(journal);
        }
    });
}

/// Whether names are made durable by syncs of directories alone.
pub(crate) fn set_strict(strict: bool) {
    STRICT.store(strict, Ordering::Release);
}

/// A sync of the inode begins.
pub(crate) fn sync_begins(status: &libc::stat) -> Begun {
    let inode = status.st_ino;
    let mut begun = Begun {
        inode,
        ..Begun::default()
    };
    let is_directory = status.st_mode & libc::S_IFMT == libc::S_IFDIR;
    with_locked(|state| {
        if is_directory || !STRICT.load(Ordering::Acquire) {
            begun.names = state.journals[NAMES].mark();
        }
        begun.content = state
            .known_journal(inode)
            .map_or(Mark::default(), |index| state.journals[index].mark());
    });
    begun
}

/// The sync has succeeded.
pub(crate) fn sync_ended(begun: Begun) {
    with_locked(|state| {
        if let Some(index) = state.known_journal(begun.inode) {
            state.cover(index, begun.content);
        }
        if state.cover(NAMES, begun.names) {
            state.remove_saved();
        }
    });
}

/// Something changed that cannot be taken back.
pub(crate) fn missed() {
    with_locked(|state| state.missed());
}

impl Journal {
    const NONE: Self = Self {
        inode: 0,
        descriptor: -1,
        length: 0,
        generation: 0,
    };

    fn mark(&self) -> Mark {
        Mark {
            position: self.length,
            generation: self.generation,
        }
    }
}

impl State {
    const fn new() -> Self {
        Self {
            directory: PathBytes::new(),
            journals: [Journal::NONE; JOURNALS_MAX],
            journal_count: 0,
            generation: 0,
            saved: [0; SAVED_MAX],
            saved_count: 0,
            buffer: [0; HEADER_BYTES + CHUNK_BYTES],
        }
    }

    /// The open journal of a file, if there is one.
    fn known_journal(&self, inode: u64) -> Option<usize> {
        let contents = NAMES + 1..self.journal_count;
        contents
            .into_iter()
            .find(|index| self.journals[*index].inode == inode)
    }

    /// The journal of a file, opened now if it was not.
    fn content_journal(&mut self, inode: u64) -> Option<usize> {
        if let Some(index) = self.known_journal(inode) {
            return Some(index);
        }
        let path = self.numbered(CONTENT_PREFIX, inode)?;
        self.open_journal(&path, inode)
    }

    fn open_journal(&mut self, path: &PathBytes, inode: u64) -> Option<usize> {
        let index = if self.journal_count < JOURNALS_MAX {
            self.journal_count += 1;
            self.journal_count - 1
        } else {
            // One that is empty says as much as none.
            let free = (NAMES + 1..JOURNALS_MAX).find(|index| self.journals[*index].length == 0)?;
            raw_file::close(self.journals[free].descriptor);
            self.journals[free] = Journal::NONE;
            free
        };
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        let descriptor = raw_file::open(path.c_str(), flags, 0o600);
        let status = raw_file::status(descriptor)?;
        self.generation += 1;
        self.journals[index] = Journal {
            inode,
            descriptor,
            // Of an earlier life of the process: the next sync covers it.
            length: status.st_size as u64,
            generation: self.generation,
        };
        Some(index)
    }

    /// Appends a record whose payload is in the buffer already, or is these two paths.
    fn append(&mut self, index: usize, header: Header, paths: Option<[&[u8]; 2]>) {
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
        if raw_file::write_all(self.journals[index].descriptor, &self.buffer[..end]) {
            self.journals[index].length += end as u64;
            if let Some(page) = page() {
                count(&page.counters.undo_records);
            }
        } else {
            // Half a record may be there: the reader stops at it, so nothing after it can be undone.
            ON.store(false, Ordering::Release);
            self.missed();
        }
    }

    /// A sync covers the journal up to the mark; true if it is empty now.
    fn cover(&mut self, index: usize, mark: Mark) -> bool {
        let journal = self.journals[index];
        // Emptied meanwhile: what the mark could cover was covered by others.
        if journal.generation != mark.generation || mark.position == 0 {
            return false;
        }
        if journal.length == mark.position {
            return self.empty(index);
        }
        let header = Header {
            kind: KIND_SYNC,
            inode: journal.inode,
            position: mark.position,
            ..Header::default()
        };
        self.append(index, header, None);
        false
    }

    fn empty(&mut self, index: usize) -> bool {
        let journal = &mut self.journals[index];
        if journal.length > 0 && !raw_file::empty(journal.descriptor) {
            return false;
        }
        self.generation += 1;
        journal.length = 0;
        journal.generation = self.generation;
        true
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
        let offset = self.journals[NAMES].length;
        let Some(saved) = self.numbered(SAVED_PREFIX, offset) else {
            return false;
        };
        let linked = raw_file::link(path.c_str(), saved.c_str());
        if !linked {
            self.missed();
        } else if self.saved_count < SAVED_MAX {
            self.saved[self.saved_count] = offset;
            self.saved_count += 1;
        }
        linked
    }

    fn remove_saved(&mut self) {
        for index in 0..self.saved_count {
            if let Some(path) = self.numbered(SAVED_PREFIX, self.saved[index]) {
                raw_file::unlink(path.c_str());
            }
        }
        self.saved_count = 0;
    }

    fn numbered(&self, prefix: &str, number: u64) -> Option<PathBytes> {
        let mut path = PathBytes::new();
        let named = path.push(self.directory.bytes())
            && path.push(b"/")
            && path.push(prefix.as_bytes())
            && path.push_number(number);
        named.then_some(path)
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
