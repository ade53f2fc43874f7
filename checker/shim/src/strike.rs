//! Which disk calls go wrong: the page's rules.

use std::{
    ffi::c_int,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    mapping::{count, page, read},
    page::{
        ACTION_DELAY, ACTION_ERROR, ACTION_KILL, ACTION_LIE, DiskRule, OPERATION_SYNC, OPERATION_WRITE, Page,
    },
    raw::call,
    raw_file::padded,
};

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It fails with this errno.
    Fails(c_int),
    /// It answers success and is not done.
    Lie,
}

/// Whether any rule stands that could strike `operation`.
pub(crate) fn expected(operation: u64) -> bool {
    let stands = |rule: &DiskRule| rule.operations.load(Ordering::Relaxed) & operation != 0;
    page().is_some_and(|page| page.disk_rules.iter().any(stands))
}

/// Counts a call on a file of the scope and decides its fate; a delay is slept here, a kill does not return.
pub(crate) fn fate(operation: u64) -> Fate {
    let Some(page) = page() else { return Fate::Done };
    match operation {
        OPERATION_WRITE => count(&page.counters.disk_writes),
        OPERATION_SYNC => count(&page.counters.disk_syncs),
        _ => {}
    }
    if !expected(operation) {
        return Fate::Done;
    }
    for rule in &page.disk_rules {
        if let Some((action, argument)) = strikes(page, rule, operation) {
            count(&rule.struck);
            return meet(action, argument);
        }
    }
    Fate::Done
}

fn strikes(page: &Page, rule: &DiskRule, operation: u64) -> Option<(u64, u64)> {
    let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
    let (operations, action, argument, permille, skip) = read(page, || {
        (
            load(&rule.operations),
            load(&rule.action),
            load(&rule.argument),
            load(&rule.permille),
            load(&rule.skip),
        )
    });
    if operations & operation == 0 {
        return None;
    }
    let earlier = rule.matched.fetch_add(1, Ordering::Relaxed);
    (earlier >= skip && drawn_permille() < permille).then_some((action, argument))
}

fn meet(action: u64, argument: u64) -> Fate {
    match action {
        ACTION_ERROR => Fate::Fails(argument as c_int),
        ACTION_DELAY => {
            let time = libc::timespec {
                tv_sec: (argument / 1_000_000_000) as libc::time_t,
                tv_nsec: (argument % 1_000_000_000) as _,
            };
            // SAFETY: the time is live; a signal may cut it short, which only shortens the delay.
            unsafe { call(libc::SYS_nanosleep, padded([&raw const time as _])) };
            Fate::Done
        }
        ACTION_KILL => {
            // SAFETY: no memory is involved. The whole process ends here.
            unsafe {
                let process = call(libc::SYS_getpid, [0; 6]);
                call(libc::SYS_kill, padded([process, libc::SIGKILL.into()]));
            }
            Fate::Done
        }
        ACTION_LIE => Fate::Lie,
        _ => Fate::Done,
    }
}

/// A number in 0..1000 that wanders evenly: the golden ratio's multiples, well spread for any number of
/// calls. Which call is struck depends on the interleaving of threads anyway.
fn drawn_permille() -> u64 {
    static STEP: AtomicU64 = AtomicU64::new(0);
    let step = STEP.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    ((step >> 32) * 1000) >> 32
}
