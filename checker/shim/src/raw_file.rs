//! File calls of this library's own: raw, so that they are not struck themselves.

use std::ffi::{CStr, c_int, c_long};

use crate::raw::call;

/// Opens a file; negative: `-errno`.
pub(crate) fn open(path: &CStr, flags: c_int, mode: u32) -> c_int {
    let arguments = [
        c_long::from(libc::AT_FDCWD),
        path.as_ptr() as c_long,
        c_long::from(flags),
        c_long::from(mode),
    ];
    // SAFETY: the path is a C string.
    unsafe { call(libc::SYS_openat, padded(arguments)) as c_int }
}

/// Closes a descriptor of ours.
pub(crate) fn close(descriptor: c_int) {
    // SAFETY: no memory is involved.
    unsafe { call(libc::SYS_close, padded([c_long::from(descriptor)])) };
}

/// What the kernel knows of an open file.
pub(crate) fn status(descriptor: c_int) -> Option<libc::stat> {
    // SAFETY: `stat` is plain data, and the kernel fills it.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        let result = call(
            libc::SYS_fstat,
            padded([c_long::from(descriptor), &raw mut status as c_long]),
        );
        (result == 0).then_some(status)
    }
}

/// Whether the path names something.
pub(crate) fn exists(path: &CStr) -> bool {
    let arguments = [
        c_long::from(libc::AT_FDCWD),
        path.as_ptr() as c_long,
        c_long::from(libc::F_OK),
    ];
    // SAFETY: the path is a C string.
    unsafe { call(libc::SYS_faccessat, padded(arguments)) == 0 }
}

/// Writes all of `bytes` at the descriptor's end or position.
pub(crate) fn write_all(descriptor: c_int, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let arguments = [
            c_long::from(descriptor),
            bytes.as_ptr() as c_long,
            bytes.len() as c_long,
        ];
        // SAFETY: the buffer is live and that long.
        let written = unsafe { call(libc::SYS_write, padded(arguments)) };
        match usize::try_from(written) {
            Ok(length) if length > 0 => bytes = &bytes[length.min(bytes.len())..],
            _ if written == -c_long::from(libc::EINTR) => {}
            _ => return false,
        }
    }
    true
}

/// Reads up to `into.len()` bytes at `offset`; negative: `-errno`.
pub(crate) fn read_at(descriptor: c_int, into: &mut [u8], offset: u64) -> c_long {
    let arguments = [
        c_long::from(descriptor),
        into.as_mut_ptr() as c_long,
        into.len() as c_long,
        offset as c_long,
    ];
    // SAFETY: the buffer is live and that long.
    unsafe { call(libc::SYS_pread64, padded(arguments)) }
}

/// Makes a second name for a file.
pub(crate) fn link(from: &CStr, to: &CStr) -> bool {
    let here = c_long::from(libc::AT_FDCWD);
    // SAFETY: both paths are C strings.
    unsafe {
        call(
            libc::SYS_linkat,
            padded([here, from.as_ptr() as c_long, here, to.as_ptr() as c_long]),
        ) == 0
    }
}

/// Removes a name.
pub(crate) fn unlink(path: &CStr) {
    // SAFETY: the path is a C string.
    unsafe {
        call(
            libc::SYS_unlinkat,
            padded([c_long::from(libc::AT_FDCWD), path.as_ptr() as c_long]),
        )
    };
}

/// Cuts a file of ours to nothing.
pub(crate) fn empty(descriptor: c_int) -> bool {
    // SAFETY: no memory is involved.
    unsafe { call(libc::SYS_ftruncate, padded([c_long::from(descriptor), 0])) == 0 }
}

/// Status flags of an open file (`O_APPEND`, `O_DSYNC`, …).
pub(crate) fn flags(descriptor: c_int) -> c_int {
    // SAFETY: no memory is involved.
    unsafe {
        call(
            libc::SYS_fcntl,
            padded([c_long::from(descriptor), c_long::from(libc::F_GETFL)]),
        ) as c_int
    }
}

/// The descriptor's position.
pub(crate) fn position(descriptor: c_int) -> u64 {
    let arguments = [c_long::from(descriptor), 0, c_long::from(libc::SEEK_CUR)];
    // SAFETY: no memory is involved.
    unsafe { call(libc::SYS_lseek, padded(arguments)).max(0) as u64 }
}

/// Where a symbolic link of `/proc` points; the length written.
pub(crate) fn read_link(path: &CStr, into: &mut [u8]) -> usize {
    let here = c_long::from(libc::AT_FDCWD);
    let arguments = [
        here,
        path.as_ptr() as c_long,
        into.as_mut_ptr() as c_long,
        into.len() as c_long,
    ];
    // SAFETY: path and buffer are live.
    unsafe { call(libc::SYS_readlinkat, padded(arguments)).max(0) as usize }
}

/// Fills up the six arguments.
pub(crate) fn padded<const N: usize>(arguments: [c_long; N]) -> [c_long; 6] {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    all
}
