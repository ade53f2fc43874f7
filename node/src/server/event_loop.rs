//! The event loop and what it owns.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bson::DateTime;
use bson::oid::ObjectId;
use protocol::config::{Config, MemberId};
use protocol::input::{Input, RequestId};
use protocol::member::{Rules, step};
use protocol::message::Body;
use protocol::optime::OpTime;
use protocol::output::{Outcome, ReadPoint, Refusal};
use protocol::state::State;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::clients::Clients;
use super::clone::Clone;
use super::cluster_time::ClusterTime;
use super::confirm::Confirmations;
use super::entry::Statement;
use super::event::{Event, ReplyTo};
use super::fail_point::FailPoints;
use super::inbox::Inbox;
use super::linearizable::Linearizable;
use super::pending::Pending;
use super::reading::Awaiting;
use super::recover::{recover_core, recover_own_id};
use super::session_reaper::Reaper;
use super::snapshots::Snapshots;
use super::start_error::StartError;
use super::timers::Timers;
use super::trace::Trace;
use crate::auth::key_file::Key;
use crate::commands::{CursorTable, LogicalSessions, Traffic, WriteOp};
use crate::options::Options;
use crate::peers::{Parcel, Peers};
use crate::replication::config_document;
use crate::replication::hello::TopologyVersion;
use crate::replication::status::Contact;
use crate::replication::sync_status::Tally;
use crate::replication::timing::Timing;
use crate::storage::lock::DataDirectoryLock;
use crate::storage::log::{Durability, Log, LogOptions};
use crate::storage::store::{Store, StoreError, StoreOptions};

/// Events worked off in one turn at most.
const TURN_EVENTS_MAX: usize = 512;
/// A turn takes no further event after this time: heartbeats must go out and come in, however busy the clients are.
const TURN_MAX: Duration = Duration::from_millis(20);
/// The least time between two hand-overs of committed data to the store: rare and large ones are cheapest.
const ABSORB_EVERY: Duration = Duration::from_millis(100);

/// Names of the durable records.
pub(super) mod record {
    pub(in super::super) const VOTE: &str = "vote";
    pub(in super::super) const CONFIG: &str = "config";
    pub(in super::super) const MEMBER: &str = "member";
    pub(in super::super) const ROLLBACK_ID: &str = "rollbackId";
    /// The port at which this member listened when it stored a configuration: a copy of its directory starts at another.
    pub(in super::super) const PORT: &str = "port";
    /// What this member calls itself in `local.me`; a copy of its directory is somebody else.
    pub(in super::super) const ME: &str = "me";
    pub(in super::super) const UNSYNCED: &str = "initialSync";
}

/// One member, running.
pub struct Server {
    pub(super) rules: Rules,
    pub(super) state: State,
    pub(super) log: Log,
    pub(super) store: Store,
    pub(super) durability: watch::Receiver<Durability>,
    pub(super) confirmations: Confirmations,
    pub(super) timers: Timers,
    pub(super) timing: Timing,
    pub(super) pending: Pending,
    pub(super) peers: Peers,
    pub(super) contacts: BTreeMap<MemberId, Contact>,
    pub(super) cursors: CursorTable,
    pub(super) sessions: LogicalSessions,
    pub(super) reaper: Reaper,
    /// Since when no member's oplog reaches back to this one's.
    pub(super) stale_since: Option<std::time::Instant>,
    pub(super) snapshots: Snapshots,
    pub(super) clients: Clients,
    pub(super) cluster_time: ClusterTime,
    pub(super) fail_points: FailPoints,
    pub(super) topology: TopologyVersion,
    pub(super) hello_waiters: Vec<HelloWaiter>,
    pub(super) awaiting: Vec<Awaiting>,
    pub(super) linearizable: Linearizable,
    pub(super) initiate_waiter: Option<ReplyTo>,
    /// This member is being looked for in a configuration that came by heartbeat.
    pub(super) resolving: bool,
    /// The statement that the core is asked about: written when it says `Append`.
    pub(super) planned: Option<Planned>,
    /// Documents that came with the batch that the core is asked about.
    pub(super) fetched: Vec<Arc<[u8]>>,
    /// Where the page begins that another member asks for.
    pub(super) clone_cursor: Vec<u8>,
    /// The clone under way: the oplog is not applied to the data as it comes.
    pub(super) cloning: Option<Clone>,
    /// What the last clone came to.
    pub(super) cloned: Option<Tally>,
    /// The rollback that the core asked for was not done.
    pub(super) rollback_too_large: bool,
    /// `_id` of `local.me`.
    pub(super) own_id: ObjectId,
    /// What clients have asked.
    pub(super) traffic: Traffic,
    /// What the core said of the request just given to it.
    pub(super) decision: Option<Result<ReadPoint, Refusal>>,
    /// The request that the core completed last without a waiter.
    pub(super) completed: Option<(RequestId, Outcome)>,
    pub(super) step_down_wait: Duration,
    pub(super) frozen_for: Duration,
    pub(super) elected: Option<(OpTime, DateTime)>,
    pub(super) started: std::time::Instant,
    absorbed: std::time::Instant,
    pub(super) dice: u64,
    pub(super) trace: Option<Trace>,
    pub(super) options: Options,
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) stopping: Option<String>,
    /// Why this member is FATAL.
    pub(super) given_up: Option<String>,
    /// What the planted bug Q06 applies too late.
    #[cfg(feature = "planted-bugs")]
    pub(super) held_back: Option<Arc<[u8]>>,
    _lock: DataDirectoryLock,
}

/// A statement's effects, before the core has named its entries.
pub(super) struct Planned {
    /// What is written, in order: one entry each.
    pub(super) writes: Vec<WriteOp>,
    /// If it is retryable: which statement of which write.
    pub(super) statement: Option<Statement>,
}

/// A `hello` that waits for a change.
pub(super) struct HelloWaiter {
    pub(super) reply: ReplyTo,
    pub(super) deadline: Instant,
    pub(super) asker: crate::replication::hello::Asker,
}

impl Server {
    /// Opens the data directory and brings back what it holds.
    ///
    /// `key`: what the members prove to each other that they hold.
    ///
    /// # Errors
    /// When the directory is taken, damaged, or of another set.
    pub fn open(
        options: Options,
        key: Option<Key>,
        rules: Rules,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, StartError> {
        let dbpath = options.dbpath();
        let lock = DataDirectoryLock::acquire(&dbpath)?;
        let log_options = LogOptions {
            cap_bytes: options.oplog_cap_bytes(),
            ..LogOptions::default()
        }
        .with_small_segments();
        let (mut log, recovered) = Log::open(&dbpath, log_options)?;
        if let Some(cut) = &recovered.cut {
            tracing::warn!(file = %cut.path.display(), offset = cut.offset, "unfinished write cut off at start");
        }
        let random = std::hash::RandomState::new().build_hasher().finish();
        let durable = recover_core(&recovered, &options, random)?;
        let own_id = recover_own_id(&recovered, &options, &mut log)?;
        let mut store = Store::open(&dbpath, StoreOptions::default())?;
        if durable.unsynced.is_some_and(|flag| !flag.whole) {
            tracing::warn!("initial sync was under way: half a clone is thrown away");
            store.wipe()?;
            log.begin_after(OpTime::NULL)?;
        } else if !log.covers(store.applied_through()) {
            return Err(StartError::Gap {
                applied: store.applied_through(),
                oldest: log.oldest(),
            });
        }
        let replayed = super::entry::replay(&mut log, &mut store)?;
        tracing::info!(entries = durable.oplog.len(), replayed, "data directory opened");
        let state = State::recover(durable.clone());
        let trace = match &options.trace {
            None => None,
            Some(path) => Some(Trace::begin(path, options.trace_limit_bytes(), &durable).map_err(
                |source| StartError::Trace {
                    path: path.clone(),
                    source,
                },
            )?),
        };
        let (lost, mut losses) = mpsc::unbounded_channel();
        let to_loop = events.clone();
        tokio::task::spawn_local(async move {
            while let Some(member) = losses.recv().await {
                if to_loop.send(Event::PeerLost(member)).is_err() {
                    return;
                }
            }
        });
        let set_name = options.set_name().unwrap_or_default().to_owned();
        Ok(Self {
            rules,
            durability: log.durability(),
            log,
            store,
            confirmations: Confirmations::default(),
            timers: Timers::default(),
            timing: Timing::from_settings(&config_document::settings(&state.config)),
            pending: Pending::default(),
            peers: Peers::new(set_name, key, lost),
            contacts: BTreeMap::new(),
            cursors: CursorTable::default(),
            sessions: LogicalSessions::new(options.parameter("maxSessions")),
            reaper: Reaper::default(),
            stale_since: None,
            snapshots: Snapshots::default(),
            clients: Clients::default(),
            cluster_time: ClusterTime::default(),
            fail_points: FailPoints::default(),
            topology: TopologyVersion {
                process_id: ObjectId::new(),
                counter: 0,
            },
            hello_waiters: Vec::new(),
            awaiting: Vec::new(),
            linearizable: Linearizable::default(),
            initiate_waiter: None,
            resolving: false,
            planned: None,
            fetched: Vec::new(),
            clone_cursor: Vec::new(),
            cloning: None,
            cloned: None,
            rollback_too_large: false,
            own_id,
            traffic: Traffic::default(),
            decision: None,
            completed: None,
            step_down_wait: Duration::from_secs(10),
            frozen_for: Duration::from_secs(60),
            elected: None,
            started: std::time::Instant::now(),
            absorbed: std::time::Instant::now(),
            dice: random | 1,
            trace,
            options,
            events,
            stopping: None,
            given_up: None,
            #[cfg(feature = "planted-bugs")]
            held_back: None,
            state,
            _lock: lock,
        })
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// In words, when the member can't go on: the disk failed, or the core said so.
    pub async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) -> Result<(), String> {
        let config = Arc::clone(&self.state.config);
        self.follow_config(&config, self.state.my_config().map(|me| me.id));
        if self.state.config.is_none() && self.options.set_name().is_some() {
            tracing::info!("replSet {}", super::admin::EMPTYCONFIG);
        }
        self.feed(&Input::Start);
        let mut batch = Vec::new();
        let mut inbox = Inbox::default();
        let mut turn = Instant::now();
        loop {
            self.end_turn()?;
            if let Some(reason) = self.stopping.take() {
                return self.stop(&reason);
            }
            let deadline = self.next_deadline();
            if !inbox.is_empty() || turn.elapsed() > TURN_MAX {
                // The sockets are read meanwhile. Once to hear of them, once more for their tasks to read.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                inbox.fill(&mut events, TURN_EVENTS_MAX);
                turn = Instant::now();
                self.work(&mut inbox)?;
                continue;
            }
            tokio::select! {
                biased;
                count = events.recv_many(&mut batch, TURN_EVENTS_MAX) => {
                    if count == 0 {
                        return self.stop("all connections are gone");
                    }
                }
                changed = self.durability.changed() => {
                    if changed.is_err() {
                        return Err("the oplog's writer is gone".to_owned());
                    }
                }
                () = tokio::time::sleep_until(deadline) => {}
            }
            turn = Instant::now();
            batch.drain(..).for_each(|event| inbox.push(event));
            self.work(&mut inbox)?;
        }
    }

    /// One turn: what is durable, what members have said, whose time is over, and clients for as long as a turn may last.
    ///
    /// A timer is late news when the member itself was busy: it fires after what has come until then was heard. Else
    /// 1. a secondary works for a second on what it fetched; the primary's heartbeats wait in its sockets;
    /// 2. its election timer is due before it has read them, and it stands against a primary that is well.
    fn work(&mut self, inbox: &mut Inbox) -> Result<(), String> {
        let begun = Instant::now();
        self.confirm_durable()?;
        while let Some(event) = inbox.next_urgent() {
            self.handle(event);
        }
        self.fire_due(begun);
        while begun.elapsed() < TURN_MAX
            && let Some(event) = inbox.next()
        {
            self.handle(event);
        }
        Ok(())
    }

    fn end_turn(&mut self) -> Result<(), String> {
        self.read_all();
        if self.given_up.is_some() {
            return Ok(());
        }
        if !self.awaiting.is_empty() {
            self.go_on_awaiting();
        }
        if std::mem::take(&mut self.rollback_too_large) {
            self.feed(&Input::RollbackTooLarge);
        }
        // Before fetches are answered: the core must not promise what the log has just dropped.
        if self.log.base() > self.state.oplog.base() {
            self.feed(&Input::Capped(self.log.base()));
        }
        self.go_on_applying()?;
        self.feed(&Input::TurnEnd);
        self.log.submit();
        self.store.settle_some().map_err(|error| error.to_string())?;
        if self.absorbed.elapsed() >= ABSORB_EVERY {
            self.absorb().map_err(|error| error.to_string())?;
        }
        if let Some(trace) = &mut self.trace {
            trace
                .flush()
                .map_err(|error| format!("the trace can't be written: {error}"))?;
        }
        Ok(())
    }

    /// Hands committed data to the store, and lets the oplog's cap drop what the store holds.
    fn absorb(&mut self) -> Result<(), StoreError> {
        self.absorbed = std::time::Instant::now();
        #[cfg(feature = "planted-bugs")]
        self.give_up_holding_back();
        // Never more than is on disk here: else the store could hold an entry that the log has lost.
        let committed = self.state.commit_point.min(self.state.durable);
        let kept = self.snapshots.floor(self.store.overlay_bytes(), self.absorbed);
        self.store
            .absorb(kept.map_or(committed, |kept| kept.min(committed)))?;
        self.log.set_floor(self.store.applied_through());
        Ok(())
    }

    fn stop(mut self, reason: &str) -> Result<(), String> {
        tracing::info!(reason, "shutting down");
        self.log.submit();
        Ok(())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Request {
                request,
                connection,
                reply,
            } => self.request(request, connection, reply),
            Event::Opened { connection, is_local } => self.clients.opened(connection, is_local),
            Event::Closed(connection) => self.clients.closed(connection),
            Event::HeldUp {
                request,
                connection,
                reply,
                failure,
            } => self.fail(request, connection, reply, *failure),
            Event::GoOn(paused) => self.go_on(paused),
            Event::Peer(parcel) => self.hear(parcel),
            Event::PeerLost(member) => self.feed(&Input::Disconnected(member)),
            Event::Resolved { config, me, known } => {
                self.resolving = false;
                if known {
                    self.feed(&Input::ConfigResolved { me, config });
                }
            }
            Event::Initiate { config, me, reply } => {
                self.initiate_waiter = Some(reply);
                self.feed(&Input::Initiate { me, config });
            }
            Event::Reconfig(proposed) => self.reconfigure(proposed),
            Event::Answer { reply, body } => {
                let _ = reply.send(body);
            }
            Event::Stop => self.stopping = Some("asked to stop".to_owned()),
        }
    }

    fn hear(&mut self, mut parcel: Parcel) {
        self.recognize(&mut parcel);
        self.note_contact(&parcel.message);
        if matches!(parcel.message.body, Body::FetchResponse { .. }) && self.fail_points.strikes_fetching() {
            return;
        }
        self.fetched = parcel.entries;
        if let Body::CloneRequest { cursor, .. } = &parcel.message.body {
            self.clone_cursor.clone_from(cursor);
        }
        self.feed(&Input::Message(parcel.message));
        self.fetched.clear();
    }

    /// An id is a member's name only together with its host: whoever was removed and does not know it may bear one
    /// that is another's now. For the core it is a stranger then, by an id that nobody has.
    fn recognize(&mut self, parcel: &mut Parcel) {
        let (config, from) = (&self.state.config, parcel.message.from);
        let known = config.member(from);
        if parcel.host.is_empty() || known.is_some_and(|member| member.host == parcel.host) {
            return;
        }
        let mut id = from;
        if known.is_some() || from == self.state.me {
            let taken = |id: &MemberId| config.position(*id).is_some() || *id == self.state.me;
            let Some(free) = (0..=u8::MAX).rev().map(MemberId).find(|id| !taken(id)) else {
                return;
            };
            id = free;
        }
        parcel.message.from = id;
        self.peers.meet(id, &parcel.host);
    }

    /// Lets one input happen to the core and does what it asks.
    pub(super) fn feed(&mut self, input: &Input) {
        if self.given_up.is_some() {
            return self.feed_fatal(input);
        }
        let wall_secs = self.cluster_time.naming_secs(self.own_time(), wall_secs());
        let mut outputs = Vec::new();
        let fired = step(&self.rules, &mut self.state, wall_secs, input, &mut outputs);
        if let Some(trace) = &mut self.trace
            && !(fired.is_none() && matches!(input, Input::TurnEnd))
            && let Err(error) = trace.step(wall_secs, input, fired, &outputs)
        {
            self.stopping = Some(format!("the trace can't be written: {error}"));
        }
        for output in outputs {
            if self.given_up.is_some() {
                return;
            }
            self.obey(output);
        }
    }

    fn fire_due(&mut self, now: Instant) {
        while let Some(timer) = self.timers.take_due(now) {
            self.feed(&Input::Timer(timer));
        }
        while let Some(id) = self.pending.take_due(now) {
            if !self.give_up_read(id) {
                self.feed(&Input::Abandon(id));
            }
        }
        self.answer_hello_waiters(now, false);
        self.cursors.expire(now.into_std());
        for session in self.sessions.expire(now.into_std()) {
            self.cursors.close_of(&session);
        }
        self.reap_sessions(now.into_std());
        self.resync_if_stale(now.into_std());
    }

    fn next_deadline(&self) -> Instant {
        let hello = self.hello_waiters.iter().map(|waiter| waiter.deadline).min();
        let awaiting = self.awaiting.iter().map(|wait| wait.until).min();
        let gathering = self.linearizable.gathers_until();
        let deadlines = [
            self.timers.next(),
            self.pending.next_deadline(),
            hello,
            awaiting,
            gathering,
        ];
        if self.cloning.as_ref().is_some_and(|clone| clone.stop.is_some()) {
            return Instant::now();
        }
        let far = Instant::now() + Duration::from_secs(1);
        deadlines.into_iter().flatten().min().unwrap_or(far).min(far)
    }

    /// A configuration has come into force.
    pub(super) fn config_in_force(&mut self) {
        self.topology_changed();
        let version = self.state.config.id.version;
        tracing::info!(version, me = self.state.me.0, "configuration in force");
        let votes = self.state.config.voters();
        if votes.is_multiple_of(2) {
            tracing::warn!(
                votes,
                "an even number of votes: a tie elects nobody, and one more vote would survive one more failure; add a \
                 member or an arbiter"
            );
        }
        if let Some(reply) = self.initiate_waiter.take() {
            self.reply(reply, bson::doc! { "info": super::admin::INITIATED, "ok": 1.0 });
        }
    }

    /// Links and timing follow the configuration.
    pub(super) fn follow_config(&mut self, config: &Config, me: Option<MemberId>) {
        self.timing = Timing::from_settings(&config_document::settings(config));
        if let Some(me) = me {
            self.peers.follow(config, me);
        }
    }

    /// A fresh number from 0 to 1000 (xorshift): only spreads elections, decides nothing.
    pub(super) fn jitter(&mut self) -> u32 {
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(&crate::bugs::no_jitter::BUG) {
            return 0;
        }
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        u32::try_from(self.dice % 1001).unwrap_or(0)
    }
}

/// The wall clock, in seconds since 1970; a clock before 1970 counts as its first second.
pub(super) fn wall_secs() -> u32 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
