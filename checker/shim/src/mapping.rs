//! Finding, mapping and reading the control page.

use std::{
    ffi::CStr,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence},
};

use crate::{
    page::{MAGIC, PAGE_BYTES, Page, VERSION},
    skew::{Drift, Skew},
};

/// The page, or null: inert.
static PAGE: AtomicPtr<Page> = AtomicPtr::new(std::ptr::null_mut());

/// Tries to read the controls between two of the writer's steps; a writer that died in between must not
/// hang the process.
const READ_TRIES_MAX: u32 = 10_000;

/// The mapped page, if there is one.
pub(crate) fn page() -> Option<&'static Page> {
    // SAFETY: set once, to a mapping that is never undone.
    unsafe { PAGE.load(Ordering::Acquire).as_ref() }
}

/// Maps the page at `path` if it is one. Whatever is wrong with it leaves the shim inert.
pub(crate) fn map(path: &CStr) {
    // SAFETY: plain system calls on our own descriptor; the mapping is checked before it is used.
    unsafe {
        let descriptor = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if descriptor < 0 {
            return;
        }
        let mut status: libc::stat = std::mem::zeroed();
        let known = libc::fstat(descriptor, &mut status) == 0;
        if known && status.st_size as u64 >= PAGE_BYTES {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let bytes = PAGE_BYTES as usize;
            let address = libc::mmap(
                std::ptr::null_mut(),
                bytes,
                protection,
                libc::MAP_SHARED,
                descriptor,
                0,
            );
            if address != libc::MAP_FAILED {
                let page = address.cast::<Page>();
                if (*page).magic.load(Ordering::Relaxed) == MAGIC
                    && (*page).version.load(Ordering::Relaxed) == VERSION
                {
                    PAGE.store(page, Ordering::Release);
                } else {
                    libc::munmap(address, bytes);
                }
            }
        }
        libc::close(descriptor);
    }
}

/// A consistent copy of the clock controls.
pub(crate) fn read_skew(page: &Page) -> Skew {
    read(page, || {
        let clock = &page.clock;
        Skew {
            wall_offset_ns: clock.wall_offset_ns.load(Ordering::Relaxed),
            strobe_offset_ns: clock.strobe_offset_ns.load(Ordering::Relaxed),
            strobe_period_ns: clock.strobe_period_ns.load(Ordering::Relaxed),
            anchor_ns: clock.anchor_ns.load(Ordering::Relaxed),
            wall: Drift {
                gained_ns: clock.wall_gained_ns.load(Ordering::Relaxed),
                gain_before_ppm: clock.wall_gain_before_ppm.load(Ordering::Relaxed),
                gain_ppm: clock.wall_gain_ppm.load(Ordering::Relaxed),
            },
            monotonic: Drift {
                gained_ns: clock.monotonic_gained_ns.load(Ordering::Relaxed),
                gain_before_ppm: clock.monotonic_gain_before_ppm.load(Ordering::Relaxed),
                gain_ppm: clock.monotonic_gain_ppm.load(Ordering::Relaxed),
            },
        }
    })
}

/// Reads controls under the page's seqlock.
pub(crate) fn read<T>(page: &Page, controls: impl Fn() -> T) -> T {
    for _ in 0..READ_TRIES_MAX {
        let before = page.sequence.load(Ordering::Acquire);
        let copy = controls();
        fence(Ordering::Acquire);
        if before.is_multiple_of(2) && page.sequence.load(Ordering::Relaxed) == before {
            return copy;
        }
        std::hint::spin_loop();
    }
    controls()
}

/// Counts one event.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
