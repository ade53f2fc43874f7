//! Calls on open files: struck by the page's rules, and journaled before they change anything.

use std::ffi::{c_int, c_long, c_void};

use libc::{iovec, off_t, size_t, ssize_t};

use crate::{
    page::{OPERATION_READ, OPERATION_SYNC, OPERATION_WRITE},
    raw::{answer, call, fail},
    raw_file::{self, padded},
    scope,
    strike::{self, Fate},
    undo,
};

/// Where a write goes.
#[derive(Clone, Copy)]
enum Place {
    /// To the descriptor's position, or to the end if it appends.
    Here,
    /// To this offset.
    At(u64),
    /// The file gets this size.
    Size(u64),
}

/// Replaces a function of the C library: decides the call's fate, and makes the system call.
macro_rules! replace {
    ($(#[$doc:meta])* $names:ident($($argument:ident: $type:ty),*) -> $result:ty = $guard:expr, $number:expr) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As the C function.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub unsafe extern "C" fn $names($($argument: $type),*) -> $result {
            let arguments = padded([$($argument as c_long),*]);
            // SAFETY: the caller's call, passed on.
            let done = || unsafe { call($number, arguments) };
            answer($guard(done)) as $result
        }
    };
}

replace! {
    /// Replaces `write`.
    write(descriptor: c_int, from: *const c_void, length: size_t) -> ssize_t =
        |done| writes(descriptor, Place::Here, length as u64, done), libc::SYS_write
}
replace! {
    /// Replaces `pwrite`.
    pwrite(descriptor: c_int, from: *const c_void, length: size_t, offset: off_t) -> ssize_t =
        |done| writes(descriptor, Place::At(offset as u64), length as u64, done), libc::SYS_pwrite64
}
replace! {
    /// Replaces `pwrite64`.
    pwrite64(descriptor: c_int, from: *const c_void, length: size_t, offset: off_t) -> ssize_t =
        |done| writes(descriptor, Place::At(offset as u64), length as u64, done), libc::SYS_pwrite64
}
replace! {
    /// Replaces `writev`.
    writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t =
        |done| writes(descriptor, Place::Here, unsafe { total(parts, count) }, done), libc::SYS_writev
}
replace! {
    /// Replaces `pwritev`.
    pwritev(descriptor: c_int, parts: *const iovec, count: c_int, offset: off_t) -> ssize_t =
        |done| writes(descriptor, Place::At(offset as u64), unsafe { total(parts, count) }, done),
    libc::SYS_pwritev
}
replace! {
    /// Replaces `pwritev64`.
    pwritev64(descriptor: c_int, parts: *const iovec, count: c_int, offset: off_t) -> ssize_t =
        |done| writes(descriptor, Place::At(offset as u64), unsafe { total(parts, count) }, done),
    libc::SYS_pwritev
}
replace! {
    /// Replaces `ftruncate`.
    ftruncate(descriptor: c_int, size: off_t) -> c_int =
        |done| writes(descriptor, Place::Size(size as u64), 0, done), libc::SYS_ftruncate
}
replace! {
    /// Replaces `ftruncate64`.
    ftruncate64(descriptor: c_int, size: off_t) -> c_int =
        |done| writes(descriptor, Place::Size(size as u64), 0, done), libc::SYS_ftruncate
}
replace! {
    /// Replaces `fallocate`. Modes other than growing change content unseen: they are counted as missed.
    fallocate(descriptor: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int =
        |done| allocates(descriptor, mode, done), libc::SYS_fallocate
}
replace! {
    /// Replaces `fallocate64`.
    fallocate64(descriptor: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int =
        |done| allocates(descriptor, mode, done), libc::SYS_fallocate
}
replace! {
    /// Replaces `fsync`.
    fsync(descriptor: c_int) -> c_int = |done| syncs(descriptor, done), libc::SYS_fsync
}
replace! {
    /// Replaces `fdatasync`.
    fdatasync(descriptor: c_int) -> c_int = |done| syncs(descriptor, done), libc::SYS_fdatasync
}
replace! {
    /// Replaces `read`.
    read(descriptor: c_int, into: *mut c_void, length: size_t) -> ssize_t =
        |done| reads(descriptor, done), libc::SYS_read
}
replace! {
    /// Replaces `pread`.
    pread(descriptor: c_int, into: *mut c_void, length: size_t, offset: off_t) -> ssize_t =
        |done| reads(descriptor, done), libc::SYS_pread64
}
replace! {
    /// Replaces `pread64`.
    pread64(descriptor: c_int, into: *mut c_void, length: size_t, offset: off_t) -> ssize_t =
        |done| reads(descriptor, done), libc::SYS_pread64
}
replace! {
    /// Replaces `readv`.
    readv(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t =
        |done| reads(descriptor, done), libc::SYS_readv
}
replace! {
    /// Replaces `preadv64`.
    preadv64(descriptor: c_int, parts: *const iovec, count: c_int, offset: off_t) -> ssize_t =
        |done| reads(descriptor, done), libc::SYS_preadv
}
replace! {
    /// Replaces `copy_file_range`: into the scope it is "not implemented", so that callers write instead.
    copy_file_range(
        from: c_int, from_offset: *mut off_t, to: c_int, to_offset: *mut off_t, length: size_t, flags: libc::c_uint
    ) -> ssize_t = |done| copies(to, done), libc::SYS_copy_file_range
}
replace! {
    /// Replaces `sendfile64`: into the scope it is "not implemented", so that callers write instead.
    sendfile64(to: c_int, from: c_int, offset: *mut off_t, length: size_t) -> ssize_t =
        |done| copies(to, done), libc::SYS_sendfile
}
replace! {
    /// Replaces `sendfile`.
    sendfile(to: c_int, from: c_int, offset: *mut off_t, length: size_t) -> ssize_t =
        |done| copies(to, done), libc::SYS_sendfile
}

fn writes(descriptor: c_int, place: Place, length: u64, done: impl FnOnce() -> c_long) -> c_long {
    let Some((_, status)) = scope::of_descriptor(descriptor) else {
        return done();
    };
    match strike::fate(OPERATION_WRITE) {
        Fate::Fails(errno) => return c_long::from(-errno),
        Fate::Lie => return length as c_long,
        Fate::Done => {}
    }
    if !undo::is_on() {
        return done();
    }
    let flags = raw_file::flags(descriptor);
    let size = status.st_size as u64;
    match place {
        Place::Size(wanted) => undo::content(descriptor, &status, wanted.min(size), 0),
        Place::At(offset) if length > 0 => undo::content(descriptor, &status, offset, length),
        Place::Here if length > 0 && flags & libc::O_APPEND != 0 => {
            undo::content(descriptor, &status, size, length);
        }
        Place::Here if length > 0 => {
            undo::content(descriptor, &status, raw_file::position(descriptor), length);
        }
        Place::At(_) | Place::Here => {}
    }
    let result = done();
    if result >= 0 && flags & libc::O_DSYNC != 0 {
        undo::sync_ended(undo::sync_begins(&status));
    }
    result
}

fn allocates(descriptor: c_int, mode: c_int, done: impl FnOnce() -> c_long) -> c_long {
    const GROWS: c_int = 0;
    let Some((_, status)) = scope::of_descriptor(descriptor) else {
        return done();
    };
    match strike::fate(OPERATION_WRITE) {
        Fate::Fails(errno) => return c_long::from(-errno),
        Fate::Lie => return 0,
        Fate::Done => {}
    }
    if undo::is_on() {
        if mode & !libc::FALLOC_FL_KEEP_SIZE == GROWS {
            undo::content(descriptor, &status, status.st_size as u64, 0);
        } else {
            undo::missed();
        }
    }
    done()
}

fn syncs(descriptor: c_int, done: impl FnOnce() -> c_long) -> c_long {
    let Some((_, status)) = scope::of_descriptor(descriptor) else {
        return done();
    };
    match strike::fate(OPERATION_SYNC) {
        Fate::Fails(errno) => return c_long::from(-errno),
        Fate::Lie => return 0,
        Fate::Done => {}
    }
    if !undo::is_on() {
        return done();
    }
    let begun = undo::sync_begins(&status);
    let result = done();
    if result == 0 {
        undo::sync_ended(begun);
    }
    result
}

fn reads(descriptor: c_int, done: impl FnOnce() -> c_long) -> c_long {
    // Reads are many and harmless: looked at only while a rule is after them.
    if !strike::expected(OPERATION_READ) || scope::of_descriptor(descriptor).is_none() {
        return done();
    }
    match strike::fate(OPERATION_READ) {
        Fate::Fails(errno) => c_long::from(-errno),
        Fate::Lie => 0,
        Fate::Done => done(),
    }
}

fn copies(to: c_int, done: impl FnOnce() -> c_long) -> c_long {
    if scope::of_descriptor(to).is_some() {
        return c_long::from(-libc::ENOSYS);
    }
    done()
}

/// Replaces `posix_fallocate`, which returns its error.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn posix_fallocate(descriptor: c_int, offset: off_t, length: off_t) -> c_int {
    let arguments = padded([c_long::from(descriptor), 0, offset, length]);
    // SAFETY: no memory is involved.
    -(allocates(descriptor, 0, || unsafe { call(libc::SYS_fallocate, arguments) }) as c_int)
}

/// Replaces `posix_fallocate64`.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn posix_fallocate64(descriptor: c_int, offset: off_t, length: off_t) -> c_int {
    // SAFETY: the same function.
    unsafe { posix_fallocate(descriptor, offset, length) }
}

/// Bytes in a gathered write.
///
/// # Safety
/// `parts` points at `count` parts.
unsafe fn total(parts: *const iovec, count: c_int) -> u64 {
    if parts.is_null() || count <= 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let parts = unsafe { std::slice::from_raw_parts(parts, count as usize) };
    parts.iter().map(|part| part.iov_len as u64).sum()
}

/// Replaces `syncfs`: it covers everything of the scope only if it is on that file system, which is not
/// looked up here; its promise is taken as none, so that nothing is claimed durable that may not be.
///
/// # Safety
/// As the C function.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn syncfs(descriptor: c_int) -> c_int {
    if scope::of_descriptor(descriptor).is_some() && undo::is_on() {
        return fail(libc::ENOSYS) as c_int;
    }
    // SAFETY: no memory is involved.
    answer(unsafe { call(libc::SYS_syncfs, padded([c_long::from(descriptor)])) }) as c_int
}
