//! Clients that wait for the core's answer.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Document, RawDocumentBuf};
use protocol::input::RequestId;
use tokio::time::Instant;

use super::event::ReplyTo;

/// A client that waits.
pub struct Waiter {
    /// Where the answer goes.
    pub reply: ReplyTo,
    /// The answer, if all goes well.
    pub body: Document,
    /// What it waits for.
    pub purpose: Purpose,
}

/// What a client waits for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Its write concern. The write itself is done: failing shows beside the result.
    Write {
        /// The concern, for the error's words.
        concern: RawDocumentBuf,
        /// The request carried a transaction number: errors may be labelled retryable.
        retryable: bool,
    },
    /// The proof of its linearizable read. Without it there is no value.
    LinearizableRead,
    /// The end of an operator's command.
    Admin,
}

/// All of them, with their deadlines.
#[derive(Default)]
pub struct Pending {
    next: u64,
    waiters: BTreeMap<RequestId, Waiter>,
    deadlines: BTreeSet<(Instant, RequestId)>,
}

impl Pending {
    /// A number for a request.
    pub fn number(&mut self) -> RequestId {
        self.next += 1;
        RequestId(self.next)
    }

    /// Lets a client wait, until `deadline` at most.
    pub fn wait(&mut self, id: RequestId, waiter: Waiter, deadline: Option<Instant>) {
        self.waiters.insert(id, waiter);
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
    }

    /// Takes out a client that waits no longer.
    pub fn take(&mut self, id: RequestId) -> Option<Waiter> {
        if !self.deadlines.is_empty() {
            self.deadlines.retain(|(_, waiting)| *waiting != id);
        }
        self.waiters.remove(&id)
    }

    /// The next deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A client whose deadline has passed.
    pub fn take_due(&mut self, now: Instant) -> Option<RequestId> {
        let (deadline, id) = *self.deadlines.first()?;
        (deadline <= now).then(|| {
            self.deadlines.remove(&(deadline, id));
            id
        })
    }
}
