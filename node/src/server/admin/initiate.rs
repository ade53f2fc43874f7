//! `replSetInitiate`: every member must be reachable, none may have a configuration or data.

use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, Document, RawDocumentBuf, doc};
use protocol::config::{Config, MemberId};
use protocol::output::Refusal;

use crate::commands::CommandError;
use crate::replication::{config_document, probe};
use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, Event, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetInitiate"],
    admin_only: true,
    run,
};

/// The reply of the old days, two blanks and all (S0-10).
pub(crate) const INFO: &str = "Config now saved locally.  Should come online in about a minute.";

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let Some(set_name) = server.options.set_name().map(str::to_owned) else {
        let error = CommandError::new(76, "this node was not started with --replSet");
        return server.reply_error(reply, &error, false);
    };
    if !server.state.config.is_none() || server.initiate_waiter.is_some() {
        return server.reply_error(reply, &of_refusal(Refusal::AlreadyInitialized), false);
    }
    let document = match request.to_document() {
        Ok(body) => match body.get("replSetInitiate") {
            Some(Bson::Document(given)) if !given.is_empty() => given.clone(),
            _ => default_config(server, &set_name),
        },
        Err(error) => return server.reply_error(reply, &CommandError::new(9, error.to_string()), false),
    };
    let config = match config_document::parse(&document, &set_name, server.options.timing()) {
        Ok(config) => Arc::new(config),
        Err(error) => return server.reply_error(reply, &CommandError::new(93, error.to_string()), false),
    };
    let (events, process_id) = (server.events.clone(), server.topology.process_id);
    tokio::task::spawn_local(async move {
        let event = match check(&config, &set_name, process_id).await {
            Ok(me) => Event::Initiate { config, me, reply },
            Err(error) => {
                let body = RawDocumentBuf::try_from(&error.to_document()).unwrap_or_default();
                Event::Answer { reply, body }
            }
        };
        let _ = events.send(event);
    });
}

/// `rs.initiate()` without a document: this member alone.
fn default_config(server: &Server, set_name: &str) -> Document {
    let host = format!("127.0.0.1:{}", server.options.port());
    doc! { "_id": set_name, "version": 1, "members": [{ "_id": 0, "host": host }] }
}

async fn check(config: &Config, set_name: &str, process_id: ObjectId) -> Result<MemberId, CommandError> {
    let mut me = None;
    for member in &config.members {
        let identity = probe::identify(&member.host).await.map_err(|error| {
            CommandError::new(74, format!("replSetInitiate quorum check failed because not all proposed set members responded affirmatively: {error}"))
        })?;
        if identity.process_id == process_id {
            me = Some(member.id);
        } else if identity.set_name != set_name {
            let found = identity.set_name;
            return Err(CommandError::new(
                93,
                format!(
                    "{} was started with the set name {found:?}, not {set_name:?}",
                    member.host
                ),
            ));
        } else if identity.has_config || identity.has_data {
            return Err(CommandError::new(
                110,
                format!(
                    "{} has a configuration or data already; initiate with empty members",
                    member.host
                ),
            ));
        }
    }
    let hosts: Vec<&str> = config.members.iter().map(|member| member.host.as_str()).collect();
    me.ok_or_else(|| {
        CommandError::new(
            74,
            format!(
                "no host described in the new configuration is this node: {}",
                hosts.join(", ")
            ),
        )
    })
}
