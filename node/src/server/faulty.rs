//! Requests that suffer a failure which a test asked for ([`super::fail_point`]).

use bson::{Bson, Document, RawDocumentBuf, raw::RawBsonRef};
use tokio::sync::oneshot;

use super::event::{ConnectionId, Event, ReplyTo};
use super::event_loop::Server;
use super::fail_point::Failure;
use super::session_table;
use crate::commands::{CommandError, statements};
use crate::error_code::ErrorCode;
use crate::wire::Request;

impl Server {
    /// What this request suffers, if anything.
    pub(super) fn struck(&mut self, request: &Request, connection: ConnectionId) -> Option<Failure> {
        if !self.fail_points.wait_for_commands() {
            return None;
        }
        let application = self.clients.application(connection);
        let first = request.body.iter().next();
        let collection = match first {
            Some(Ok((_, RawBsonRef::String(collection)))) => collection,
            _ => "",
        };
        let namespace = format!("{}.{collection}", request.database);
        let statements = self.new_statements(request);
        self.fail_points
            .strike(&request.name, &namespace, application, statements)
    }

    /// Statements of a retryable write that were not executed before: only these are a transactional write.
    fn new_statements(&self, request: &Request) -> i64 {
        let (Ok(Some(RawBsonRef::Int64(number))), Ok(Some(RawBsonRef::Document(lsid)))) =
            (request.body.get("txnNumber"), request.body.get("lsid"))
        else {
            return 0;
        };
        match session_table::executed(&self.store, lsid.as_bytes(), number, 0) {
            Ok(Some(_)) => 0,
            _ => statements(request).max(1),
        }
    }

    /// Holds the request up if it must be, without holding up anybody else.
    pub(super) fn suffer(
        &mut self,
        request: Request,
        connection: ConnectionId,
        reply: ReplyTo,
        mut failure: Failure,
    ) {
        let Some(block) = failure.block.take() else {
            return self.fail(request, connection, reply, failure);
        };
        let events = self.events.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(block).await;
            let _ = events.send(Event::HeldUp {
                request,
                connection,
                reply,
                failure: Box::new(failure),
            });
        });
    }

    /// Everything after the wait.
    pub(super) fn fail(
        &mut self,
        request: Request,
        connection: ConnectionId,
        reply: ReplyTo,
        failure: Failure,
    ) {
        if failure.closes {
            // Nobody answers, and the connection ends.
            return drop(reply);
        }
        let retryable = request.body.get("txnNumber").is_ok_and(|number| number.is_some());
        if let Some(code) = failure.error {
            let error = CommandError::new(code, "Failing command via 'failCommand' failpoint");
            let mut body = self.error_body(&error, retryable);
            set_labels(&mut body, failure.labels);
            return self.reply(reply, body);
        }
        if failure.closes_after {
            let (inner, _) = oneshot::channel();
            self.dispatch(request, connection, inner);
            return drop(reply);
        }
        let Some(error) = failure.write_concern_error else {
            return self.dispatch(request, connection, reply);
        };
        let (inner, answer) = oneshot::channel();
        self.dispatch(request, connection, inner);
        tokio::task::spawn_local(async move {
            let Ok(body) = answer.await else { return };
            let _ = reply.send(with_write_concern_error(body, error, failure.labels, retryable));
        });
    }
}

fn with_write_concern_error(
    raw: RawDocumentBuf,
    error: Document,
    labels: Option<Vec<Bson>>,
    retryable: bool,
) -> RawDocumentBuf {
    let Ok(mut body) = Document::try_from(&raw) else {
        return raw;
    };
    let code = error.get_i32("code").unwrap_or(0);
    if retryable && ErrorCode(code).is_retryable_write() {
        body.insert("errorLabels", vec![Bson::from("RetryableWriteError")]);
    }
    body.insert("writeConcernError", error);
    set_labels(&mut body, labels);
    RawDocumentBuf::try_from(&body).unwrap_or(raw)
}

/// Labels that the test names stand instead of the usual ones.
fn set_labels(body: &mut Document, labels: Option<Vec<Bson>>) {
    let Some(labels) = labels else { return };
    body.remove("errorLabels");
    if !labels.is_empty() {
        body.insert("errorLabels", labels);
    }
}
