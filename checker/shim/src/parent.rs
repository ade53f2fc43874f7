//! Dying with the checker: no node outlives it, whatever kills it.

use std::ffi::CStr;

/// Asks the kernel for SIGKILL when the thread that started this process ends, if `parent` (a process id)
/// still is the parent; if it is not, it has died already and this process follows at once.
pub(crate) fn die_with(parent: &CStr) {
    let Some(expected) = parent
        .to_str()
        .ok()
        .and_then(|text| text.parse::<libc::pid_t>().ok())
    else {
        return;
    };
    // SAFETY: plain system calls without pointers.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != expected {
            libc::kill(libc::getpid(), libc::SIGKILL);
        }
    }
}
