//! Linearizable reads: those that come in one turn are one read for the core, and share the entry that proves it.
//!
//! The values are taken in one go, at the end of the turn, after the core has appended the entry: nothing is written
//! between, and nobody can have fetched the entry before. So what proves one of them proves all.

use std::collections::BTreeMap;

use protocol::concern::ReadConcern;
use protocol::input::{Input, RequestId};
use protocol::output::Outcome;
use tokio::time::Instant;

use super::answer::of_refusal;
use super::data::millis;
use super::event::{ConnectionId, ReplyTo};
use super::event_loop::Server;
use super::pending::{Purpose, Waiter};
use super::reading::Run;
use crate::commands::{CommandError, Reading};
use crate::wire::Request;

/// Reads of one turn, and those that wait for their proof.
#[derive(Default)]
pub(super) struct Linearizable {
    arrived: Vec<Arrived>,
    /// By the core's number of the read: the clients that wait for it.
    proofs: BTreeMap<RequestId, Vec<RequestId>>,
}

/// A read that was asked for in this turn.
pub(super) struct Arrived {
    pub(super) run: Run,
    pub(super) request: Request,
    pub(super) connection: ConnectionId,
    pub(super) reply: ReplyTo,
}

impl Server {
    /// It is done at the end of the turn.
    pub(super) fn read_later(&mut self, read: Arrived) {
        self.linearizable.arrived.push(read);
    }

    /// Does the reads of this turn.
    pub(super) fn read_all(&mut self) {
        let arrived = std::mem::take(&mut self.linearizable.arrived);
        if arrived.is_empty() {
            return;
        }
        if let Some(why) = &self.given_up {
            let error = CommandError::new(13436, format!("this member has given up (FATAL): {why}"));
            for read in arrived {
                self.reply_error(read.reply, &error, false);
            }
            return;
        }
        let proof = self.pending.number();
        let at = match self.admit(ReadConcern::Linearizable, proof, false) {
            Ok(at) => at,
            Err(refusal) => {
                for read in arrived {
                    self.reply_error(read.reply, &of_refusal(refusal), false);
                }
                return;
            }
        };
        let mut waiting = Vec::new();
        for read in arrived {
            let seen = self.seen_at(&read.request, at);
            match self.run_read(read.run, &read.request, read.connection, at, Reading::Latest) {
                Err(error) => self.reply_error(read.reply, &error, false),
                Ok(mut body) => {
                    body.insert("operationTime", seen);
                    let deadline = millis(&read.request, "maxTimeMS").map(|wait| Instant::now() + wait);
                    let id = self.pending.number();
                    let (reply, purpose) = (read.reply, Purpose::LinearizableRead);
                    self.pending.wait(id, Waiter { reply, body, purpose }, deadline);
                    waiting.push(id);
                }
            }
        }
        let nobody_waits = waiting.is_empty();
        self.linearizable.proofs.insert(proof, waiting);
        match self.completed.take() {
            Some((done, outcome)) if done == proof => {
                self.proven(proof, outcome);
            }
            _ if nobody_waits => self.feed(&Input::Abandon(proof)),
            _ => {}
        }
    }

    /// The core has decided: was this a proof?
    pub(super) fn proven(&mut self, id: RequestId, outcome: Outcome) -> bool {
        let Some(clients) = self.linearizable.proofs.remove(&id) else {
            return false;
        };
        for client in clients {
            self.answer_read(client, outcome);
        }
        true
    }

    /// A client's time is over: the core never heard its number, and goes on for the others.
    pub(super) fn give_up_read(&mut self, id: RequestId) -> bool {
        let mut proofs = self.linearizable.proofs.values();
        let waits = proofs.any(|clients| clients.contains(&id));
        if waits {
            self.answer_read(id, Outcome::TimedOut);
        }
        waits
    }

    fn answer_read(&mut self, client: RequestId, outcome: Outcome) {
        // Gone if its own time was over before.
        if let Some(waiter) = self.pending.take(client) {
            let body = self.outcome_body(waiter.body, &waiter.purpose, outcome);
            self.reply(waiter.reply, body);
        }
    }
}
