//! `replSetReconfig` (R-102… ): the shell reads the document and asks the members whether they are there;
//! the core decides.

use std::sync::Arc;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Bson, RawDocumentBuf, doc};
use protocol::config::{Config, MemberConfig, MemberId};
use protocol::input::Input;
use protocol::output::Refusal;
use tokio::time::Instant;

use crate::commands::CommandError;
use crate::replication::{config_document, probe};
use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, Event, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::pending::{Purpose, Waiter};
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetReconfig"],
    admin_only: true,
    run,
};

/// A checked reconfiguration on its way to the core.
pub struct Proposed {
    /// The configuration.
    pub config: Arc<Config>,
    /// Which member this is in it.
    pub me: Option<MemberId>,
    /// Without any check.
    pub force: bool,
    /// Until when to try again while the present configuration is not committed, and to wait for the new one.
    pub until: Option<Instant>,
    /// Who waits.
    pub reply: ReplyTo,
}

/// How long it is tried again without `maxTimeMS`.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// A forced configuration jumps this far ahead, so that no other one of about the same time gets its version.
const FORCE_JUMP_MIN: u32 = 10_000;
/// Drawn on top of it, in hundreds, by a die from 0 to 1000.
const FORCE_JUMP_STEP: u32 = 100;

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let force = request.body.get_bool("force").unwrap_or(false);
    let config = match read(server, &request, force) {
        Ok(config) => Arc::new(config),
        Err(error) => return server.reply_error(reply, &error, false),
    };
    let wait = super::number(&request, "maxTimeMS").and_then(|wait| u64::try_from(wait).ok());
    let until = wait
        .filter(|wait| *wait > 0)
        .map(|wait| Instant::now() + Duration::from_millis(wait));
    let (events, process_id) = (server.events.clone(), server.topology.process_id);
    tokio::task::spawn_local(async move {
        let event = match find_members(&config, process_id, force).await {
            Ok(me) => Event::Reconfig(Proposed {
                config,
                me,
                force,
                until,
                reply,
            }),
            Err(error) => {
                let body = RawDocumentBuf::try_from(&error.to_document()).unwrap_or_default();
                Event::Answer { reply, body }
            }
        };
        let _ = events.send(event);
    });
}

fn read(server: &mut Server, request: &Request, force: bool) -> Result<Config, CommandError> {
    let Some(set_name) = server.options.set_name().map(str::to_owned) else {
        return Err(CommandError::new(76, "this node was not started with --replSet"));
    };
    if server.state.config.is_none() {
        return Err(of_refusal(Refusal::NotYetInitialized));
    }
    if !force && !server.state.is_writable() {
        return Err(CommandError::new(
            10107,
            "New config is rejected: replSetReconfig should only be run on a writable PRIMARY",
        ));
    }
    let body = request
        .to_document()
        .map_err(|error| CommandError::new(9, error.to_string()))?;
    let Some(Bson::Document(given)) = body.get("replSetReconfig") else {
        return Err(CommandError::new(2, "no configuration specified"));
    };
    let profile = server.options.timing();
    let mut config = config_document::parse_next(given, &server.state.config, &set_name, profile)
        .map_err(|error| CommandError::new(93, error.to_string()))?;
    if force {
        let jump = FORCE_JUMP_MIN + server.jitter() * FORCE_JUMP_STEP;
        config.id.version = config
            .id
            .version
            .max(server.state.config.id.version)
            .saturating_add(jump)
            .min(i32::MAX.cast_unsigned());
    }
    Ok(config)
}

/// Who of them is this process; and are enough of the others there?
async fn find_members(
    config: &Config,
    process_id: ObjectId,
    force: bool,
) -> Result<Option<MemberId>, CommandError> {
    let asked: Vec<_> = config
        .members
        .iter()
        .map(|member| {
            let host = member.host.clone();
            tokio::task::spawn_local(async move { probe::identify(&host).await })
        })
        .collect();
    let (mut me, mut there, mut silent) = (None, Vec::new(), Vec::new());
    for (member, asked) in config.members.iter().zip(asked) {
        match asked.await {
            Ok(Ok(identity)) if identity.process_id == process_id => {
                me = Some(member.id);
                there.push(member);
            }
            Ok(Ok(identity)) if identity.set_name == config.set_name => there.push(member),
            Ok(Ok(identity)) => silent.push(format!(
                "{} was started with the set name {:?}",
                member.host, identity.set_name
            )),
            Ok(Err(error)) => silent.push(error),
            Err(_) => silent.push(format!("{} was not asked", member.host)),
        }
    }
    let votes = there.iter().filter(|member| member.votes).count();
    let needed = config.members.iter().filter(|member| member.votes).count() / 2 + 1;
    let electable = there.iter().any(|member: &&MemberConfig| member.is_electable());
    if !force && (votes < needed || !electable) {
        let why = silent.join("; ");
        return Err(CommandError::new(
            74,
            format!(
                "Quorum check failed because not enough voting nodes responded; required {needed} but only {votes} voting nodes responded: {why}"
            ),
        ));
    }
    Ok(me)
}

impl Server {
    /// Puts a checked reconfiguration before the core; again and again while the present one is not committed.
    pub(in super::super) fn reconfigure(&mut self, proposed: Proposed) {
        let id = self.pending.number();
        let Proposed {
            config, me, force, ..
        } = &proposed;
        self.decision = None;
        self.feed(&Input::Reconfig {
            id,
            me: *me,
            config: Arc::clone(config),
            force: *force,
        });
        let until = proposed.until.unwrap_or_else(|| Instant::now() + PATIENCE);
        match self.decision.take() {
            Some(Err(Refusal::CurrentConfigNotCommittedYet)) if Instant::now() < until => {
                let events = self.events.clone();
                let again = Proposed {
                    until: Some(until),
                    ..proposed
                };
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(RETRY_PAUSE).await;
                    let _ = events.send(Event::Reconfig(again));
                });
            }
            Some(Err(refusal)) => self.reply_error(proposed.reply, &of_refusal(refusal), false),
            _ => {
                let waiter = Waiter {
                    reply: proposed.reply,
                    body: doc! { "ok": 1.0 },
                    purpose: Purpose::Admin,
                };
                self.pending.wait(id, waiter, proposed.until);
            }
        }
    }
}
