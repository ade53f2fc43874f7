//! What the thread that serves a disk and the hands that disturb it share.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use fuser::Request;
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{disk::MemoryDisk, rules::Rules};
use crate::cluster::shim_page::DiskAction;

/// The disk and its rules, under one lock.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Guarded>);

#[derive(Debug)]
struct Guarded {
    state: Mutex<State>,
    /// The power went.
    gone: Condvar,
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct State {
    pub(super) disk: MemoryDisk,
    pub(super) rules: Rules,
    /// The power is off: what the kernel still writes back is swallowed.
    pub(super) off: bool,
}

/// How a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done.
    Done,
    /// It is answered as if it were done.
    Lie,
    /// It fails.
    Fails(Errno),
}

impl Shared {
    pub(super) fn new(disk: MemoryDisk, rules: Rules) -> Self {
        let state = State {
            disk,
            rules,
            off: false,
        };
        Self(Arc::new(Guarded {
            state: Mutex::new(state),
            gone: Condvar::new(),
        }))
    }

    /// The lock. A thread that panicked under it has done so between two calls, not within one.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing is done any more, and nobody waits for the slow disk: a sync that was under way when its
    /// process was killed would else be done before the process is gone, and the loss would take nothing.
    pub(super) fn cut(&self) {
        self.lock().off = true;
        self.0.gone.notify_all();
    }

    /// Lets the rules decide on a call, and has `answer` answer it: at once, or from a thread of its own when the call is
    /// to take longer, so that others are served meanwhile.
    pub(super) fn decide(
        &self,
        request: &Request,
        operation: u64,
        answer: impl FnOnce(&Shared, Fate) + Send + 'static,
    ) {
        match self.struck(request, operation) {
            None => answer(self, Fate::Done),
            Some(DiskAction::Fail(errno)) => answer(self, Fate::Fails(errno)),
            Some(DiskAction::Lie) => answer(self, Fate::Lie),
            Some(DiskAction::Kill) => {
                // A thread's number will do; it may have ended by itself meanwhile.
                let _ = kill(Pid::from_raw(request.pid() as i32), Signal::SIGKILL);
                answer(self, Fate::Fails(Errno::EIO));
            }
            Some(DiskAction::Delay(delay)) => {
                let shared = self.clone();
                let late = move || {
                    let waited = shared
                        .0
                        .gone
                        .wait_timeout_while(shared.lock(), delay, |state| !state.off);
                    drop(waited);
                    answer(&shared, Fate::Done);
                };
                // Without a thread there is no answer, and the library says EIO in its place.
                let _ = thread::Builder::new().name("slow disk".to_owned()).spawn(late);
            }
        }
    }

    fn struck(&self, request: &Request, operation: u64) -> Option<DiskAction> {
        let mut state = self.lock();
        // The checker's own hand is not struck; and a thread of it that waits here for a slow disk could not be killed.
        if !state.rules.concern(operation) || is_own(request.pid()) {
            return None;
        }
        state.rules.strike(operation)
    }
}

/// Whether a thread is one of this process's.
fn is_own(thread: u32) -> bool {
    Path::new("/proc/self/task").join(thread.to_string()).exists()
}
