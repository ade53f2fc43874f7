//! Calls on paths: opening, renaming, removing; struck by the page's rules and journaled before.

use std::ffi::{CStr, c_char, c_int, c_long};

use libc::mode_t;

use crate::{
    page::OPERATION_OPEN,
    raw::{answer, call, fail},
    raw_file::{self, padded},
    scope::{self, PathBytes},
    strike::{self, Fate},
    undo,
    undo_format::{KIND_CREATE, KIND_MAKE_DIRECTORY, KIND_REMOVE_DIRECTORY, KIND_RENAME, KIND_UNLINK},
};

const HERE: c_int = libc::AT_FDCWD;

/// Replaces `openat`. Variadic in C; an absent mode is ignored by the kernel.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn openat(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let mut makes = false;
    // SAFETY: the caller's promise.
    if let Some(path) = unsafe { scoped(directory, path) } {
        match strike::fate(OPERATION_OPEN) {
            Fate::Fails(errno) => return fail(errno) as c_int,
            Fate::Lie | Fate::Done => {}
        }
        if undo::is_on() && flags & (libc::O_CREAT | libc::O_TRUNC) != 0 {
            makes = before_open(&path, flags);
        }
    }
    let arguments = [
        c_long::from(directory),
        path as c_long,
        c_long::from(flags),
        c_long::from(mode),
    ];
    // SAFETY: the caller's call.
    let opened = answer(unsafe { call(libc::SYS_openat, padded(arguments)) }) as c_int;
    if makes && let Some(status) = raw_file::status(opened) {
        undo::forget(status.st_ino);
    }
    opened
}

/// Replaces `openat64`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn openat64(
    directory: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: the same function.
    unsafe { openat(directory, path, flags, mode) }
}

/// Replaces `open`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function.
    unsafe { openat(HERE, path, flags, mode) }
}

/// Replaces `open64`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function.
    unsafe { openat(HERE, path, flags, mode) }
}

/// Replaces `creat`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn creat(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the same function.
    unsafe { openat(HERE, path, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, mode) }
}

/// Replaces `renameat2`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn renameat2(
    from_directory: c_int,
    from: *const c_char,
    to_directory: c_int,
    to: *const c_char,
    flags: libc::c_uint,
) -> c_int {
    if undo::is_on() {
        // SAFETY: the caller's promise.
        let paths = unsafe { (scoped(from_directory, from), scoped(to_directory, to)) };
        match paths {
            (Some(from), Some(to)) => undo::name(KIND_RENAME, &from, Some(&to)),
            (None, None) => {}
            // Across the border of the scope: half of it could be taken back.
            _ => undo::missed(),
        }
    }
    let arguments = [
        c_long::from(from_directory),
        from as c_long,
        c_long::from(to_directory),
        to as c_long,
        c_long::from(flags),
    ];
    // SAFETY: the caller's call.
    answer(unsafe { call(libc::SYS_renameat2, padded(arguments)) }) as c_int
}

/// Replaces `renameat`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn renameat(
    from_directory: c_int,
    from: *const c_char,
    to_directory: c_int,
    to: *const c_char,
) -> c_int {
    // SAFETY: the same function.
    unsafe { renameat2(from_directory, from, to_directory, to, 0) }
}

/// Replaces `rename`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the same function.
    unsafe { renameat2(HERE, from, HERE, to, 0) }
}

/// Replaces `unlinkat`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn unlinkat(directory: c_int, path: *const c_char, flags: c_int) -> c_int {
    let kind = if flags & libc::AT_REMOVEDIR == 0 {
        KIND_UNLINK
    } else {
        KIND_REMOVE_DIRECTORY
    };
    // SAFETY: the caller's promise.
    unsafe { journal_one(kind, directory, path) };
    // SAFETY: the caller's call.
    answer(unsafe {
        call(
            libc::SYS_unlinkat,
            padded([c_long::from(directory), path as c_long, flags.into()]),
        )
    }) as c_int
}

/// Replaces `unlink`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the same function.
    unsafe { unlinkat(HERE, path, 0) }
}

/// Replaces `rmdir`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: the same function.
    unsafe { unlinkat(HERE, path, libc::AT_REMOVEDIR) }
}

/// Replaces `mkdirat`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn mkdirat(directory: c_int, path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { journal_one(KIND_MAKE_DIRECTORY, directory, path) };
    // SAFETY: the caller's call.
    answer(unsafe {
        call(
            libc::SYS_mkdirat,
            padded([c_long::from(directory), path as c_long, mode.into()]),
        )
    }) as c_int
}

/// Replaces `mkdir`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the same function.
    unsafe { mkdirat(HERE, path, mode) }
}

/// Replaces `linkat`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn linkat(
    from_directory: c_int,
    from: *const c_char,
    to_directory: c_int,
    to: *const c_char,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { journal_one(KIND_CREATE, to_directory, to) };
    let arguments = [
        c_long::from(from_directory),
        from as c_long,
        c_long::from(to_directory),
        to as c_long,
        flags.into(),
    ];
    // SAFETY: the caller's call.
    answer(unsafe { call(libc::SYS_linkat, padded(arguments)) }) as c_int
}

/// Replaces `link`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the same function.
    unsafe { linkat(HERE, from, HERE, to, 0) }
}

/// What an open with these flags will change: a new name (true), or a file cut to nothing.
fn before_open(path: &PathBytes, flags: c_int) -> bool {
    if !raw_file::exists(path.c_str()) {
        let makes = flags & libc::O_CREAT != 0;
        if makes {
            undo::name(KIND_CREATE, path, None);
        }
        return makes;
    }
    if flags & libc::O_TRUNC != 0 && flags & libc::O_EXCL == 0 {
        let file = raw_file::open(path.c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0);
        match raw_file::status(file) {
            Some(status) => undo::content(file, &status, 0, 0),
            None => undo::missed(),
        }
        raw_file::close(file);
    }
    false
}

/// Journals a change of one name, if it will happen: a name that is there is not made again, one that is not
/// there is not removed.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn journal_one(kind: u64, directory: c_int, path: *const c_char) {
    if !undo::is_on() {
        return;
    }
    // SAFETY: the caller's promise.
    let Some(path) = (unsafe { scoped(directory, path) }) else {
        return;
    };
    let makes = matches!(kind, KIND_CREATE | KIND_MAKE_DIRECTORY);
    if raw_file::exists(path.c_str()) != makes {
        undo::name(kind, &path, None);
    }
}

/// # Safety
/// `path` is null or a C string.
unsafe fn scoped(directory: c_int, path: *const c_char) -> Option<PathBytes> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    scope::of_path(directory, unsafe { CStr::from_ptr(path) })
}
