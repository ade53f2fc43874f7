//! A preload library for one process under test: it steers what the process sees of clocks and disk.
//!
//! ```text
//! LD_PRELOAD=libshim.so CHECKER_SHIM_PAGE=<file> node …
//!      checker ──(positioned writes)──▶ page file ◀──(shared mapping)── shim inside node
//! ```
//!
//! Without a page, or with one of another version, it does nothing. It never allocates after start and never
//! panics. It cannot reach statically linked programs or raw system calls: the checker sees that by the
//! page's counters staying at zero, and refuses such a fault with a word.
//!
//! Reading order: `page` (what is shared), `skew` (the arithmetic of clocks), `mapping`, `clock`, `futex`,
//! `parent`; then `scope` (which files), `strike` (which calls go wrong), `disk` and `names` (the calls),
//! `undo_format` and `undo` (what a power loss takes back).

use std::ffi::CStr;

mod clock;
mod disk;
mod futex;
mod mapping;
mod names;
pub mod page;
mod parent;
mod raw;
mod raw_file;
mod scope;
pub mod skew;
mod strike;
mod undo;
pub mod undo_format;

pub use clock::{clock_gettime, gettimeofday, time, timespec_get};
pub use disk::{
    copy_file_range, fallocate, fallocate64, fdatasync, fsync, ftruncate, ftruncate64, posix_fallocate,
    posix_fallocate64, pread, pread64, preadv64, pwrite, pwrite64, pwritev, pwritev64, read, readv, sendfile,
    sendfile64, syncfs, write, writev,
};
pub use futex::syscall;
pub use names::{
    creat, link, linkat, mkdir, mkdirat, open, open64, openat, openat64, rename, renameat, renameat2, rmdir,
    unlink, unlinkat,
};

/// Run by the dynamic loader before `main`.
#[cfg_attr(not(test), used, unsafe(link_section = ".init_array"))]
#[cfg_attr(test, expect(dead_code, reason = "in unit tests nothing is replaced"))]
static CONSTRUCTOR: extern "C" fn() = construct;

extern "C" fn construct() {
    clock::prepare();
    if let Some(parent) = variable(page::PARENT_VARIABLE) {
        parent::die_with(parent);
    }
    if let Some(path) = variable(page::PAGE_VARIABLE) {
        mapping::map(path);
    }
    let Some(page) = mapping::page() else { return };
    mapping::count(&page.counters.starts);
    if let Some(directory) = variable(page::SCOPE_VARIABLE) {
        scope::set(directory);
        if let Some(undo) = variable(page::UNDO_VARIABLE) {
            undo::open(undo);
            undo::set_strict(variable(page::STRICT_NAMES_VARIABLE).is_some());
        }
    }
}

/// An environment variable, without allocation.
fn variable(name: &str) -> Option<&'static CStr> {
    let mut buffer = [0u8; 64];
    buffer.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    // SAFETY: the buffer is longer than the name and zeroed; the environment is not changed while the
    // loader runs constructors.
    unsafe {
        let value = libc::getenv(buffer.as_ptr().cast());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}
