//! The clocks as the process sees them: replacements of the C library's readings.
//!
//! Rust's `SystemTime` and `Instant`, tokio and every C program read time through these symbols, so one
//! preloaded library steers them all. Timeouts of `epoll_wait` and `nanosleep` stay real: a process whose
//! clock runs at half speed finds that it slept twice too short, as with a real slow oscillator.

use std::{
    ffi::c_int,
    sync::atomic::{AtomicI64, AtomicPtr, Ordering},
};

use libc::{time_t, timespec, timeval};

use crate::{
    mapping::{count, page, read_skew},
    raw,
};

/// The C library's `clock_gettime` (it uses the vDSO and is ten times faster than a system call).
static REAL: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Latest readings shown, one per monotonic clock: no reading is before another that ended before it.
static SHOWN: [AtomicI64; 4] = [const { AtomicI64::new(i64::MIN) }; 4];

const SECOND_NS: i64 = 1_000_000_000;

/// What a clock measures, and where its latest reading is kept.
enum Clock {
    Wall,
    Monotonic(usize),
    Other,
}

/// Finds the C library's function. Before that, readings are system calls.
pub(crate) fn prepare() {
    // SAFETY: a look-up by name.
    REAL.store(
        unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) },
        Ordering::Release,
    );
}

/// Replaces the C library's `clock_gettime`.
///
/// # Safety
/// As the C function: `into` is null or valid.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn clock_gettime(clock: c_int, into: *mut timespec) -> c_int {
    // SAFETY: the caller's promise.
    let Some(into) = (unsafe { into.as_mut() }) else {
        return raw::fail(libc::EFAULT) as c_int;
    };
    let result = real(clock, into);
    if result == 0 {
        show(clock, into);
    }
    result
}

/// Replaces the C library's `gettimeofday`.
///
/// # Safety
/// As the C function: both pointers are null or valid.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn gettimeofday(into: *mut timeval, zone: *mut libc::timezone) -> c_int {
    if !zone.is_null() {
        // SAFETY: the caller's promise; the kernel's zone is always zero on Linux.
        unsafe { std::ptr::write_bytes(zone, 0, 1) };
    }
    let now = wall_now();
    // SAFETY: the caller's promise.
    if let Some(into) = unsafe { into.as_mut() } {
        into.tv_sec = now.tv_sec;
        into.tv_usec = now.tv_nsec / 1000;
    }
    0
}

/// Replaces the C library's `time`.
///
/// # Safety
/// As the C function: `into` is null or valid.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn time(into: *mut time_t) -> time_t {
    let now = wall_now().tv_sec;
    // SAFETY: the caller's promise.
    if let Some(into) = unsafe { into.as_mut() } {
        *into = now;
    }
    now
}

/// Replaces the C library's `timespec_get`. Bases other than UTC are refused, as older C libraries do.
///
/// # Safety
/// As the C function: `into` is valid.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn timespec_get(into: *mut timespec, base: c_int) -> c_int {
    const TIME_UTC: c_int = 1;
    if base != TIME_UTC {
        return 0;
    }
    // SAFETY: the caller's promise.
    if let Some(into) = unsafe { into.as_mut() } {
        *into = wall_now();
    }
    base
}

/// Translates a deadline on the shown monotonic clock into one on the machine's. Nothing if they agree.
pub(crate) fn real_deadline(shown: &timespec) -> Option<timespec> {
    let page = page()?;
    let skew = read_skew(page);
    let shown_ns = nanoseconds(shown);
    let real_ns = skew.real_monotonic_ns(shown_ns);
    if real_ns == shown_ns {
        return None;
    }
    count(&page.counters.waits_translated);
    Some(from_nanoseconds(real_ns))
}

fn wall_now() -> timespec {
    let mut now = from_nanoseconds(0);
    if real(libc::CLOCK_REALTIME, &mut now) == 0 {
        show(libc::CLOCK_REALTIME, &mut now);
    }
    now
}

/// Turns the machine's reading into the one to show, and counts it.
fn show(clock: c_int, reading: &mut timespec) {
    let Some(page) = page() else { return };
    let counters = &page.counters;
    match kind(clock) {
        Clock::Wall => {
            let error_ns = read_skew(page).wall_error_ns(machine_monotonic_ns());
            count(&counters.wall_calls);
            counters.wall_error_ns.store(error_ns, Ordering::Relaxed);
            if error_ns != 0 {
                count(&counters.wall_skewed);
                // Before 1970 no reader of time_t is prepared for: the checker refuses such offsets.
                *reading = from_nanoseconds(nanoseconds(reading).saturating_add(error_ns).max(0));
            }
        }
        Clock::Monotonic(index) => {
            let error_ns = read_skew(page).monotonic_error_ns(machine_monotonic_ns());
            count(&counters.monotonic_calls);
            counters.monotonic_error_ns.store(error_ns, Ordering::Relaxed);
            let wanted_ns = nanoseconds(reading).saturating_add(error_ns).max(0);
            let shown_ns = SHOWN[index]
                .fetch_max(wanted_ns, Ordering::Relaxed)
                .max(wanted_ns);
            if error_ns != 0 {
                count(&counters.monotonic_skewed);
                *reading = from_nanoseconds(shown_ns);
            }
        }
        Clock::Other => {}
    }
}

fn kind(clock: c_int) -> Clock {
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => Clock::Wall,
        libc::CLOCK_MONOTONIC => Clock::Monotonic(0),
        libc::CLOCK_MONOTONIC_RAW => Clock::Monotonic(1),
        libc::CLOCK_MONOTONIC_COARSE => Clock::Monotonic(2),
        libc::CLOCK_BOOTTIME => Clock::Monotonic(3),
        _ => Clock::Other,
    }
}

fn machine_monotonic_ns() -> i64 {
    let mut now = from_nanoseconds(0);
    real(libc::CLOCK_MONOTONIC, &mut now);
    nanoseconds(&now)
}

fn real(clock: c_int, into: &mut timespec) -> c_int {
    let found = REAL.load(Ordering::Acquire);
    if found.is_null() {
        return raw::answer(raw::clock_gettime(clock, into)) as c_int;
    }
    // SAFETY: the C library's function of that name has this signature.
    let function: extern "C" fn(c_int, *mut timespec) -> c_int = unsafe { std::mem::transmute(found) };
    function(clock, into)
}

fn nanoseconds(time: &timespec) -> i64 {
    time.tv_sec.saturating_mul(SECOND_NS).saturating_add(time.tv_nsec)
}

fn from_nanoseconds(nanoseconds: i64) -> timespec {
    timespec {
        tv_sec: nanoseconds.div_euclid(SECOND_NS),
        tv_nsec: nanoseconds.rem_euclid(SECOND_NS),
    }
}
