//! Doing what the core asks, in order.

use std::sync::Arc;

use bson::DateTime;
use protocol::config::Config;
use protocol::message::{Body, MemberState, Message};
use protocol::optime::OpTime;
use protocol::output::{Content, Outcome, Output, Token};
use protocol::state::Role;
use protocol::timer::Timer;
use tokio::time::Instant;

use super::confirm::Confirmation;
use super::entry;
use super::event_loop::{Planned, Server, record};
use super::rollback_files;
use crate::peers::Parcel;
use crate::replication::status::state_name;

/// Bytes of documents in one answer to a fetch: what the other side writes in one turn, hearing nobody meanwhile.
const FETCH_BYTES_MAX: usize = 2 << 20;
/// Entries in one answer to a fetch, for the same reason.
const FETCH_ENTRIES_MAX: usize = 500;

impl Server {
    pub(super) fn obey(&mut self, output: Output) {
        if let Err(error) = self.try_to_obey(output) {
            // What the core asked could not be done: going on would be lying to it.
            if self.given_up.is_none() {
                self.stopping = Some(error);
            }
        }
    }

    fn try_to_obey(&mut self, output: Output) -> Result<(), String> {
        match output {
            #[cfg(feature = "planted-bugs")]
            Output::PersistVote(vote) if crate::bugs::is_planted(&crate::bugs::forgets_votes::BUG) => {
                // Under a name that nobody reads at the next start.
                self.persist("forgotten", &vote, Token::Vote(vote))?;
            }
            Output::PersistVote(vote) => {
                self.persist(record::VOTE, &vote, Token::Vote(vote))?;
                tracing::info!(term = vote.term.0, candidate = ?vote.candidate.map(|id| id.0), "voted");
            }
            Output::PersistConfig(config) => self.persist_config(&config)?,
            Output::Append { content, entries } => self.append(content, &entries)?,
            Output::RollBack { to, rollback_id } => self.roll_back(to, rollback_id)?,
            Output::PersistUnsynced(flag) => self.persist(record::UNSYNCED, &flag, Token::Unsynced(flag))?,
            Output::BeginClone { begin } => self.begin_clone(begin)?,
            Output::TakePage { begin } => self.take_page(begin)?,
            Output::ApplyToClone { stop } => {
                if let Some(clone) = &mut self.cloning {
                    clone.stop = Some(stop);
                }
            }
            Output::Send(message) => self.send(message)?,
            Output::SetTimer(timer) => self.set_timer(timer),
            Output::CancelTimer(timer) => self.timers.cancel(timer),
            Output::Complete { id, outcome } => self.complete(id, outcome),
            Output::Refuse { id, refusal } => self.refuse(id, refusal),
            Output::ServeRead { at, .. } => self.decision = Some(Ok(at)),
            // Absorbed at the end of the turn.
            Output::CommitPoint(_) => {}
            Output::StateChanged(state) => self.state_changed(state),
            Output::ResolveConfig(config) => self.resolve(config),
            Output::Fatal(reason) => self.give_up(&format!("the protocol core can't go on: {reason:?}")),
        }
        Ok(())
    }

    fn persist(
        &mut self,
        name: &'static str,
        value: &impl serde::Serialize,
        token: Token,
    ) -> Result<(), String> {
        let bytes = postcard::to_stdvec(value).map_err(|error| error.to_string())?;
        let lsn = self
            .log
            .persist(name, &bytes)
            .map_err(|error| error.to_string())?;
        self.confirmations.push(lsn, Confirmation::Persisted(token));
        Ok(())
    }

    fn persist_config(&mut self, config: &Arc<Config>) -> Result<(), String> {
        let pending = self.state.config_pending.as_ref();
        if let Some(me) = pending.map(|pending| pending.identity(self.state.me)) {
            let bytes = postcard::to_stdvec(&me).map_err(|error| error.to_string())?;
            self.log
                .persist(record::MEMBER, &bytes)
                .map_err(|error| error.to_string())?;
            let bytes = postcard::to_stdvec(&self.options.port()).map_err(|error| error.to_string())?;
            self.log
                .persist(record::PORT, &bytes)
                .map_err(|error| error.to_string())?;
        }
        self.persist(record::CONFIG, config.as_ref(), Token::Config(config.id))
    }

    fn append(&mut self, content: Content, entries: &[OpTime]) -> Result<(), String> {
        match content {
            Content::Fetched => {
                let documents = std::mem::take(&mut self.fetched);
                #[cfg(feature = "planted-bugs")]
                if crate::bugs::is_planted(&crate::bugs::applies_neighbours_in_the_wrong_order::BUG) {
                    return self.append_confused(entries, &documents);
                }
                #[cfg(feature = "planted-bugs")]
                if crate::bugs::is_planted(&crate::bugs::secondary_reads_mid_batch::BUG) {
                    return self.append_mid_batch(entries, &documents);
                }
                for (optime, document) in entries.iter().zip(documents) {
                    self.append_entry(*optime, document)?;
                }
            }
            Content::Write(_) => {
                let Planned { writes, statement } =
                    self.planned.take().ok_or("the core wrote what nobody planned")?;
                let last = writes.len() - 1;
                for (at, (optime, write)) in entries.iter().zip(&writes).enumerate() {
                    // The statement is done when its last entry is there.
                    let statement = statement.as_ref().filter(|_| at == last);
                    #[cfg(feature = "planted-bugs")]
                    let statement = statement
                        .filter(|_| !crate::bugs::is_planted(&crate::bugs::keeps_retries_to_itself::BUG));
                    #[cfg(feature = "planted-bugs")]
                    let write = &crate::bugs::non_idempotent_oplog::as_step(&self.store, write);
                    let document =
                        entry::of_write(*optime, write, statement).map_err(|error| error.to_string())?;
                    self.append_entry(*optime, document)?;
                }
            }
            Content::NewPrimary => self.append_noops(entries, "new primary")?,
            Content::Initiating => self.append_noops(entries, "initiating set")?,
            Content::Note => self.append_noops(entries, "cluster time")?,
        }
        if content == Content::NewPrimary
            && let Some(first) = entries.first()
        {
            self.elected = Some((*first, DateTime::now()));
            tracing::info!(
                term = first.term.0,
                "transition to primary complete; database writes are now permitted"
            );
        }
        if let Some(last) = entries.last() {
            self.confirmations
                .push(self.log.last_lsn(), Confirmation::Flushed(*last));
        }
        Ok(())
    }

    /// The oplog as it should be, the data of each pair of neighbours in the other order.
    #[cfg(feature = "planted-bugs")]
    fn append_confused(&mut self, entries: &[OpTime], documents: &[Arc<[u8]>]) -> Result<(), String> {
        for (place, (optime, document)) in entries.iter().zip(documents).enumerate() {
            let other = documents.get(place ^ 1);
            let other = other.filter(|other| is_update(other) && is_update(document));
            let other = other.unwrap_or(document);
            entry::apply(&mut self.store, *optime, other).map_err(|error| error.to_string())?;
            self.log
                .append(*optime, document.clone())
                .map_err(|error| error.to_string())?;
        }
        if let Some(last) = entries.last() {
            self.confirmations
                .push(self.log.last_lsn(), Confirmation::Flushed(*last));
        }
        Ok(())
    }

    fn append_noops(&mut self, entries: &[OpTime], message: &str) -> Result<(), String> {
        for optime in entries {
            self.append_entry(*optime, entry::of_noop(*optime, message))?;
        }
        Ok(())
    }

    /// To the oplog, and to the data: the same bytes for everybody.
    pub(super) fn append_entry(&mut self, optime: OpTime, document: Arc<[u8]>) -> Result<(), String> {
        if self.cloning.is_none()
            && let Err(error) = self.apply_entry(optime, &document)
        {
            // S4-02: it would fail again from any other source; going on without it would make this member's data its own.
            let why = format!("the oplog entry {optime} can't be applied: {error}");
            self.give_up(&why);
            return Err(why);
        }
        self.log
            .append(optime, document)
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    fn apply_entry(&mut self, optime: OpTime, document: &[u8]) -> Result<(), String> {
        if self
            .fail_points
            .strikes_applying(self.state.role == Role::Follower)
        {
            return Err("the failpoint failApplyingOplog struck".to_owned());
        }
        entry::apply(&mut self.store, optime, document).map_err(|error| error.to_string())
    }

    fn roll_back(&mut self, to: OpTime, rollback_id: u32) -> Result<(), String> {
        let removed = self
            .log
            .entries_after(to, usize::MAX, usize::MAX)
            .map_err(|error| error.to_string())?;
        let bytes: usize = removed.iter().map(|(_, entry)| entry.len()).sum();
        let max = self.options.rollback_bytes_max();
        if bytes > max {
            tracing::error!(
                common_point = %to,
                entries = removed.len(),
                bytes,
                max,
                "rollback too large: nothing is taken back; this member stays RECOVERING and needs a full resync \
                 (the command resync, or start it with an empty directory)"
            );
            // The core hears of it when it has finished with what it asks now.
            self.rollback_too_large = true;
            return Ok(());
        }
        tracing::warn!(common_point = %to, entries = removed.len(), bytes, rollback_id, "rolling back");
        rollback_files::write(&self.options.dbpath(), &removed)
            .map_err(|error| format!("the rolled-back documents can't be kept: {error}"))?;
        let bytes = postcard::to_stdvec(&rollback_id).map_err(|error| error.to_string())?;
        self.log
            .persist(record::ROLLBACK_ID, &bytes)
            .map_err(|error| error.to_string())?;
        let lsn = self.log.truncate_after(to).map_err(|error| error.to_string())?;
        self.store.roll_back_to(to).map_err(|error| error.to_string())?;
        #[cfg(feature = "planted-bugs")]
        self.leave_behind(&removed)?;
        self.confirmations
            .push(lsn, Confirmation::Persisted(Token::RollBack(to)));
        Ok(())
    }

    fn send(&mut self, mut message: Message) -> Result<(), String> {
        let mut documents = Vec::new();
        match &mut message.body {
            Body::FetchResponse { after, entries, .. } if !entries.is_empty() => {
                let found = self
                    .log
                    .entries_after(*after, entries.len().min(FETCH_ENTRIES_MAX), FETCH_BYTES_MAX)
                    .map_err(|error| error.to_string())?;
                // The batch may be shorter than the core allowed: a prefix is as good.
                entries.truncate(found.len());
                documents = found.into_iter().map(|(_, document)| document).collect();
                #[cfg(feature = "planted-bugs")]
                crate::bugs::oplog_hole::leave(entries, &mut documents);
            }
            Body::CloneResponse { .. } => documents = self.fill_page(&mut message)?,
            Body::HeartbeatRequest { .. } => {
                let contact = self.contacts.entry(message.to).or_default();
                contact.sent = Some((std::time::Instant::now(), DateTime::now()));
            }
            _ => {}
        }
        let parcel = Parcel {
            message,
            entries: documents,
            host: self
                .state
                .my_config()
                .map_or_else(String::new, |me| me.host.clone()),
        };
        self.peers.send(parcel);
        Ok(())
    }

    fn set_timer(&mut self, timer: Timer) {
        let jitter = match timer {
            Timer::Election | Timer::PriorityTakeover(_) => self.jitter(),
            _ => 0,
        };
        let mut duration = self.timing.duration(timer, jitter).unwrap_or(match timer {
            Timer::StepDown => self.step_down_wait,
            _ => self.frozen_for,
        });
        if timer == Timer::Election && matches!(self.state.role, Role::Candidate { .. }) {
            duration = self.options.timing().retry(duration);
        }
        self.timers.set(timer, Instant::now() + duration);
    }

    fn complete(&mut self, id: protocol::input::RequestId, outcome: Outcome) {
        if self.proven(id, outcome) {
            return;
        }
        match self.pending.take(id) {
            Some(waiter) => {
                let body = self.outcome_body(waiter.body, &waiter.purpose, outcome);
                self.reply(waiter.reply, body);
            }
            // Completed before the shell had anything to answer with: it looks here before it lets anybody wait.
            None => self.completed = Some((id, outcome)),
        }
    }

    fn state_changed(&mut self, state: MemberState) {
        tracing::info!(
            state = state_name(state),
            term = self.state.term.0,
            "state changed"
        );
        if state != MemberState::Primary {
            self.elected = None;
        }
        if !state.is_readable() {
            self.cursors.close_all();
        }
        self.topology_changed();
    }

    /// Something that `hello` tells has changed.
    pub(super) fn topology_changed(&mut self) {
        self.topology.counter += 1;
        self.answer_hello_waiters(Instant::now(), true);
    }

    /// Finds this member in a configuration, off the event loop.
    fn resolve(&mut self, config: Arc<Config>) {
        if self.resolving {
            return;
        }
        self.resolving = true;
        let (events, process_id) = (self.events.clone(), self.topology.process_id);
        // Whoever was another member before is not this one now, also while it is out of reach: else whoever is removed
        // would not learn it before the last of the others is back.
        let me_before = self.state.my_config().map(|me| me.id);
        let others: Vec<String> = match me_before {
            Some(me) => {
                let rows = self.state.config.members.iter().filter(|member| member.id != me);
                rows.map(|member| member.host.clone()).collect()
            }
            None => Vec::new(),
        };
        tokio::task::spawn_local(async move {
            let mut me = None;
            let mut everybody_answered = true;
            for member in &config.members {
                match crate::replication::probe::identify(&member.host).await {
                    Ok(identity) if identity.process_id == process_id => {
                        me = Some(member.id);
                        break;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "looking for this member in a configuration");
                        everybody_answered &= others.contains(&member.host);
                    }
                }
            }
            let known = me.is_some() || everybody_answered;
            let _ = events.send(super::event::Event::Resolved { config, me, known });
        });
    }

    /// Keeps what status tells of another member.
    pub(super) fn note_contact(&mut self, message: &Message) {
        let contact = self.contacts.entry(message.from).or_default();
        match &message.body {
            Body::HeartbeatRequest { .. } => {
                contact.received = Some(DateTime::now());
            }
            Body::HeartbeatResponse { written, .. } => {
                contact.written = *written;
                contact.up_since.get_or_insert_with(std::time::Instant::now);
                if let Some((sent, _)) = contact.sent {
                    let now = i64::try_from(sent.elapsed().as_millis()).unwrap_or(i64::MAX);
                    contact.ping_ms = Some(contact.ping_ms.map_or(now, |old| (old * 4 + now) / 5));
                }
            }
            _ => {}
        }
    }
}

#[cfg(feature = "planted-bugs")]
fn is_update(document: &[u8]) -> bool {
    let entry = bson::RawDocument::from_bytes(document).ok();
    entry.and_then(|entry| entry.get_str("op").ok()) == Some("u")
}
