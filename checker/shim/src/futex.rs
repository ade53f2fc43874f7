//! `syscall`, for the one call in which a deadline on the shown monotonic clock reaches the kernel.
//!
//! Rust's `Condvar::wait_timeout`, `park_timeout` and channel timeouts compute `Instant::now() + timeout`
//! and wait on a futex until that absolute time. Without translation:
//! 1. the monotonic clock has drifted ten seconds ahead; 2. a thread waits 1 ms: its deadline is ten seconds
//!    away on the machine's clock; 3. it sleeps ten seconds. (Behind: it does not sleep at all and spins.)
//!    That would be a fault of the shim, not of a clock.

use std::ffi::{c_int, c_long};

use crate::{clock, raw};

/// `FUTEX_WAIT_BITSET`: the futex wait with an absolute deadline.
const WAIT_BITSET: c_long = 9;
/// Flag bits of the operation: private, and "deadline is on the wall clock".
const FLAG_PRIVATE: c_long = 128;
const FLAG_WALL_CLOCK: c_long = 256;

/// Replaces the C library's `syscall`.
///
/// # Safety
/// As the C function. It is variadic there; absent arguments arrive as whatever the registers held and are
/// ignored by the kernel, as with the original.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if number == libc::SYS_futex && (b as c_int as c_long) & !FLAG_PRIVATE == WAIT_BITSET && d != 0 {
        // SAFETY: the operation's fourth argument is a timespec or null.
        let shown = unsafe { &*(d as *const libc::timespec) };
        if let Some(real) = clock::real_deadline(shown) {
            // SAFETY: the caller's call, with its deadline replaced.
            return unsafe { raw::answer(raw::call(number, [a, b, c, &raw const real as c_long, e, f])) };
        }
    }
    // SAFETY: the caller's call, untouched. A wait by the wall clock has FLAG_WALL_CLOCK and is not touched.
    unsafe { raw::answer(raw::call(number, [a, b, c, d, e, f])) }
}

const _: () = assert!(WAIT_BITSET & (FLAG_PRIVATE | FLAG_WALL_CLOCK) == 0);
