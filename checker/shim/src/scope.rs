//! Which files are the node's data: those below one directory. Everything else (its log, its sockets) is
//! never touched.

use std::{
    ffi::{CStr, c_int},
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

use crate::raw_file;

/// Bytes of a path, with its zero.
pub(crate) const PATH_BYTES: usize = 1024;

static PREFIX: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static PREFIX_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Sets the scope, once, before `main`.
pub(crate) fn set(directory: &'static CStr) {
    PREFIX_BYTES.store(directory.to_bytes().len(), Ordering::Relaxed);
    PREFIX.store(directory.as_ptr().cast_mut().cast(), Ordering::Release);
}

/// An absolute path in a buffer of its own.
pub(crate) struct PathBytes {
    bytes: [u8; PATH_BYTES],
    length: usize,
}

impl PathBytes {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; PATH_BYTES],
            length: 0,
        }
    }

    /// Adds to the end; false if there is no room (and a zero byte always stays).
    pub(crate) fn push(&mut self, more: &[u8]) -> bool {
        let end = self.length + more.len();
        if end >= PATH_BYTES {
            return false;
        }
        self.bytes[self.length..end].copy_from_slice(more);
        self.length = end;
        true
    }

    /// Adds a number in decimal.
    pub(crate) fn push_number(&mut self, number: u64) -> bool {
        let mut digits = [0; 20];
        let (mut place, mut rest) = (digits.len(), number);
        loop {
            place -= 1;
            digits[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return self.push(&digits[place..]);
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }

    /// Whether it lies in the scope.
    pub(crate) fn in_scope(&self) -> bool {
        let prefix = PREFIX.load(Ordering::Acquire);
        if prefix.is_null() {
            return false;
        }
        // SAFETY: set together from one C string of the environment, which lives as long as the process.
        let prefix = unsafe { std::slice::from_raw_parts(prefix, PREFIX_BYTES.load(Ordering::Relaxed)) };
        let rest = self.bytes().strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

/// The path of an open regular file or directory in the scope.
pub(crate) fn of_descriptor(descriptor: c_int) -> Option<(PathBytes, libc::stat)> {
    if PREFIX.load(Ordering::Relaxed).is_null() {
        return None;
    }
    // Sockets and event counters are written much more often than files: they cost one cheap call.
    let status = raw_file::status(descriptor)?;
    if !matches!(status.st_mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR) {
        return None;
    }
    let path = opened_as(descriptor)?;
    path.in_scope().then_some((path, status))
}

/// `path` relative to `directory` as an absolute one, if it lies in the scope. Links and dots inside are not
/// followed: the checker gives the node the very path that is the scope.
pub(crate) fn of_path(directory: c_int, path: &CStr) -> Option<PathBytes> {
    if PREFIX.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let mut absolute = PathBytes::new();
    if !path.to_bytes().starts_with(b"/") {
        absolute = if directory == libc::AT_FDCWD {
            read_into(c"/proc/self/cwd")?
        } else {
            opened_as(directory)?
        };
        absolute.push(b"/").then_some(())?;
    }
    absolute.push(path.to_bytes()).then_some(())?;
    absolute.in_scope().then_some(absolute)
}

fn opened_as(descriptor: c_int) -> Option<PathBytes> {
    let mut link = PathBytes::new();
    let known = link.push(b"/proc/self/fd/") && link.push_number(descriptor.max(0) as u64);
    known.then(|| read_into(link.c_str())).flatten()
}

fn read_into(link: &CStr) -> Option<PathBytes> {
    let mut path = PathBytes::new();
    path.length = raw_file::read_link(link, &mut path.bytes[..PATH_BYTES - 1]);
    (path.length > 0).then_some(path)
}
