//! Answers to clients: what every reply carries, and errors as drivers want them (surface paper §4).

use bson::{Bson, Document, RawDocumentBuf, Timestamp, doc, rawdoc};
use protocol::input::RequestId;
use protocol::output::{Outcome, Refusal};
use tokio::time::Instant;

use super::event::ReplyTo;
use super::event_loop::Server;
use super::pending::Purpose;
use super::reading::time_of;
use crate::commands::CommandError;
use crate::replication::config_document;
use crate::replication::hello::hello;

/// The error of a request that the core turned away.
pub(super) fn of_refusal(refusal: Refusal) -> CommandError {
    let (code, message) = match refusal {
        Refusal::NotWritablePrimary => (10107, "not primary"),
        Refusal::NotPrimaryNoSecondaryOk => (13435, "not master and slaveOk=false"),
        Refusal::NotPrimaryOrSecondary => (13436, "node is not in primary or recovering state"),
        Refusal::NotYetInitialized => (94, "no replset config has been received"),
        Refusal::AlreadyInitialized => (23, "already initialized"),
        Refusal::NotSecondary => (95, "not a secondary"),
        Refusal::ConfigurationInProgress => (
            109,
            "Cannot run replSetReconfig because another configuration is being stored",
        ),
        Refusal::CurrentConfigNotCommittedYet => (
            308,
            "Cannot run replSetReconfig because the current config is not yet committed",
        ),
        Refusal::NodeNotElectable => (
            104,
            "This node is not electable under the new configuration; step down first, or keep it electable",
        ),
        Refusal::NodeNotFound => (74, "No host described in the new configuration maps to this node"),
        Refusal::Incompatible(why) => return CommandError::new(103, config_document::incompatible(why)),
        Refusal::NoElectableSecondary => (
            262,
            "No electable secondaries caught up as of the end of the wait; no step-down took place",
        ),
    };
    CommandError::new(code, message)
}

impl Server {
    /// Sends an answer, with what every answer carries.
    pub(super) fn reply(&self, to: ReplyTo, body: Document) {
        let mut raw = match RawDocumentBuf::try_from(&body) {
            Ok(raw) => raw,
            Err(error) => return tracing::error!(%error, "an answer can't be encoded"),
        };
        if !self.state.config.is_none() && !body.contains_key("$clusterTime") {
            let time = self.cluster_time.newest(self.own_time());
            let signature = rawdoc! {
                "hash": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![0; 20] },
                "keyId": 0_i64,
            };
            raw.append(
                bson::cstr!("$clusterTime"),
                rawdoc! { "clusterTime": time, "signature": signature },
            );
            if !body.contains_key("operationTime") {
                raw.append(bson::cstr!("operationTime"), self.own_time());
            }
        }
        // A client that has gone away needs no answer.
        let _ = to.send(raw);
    }

    /// The time of the newest entry here.
    pub(super) fn own_time(&self) -> Timestamp {
        time_of(self.state.last_written())
    }

    /// An error document, with the topology version where drivers look for it and the retry label where they
    /// need it.
    pub(super) fn error_body(&self, error: &CommandError, retryable: bool) -> Document {
        let mut body = error.to_document();
        if error.code.is_not_primary() {
            body.insert("topologyVersion", self.topology.to_document());
        }
        if retryable && error.code.is_retryable_write() {
            body.insert("errorLabels", vec![Bson::from("RetryableWriteError")]);
        }
        body
    }

    pub(super) fn reply_error(&self, to: ReplyTo, error: &CommandError, retryable: bool) {
        self.reply(to, self.error_body(error, retryable));
    }

    /// What a waiting client hears.
    pub(super) fn outcome_body(&self, mut body: Document, purpose: &Purpose, outcome: Outcome) -> Document {
        let stepped_down = CommandError::new(
            11602,
            "operation was interrupted because the member is not primary any more",
        );
        match (outcome, purpose) {
            (Outcome::Done, _) => body,
            // The write is done here; whether it stays nobody knows.
            (Outcome::SteppedDown, Purpose::Write { retryable, .. }) => {
                self.error_body(&stepped_down, *retryable)
            }
            (Outcome::SteppedDown, _) => self.error_body(&stepped_down, false),
            (Outcome::TimedOut, Purpose::Write { concern, .. }) => {
                body.insert(
                    "writeConcernError",
                    doc! {
                        "code": 64,
                        "codeName": "WriteConcernFailed",
                        "errmsg": "waiting for replication timed out",
                        "errInfo": { "wtimeout": true, "writeConcern": Document::try_from(concern).unwrap_or_default() },
                    },
                );
                body
            }
            // By a reconfiguration; the write is done here.
            (Outcome::Unsatisfiable, _) => {
                body.insert(
                    "writeConcernError",
                    doc! {
                        "code": 100,
                        "codeName": "UnsatisfiableWriteConcern",
                        "errmsg": super::data::NOT_ENOUGH_MEMBERS,
                    },
                );
                body
            }
            (Outcome::TimedOut, Purpose::Admin) => self.error_body(
                &CommandError::new(
                    50,
                    "operation exceeded time limit: it was done here, but a majority has not heard of it yet",
                ),
                false,
            ),
            (Outcome::TimedOut, _) => self.error_body(
                &CommandError::new(
                    50,
                    "operation exceeded time limit: the read could not be proven in time",
                ),
                false,
            ),
        }
    }

    pub(super) fn refuse(&mut self, id: RequestId, refusal: Refusal) {
        let error = of_refusal(refusal);
        match self.pending.take(id) {
            Some(waiter) => {
                let retryable = matches!(waiter.purpose, Purpose::Write { retryable: true, .. });
                self.reply_error(waiter.reply, &error, retryable);
            }
            None => self.decision = Some(Err(refusal)),
        }
    }

    /// Answers the `hello`s whose time has come, or all of them after a change.
    pub(super) fn answer_hello_waiters(&mut self, now: Instant, all: bool) {
        let waiters = std::mem::take(&mut self.hello_waiters);
        let (due, waiting) = waiters
            .into_iter()
            .partition(|waiter| all || waiter.deadline <= now);
        self.hello_waiters = waiting;
        let due: Vec<super::event_loop::HelloWaiter> = due;
        for waiter in due {
            let body = hello(&self.state, self.topology, waiter.asker);
            self.reply(waiter.reply, body);
        }
    }
}
