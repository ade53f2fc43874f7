//! What a secondary passes on to the primary: `aggregate` with `$out` or `$merge`, when the client allows a secondary.
//!
//! Drivers send such pipelines to secondaries since 5.0, whose `mongod` reads there and writes through the primary. Here the
//! whole pipeline runs at the primary: what it reads is as new or newer, and the client need not know.

use std::time::Duration;

use bson::RawDocumentBuf;
use protocol::output::Refusal;

use super::answer::of_refusal;
use super::event::ReplyTo;
use super::event_loop::Server;
use super::reading::allows_secondary;
use crate::commands::CommandError;
use crate::replication::dial;
use crate::wire::Request;

/// How long the primary may take.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Server {
    /// Where a refused write may go: the primary's address.
    pub(super) fn forwards_to(&self, request: &Request) -> Option<String> {
        // The primary would ask this member to log in as the client, whose secret it does not know.
        if request.name != "aggregate" || self.options.asks_for_login() || !allows_secondary(request) {
            return None;
        }
        let primary = self.state.primary.filter(|primary| *primary != self.state.me)?;
        Some(self.state.config.member(primary)?.host.clone())
    }

    /// Asks the primary, and gives its answer to the client as it is.
    pub(super) fn forward(&self, request: &Request, host: String, reply: ReplyTo) {
        let command = request.to_document().ok().and_then(|mut command| {
            // The primary runs it, or refuses: it is never passed on twice.
            command.remove("$readPreference");
            RawDocumentBuf::try_from(&command).ok()
        });
        let Some(command) = command else {
            return self.reply_error(reply, &of_refusal(Refusal::NotWritablePrimary), false);
        };
        // Nobody knows how far it came there: no error that says "not done".
        let text =
            format!("the primary {host} did not answer what was passed on to it; it may have been done");
        let Ok(lost) = RawDocumentBuf::try_from(&self.error_body(&CommandError::new(6, text), false)) else {
            return;
        };
        tokio::task::spawn_local(async move {
            let answer = tokio::time::timeout(TIMEOUT, dial::ask(&host, &command)).await;
            let body = answer.ok().and_then(Result::ok).unwrap_or(lost);
            // A client that has gone away needs no answer.
            let _ = reply.send(body);
        });
    }
}
