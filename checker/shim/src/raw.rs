//! System calls without the C library's wrappers: those are what this library replaces.

use std::ffi::{c_int, c_long};

/// Six-argument system call; negative results are `-errno`.
///
/// # Safety
/// As the call itself demands.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn call(number: c_long, arguments: [c_long; 6]) -> c_long {
    let result: c_long;
    // SAFETY: the kernel's calling convention: rcx and r11 are clobbered, nothing else.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Six-argument system call; negative results are `-errno`.
///
/// # Safety
/// As the call itself demands.
#[cfg(target_arch = "aarch64")]
pub(crate) unsafe fn call(number: c_long, arguments: [c_long; 6]) -> c_long {
    let result: c_long;
    // SAFETY: the kernel's calling convention: only x0 changes.
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x5") arguments[5],
            options(nostack),
        );
    }
    result
}

/// The result as the C library would return it: -1 with errno set.
pub(crate) fn answer(result: c_long) -> c_long {
    if (-4095..0).contains(&result) {
        fail((-result) as c_int)
    } else {
        result
    }
}

/// -1 with `errno` set.
pub(crate) fn fail(errno: c_int) -> c_long {
    // SAFETY: the C library's errno of this thread.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// The machine's clock, by system call: for the time before the real function was found.
pub(crate) fn clock_gettime(clock: c_int, into: &mut libc::timespec) -> c_long {
    let address = std::ptr::from_mut(into) as c_long;
    // SAFETY: `into` is a live timespec.
    unsafe {
        call(
            libc::SYS_clock_gettime,
            [c_long::from(clock), address, 0, 0, 0, 0],
        )
    }
}
