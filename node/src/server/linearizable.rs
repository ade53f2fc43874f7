//! Linearizable reads: those that come in one turn are one read for the core, and share the question that proves it.
//!
//! The values are taken in one go, at the end of the turn, before the core asks anybody: nothing is written between, so what
//! proves one of them proves all.
//!
//! While some proofs are on their way, reads gather for the next one: each wakes every voter, and with one a turn the set
//! was busier with proofs than with reads.

use std::collections::BTreeMap;
use std::time::Duration;

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

/// Proofs on their way for which the next one waits: while the voters are busy with the one, clients are with the other.
const PROOFS_AWAITED: usize = 2;
/// And how long: where members are far away or gone, reads do not queue behind each other.
const PROOF_AWAITED_MAX: Duration = Duration::from_millis(5);

/// Reads that were not begun yet, and those that wait for their proof.
#[derive(Default)]
pub(super) struct Linearizable {
    arrived: Vec<Arrived>,
    /// By the core's number of the read.
    proofs: BTreeMap<RequestId, Proof>,
}

/// A question on its way.
struct Proof {
    /// Who waits for it.
    clients: Vec<RequestId>,
    /// Since when.
    begun: Instant,
}

impl Linearizable {
    /// Until when reads that have come wait for others' proofs; none: nobody waits, or not for that.
    pub(super) fn gathers_until(&self) -> Option<Instant> {
        if self.arrived.is_empty() || self.proofs.len() < PROOFS_AWAITED {
            return None;
        }
        // Numbers rise: the newest proofs are the last.
        let oldest_awaited = self.proofs.values().rev().nth(PROOFS_AWAITED - 1)?;
        Some(oldest_awaited.begun + PROOF_AWAITED_MAX)
    }
}

/// A read that was asked for.
pub(super) struct Arrived {
    pub(super) run: Run,
    pub(super) request: Request,
    pub(super) connection: ConnectionId,
    pub(super) reply: ReplyTo,
}

impl Server {
    /// It is done at the end of this turn, or of one soon.
    pub(super) fn read_later(&mut self, read: Arrived) {
        self.linearizable.arrived.push(read);
    }

    /// Does the reads that have come, if it is time.
    pub(super) fn read_all(&mut self) {
        let gathers = self.linearizable.gathers_until();
        if gathers.is_some_and(|until| Instant::now() < until) {
            return;
        }
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
        let begun = Instant::now();
        self.linearizable.proofs.insert(
            proof,
            Proof {
                clients: waiting,
                begun,
            },
        );
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
        let Some(proof) = self.linearizable.proofs.remove(&id) else {
            return false;
        };
        for client in proof.clients {
            self.answer_read(client, outcome);
        }
        true
    }

    /// A client's time is over: the core never heard its number, and goes on for the others.
    pub(super) fn give_up_read(&mut self, id: RequestId) -> bool {
        let mut proofs = self.linearizable.proofs.values();
        let waits = proofs.any(|proof| proof.clients.contains(&id));
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

#[cfg(test)]
mod tests {
    use bson::{Document, rawdoc};
    use tokio::sync::oneshot;

    use super::*;
    use crate::wire::RequestKind;

    /// Every question wakes all voters: with one a turn the set is busier with questions than with reads.
    #[test]
    fn reads_wait_while_two_proofs_are_on_their_way_and_for_the_older_one_at_most_so_long() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let mut reads = Linearizable::default();
        assert_eq!(reads.gathers_until(), None, "nobody has come");
        reads.arrived.push(read());
        assert_eq!(reads.gathers_until(), None, "nobody is asked");
        reads.proofs.insert(RequestId(1), proof(at(0)));
        assert_eq!(
            reads.gathers_until(),
            None,
            "the voters have time for a second question"
        );
        reads.proofs.insert(RequestId(2), proof(at(3)));
        assert_eq!(reads.gathers_until(), Some(at(0) + PROOF_AWAITED_MAX));
        reads.proofs.insert(RequestId(3), proof(at(4)));
        assert_eq!(
            reads.gathers_until(),
            Some(at(3) + PROOF_AWAITED_MAX),
            "of the newest two the older one counts"
        );
        assert!(reads.proofs.remove(&RequestId(2)).is_some());
        assert!(reads.proofs.remove(&RequestId(3)).is_some());
        assert_eq!(reads.gathers_until(), None, "it is proven");
        reads.proofs.insert(RequestId(4), proof(at(9)));
        reads.arrived.clear();
        assert_eq!(reads.gathers_until(), None, "nobody waits");
    }

    fn proof(begun: Instant) -> Proof {
        Proof {
            clients: Vec::new(),
            begun,
        }
    }

    fn read() -> Arrived {
        let (reply, _) = oneshot::channel();
        Arrived {
            run: |_, _| Ok(Document::new()),
            request: Request {
                id: 1,
                kind: RequestKind::Msg,
                database: "test".to_owned(),
                name: "find".to_owned(),
                body: rawdoc! { "find": "c" }.into(),
                sequences: Vec::new(),
                more_to_come: false,
                exhaust_allowed: false,
            },
            connection: ConnectionId(1),
            reply,
        }
    }
}
