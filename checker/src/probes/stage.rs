//! The set that a probe speaks with: real members behind proxies, and the hands on them.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use bson::{Bson, Document, doc};
use tempfile::TempDir;

use super::{ground::Ground, wire};
use crate::{
    cluster::{
        error::ClusterError,
        network::NetworkBackend,
        rig::{PowerBackend, Rig, RigPlan, Seat},
        shim_layout::page::STRICT_NAMES_VARIABLE,
        suffer::{Ongoing, Sufferer},
    },
    nemesis::fault::{Fault, Link, Member},
    run::{error::RunError, start, tempo},
};

/// How long anything may take that has to happen, on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(45);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How long an election may take that is won.
const ELECTION: Duration = Duration::from_millis(400);
/// How long a member that has lost may catch up before it stands again.
const CATCHING_UP: Duration = Duration::from_secs(3);
/// Time-outs of the set unless the plan says otherwise: longer than a loaded machine may let a healthy member wait.
const ELECTION_TIMEOUT_MS: i64 = 2_000;
/// Between two looks.
const POLL: Duration = Duration::from_millis(10);
/// Where probes keep their documents.
pub const DATABASE: &str = "probe";

/// What a probe wants of its set.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many members.
    pub members: u8,
    /// Whether power can be lost.
    pub power: bool,
    /// Whether only a sync of their directory makes names durable.
    pub strict_names: bool,
    /// More words for each member's command line.
    pub arguments: Vec<&'static str>,
    /// More settings of the set.
    pub settings: Document,
}

/// Why a dialogue could not be held.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Processes or sockets.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Directories.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Files.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// Something that had to happen did not.
    #[error("still waiting for {what} after {} s", PATIENCE.as_secs())]
    Late {
        /// What.
        what: String,
    },
    /// A member said nothing.
    #[error("n{member} did not answer {command}")]
    Silent {
        /// Which.
        member: Member,
        /// What it was asked.
        command: String,
    },
    /// A member refused what it had to do.
    #[error("n{member} answered {answer}")]
    Refused {
        /// Which.
        member: Member,
        /// What it said.
        answer: Document,
    },
}

/// The set.
pub struct Stage {
    rig: Rig,
    sufferer: Sufferer,
    addresses: Vec<SocketAddr>,
    directory: TempDir,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            members: 3,
            power: false,
            strict_names: false,
            arguments: Vec::new(),
            settings: Document::new(),
        }
    }
}

impl Stage {
    /// A set of three.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn of_three(ground: &Ground) -> Result<Self, StageError> {
        Self::start(ground, Plan::default()).await
    }

    /// A founded set with a primary, all others secondaries.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(ground: &Ground, plan: Plan) -> Result<Self, StageError> {
        let directory = start::directory()?;
        let arguments = |seat: &Seat| arguments(seat, ground, &plan);
        let rig = Rig::start(&RigPlan {
            members: plan.members,
            spares: 0,
            program: &ground.node,
            other_program: None,
            shim: Some(&ground.shim),
            directory: directory.path(),
            arguments: &arguments,
            environment: environment(&plan),
            power: if plan.power {
                PowerBackend::UndoJournal
            } else {
                PowerBackend::None
            },
            network: NetworkBackend::default(),
            seed: 1,
        })?;
        let addresses = rig.seats().iter().map(|seat| seat.listen).collect();
        let stage = Self {
            rig,
            sufferer: Sufferer::new(Instant::now()),
            addresses,
            directory,
        };
        stage.found(plan.settings).await?;
        Ok(stage)
    }

    /// All members.
    pub fn members(&self) -> impl Iterator<Item = Member> + use<> {
        0..u8::try_from(self.addresses.len()).unwrap_or(u8::MAX)
    }

    /// All but these.
    pub fn others(&self, but: &[Member]) -> Vec<Member> {
        self.members().filter(|member| !but.contains(member)).collect()
    }

    /// Where a member lives.
    pub fn seat(&self, member: Member) -> &Seat {
        &self.rig.seats()[usize::from(member)]
    }

    /// A directory that goes with the set.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A member's answer, if it comes.
    pub async fn try_ask(&self, member: Member, database: &str, command: Document) -> Option<Document> {
        self.try_ask_for(member, database, command, ANSWER).await
    }

    /// The same within this time.
    pub async fn try_ask_for(
        &self,
        member: Member,
        database: &str,
        command: Document,
        patience: Duration,
    ) -> Option<Document> {
        wire::ask(self.addresses[usize::from(member)], database, &command, patience).await
    }

    /// A member's answer, whatever it says.
    ///
    /// # Errors
    /// When none comes.
    pub async fn ask(
        &self,
        member: Member,
        database: &str,
        command: Document,
    ) -> Result<Document, StageError> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let answer = self.try_ask(member, database, command).await;
        answer.ok_or(StageError::Silent {
            member,
            command: name,
        })
    }

    /// The answer of a member that has to do it.
    ///
    /// # Errors
    /// When it does not.
    pub async fn have(
        &self,
        member: Member,
        database: &str,
        command: Document,
    ) -> Result<Document, StageError> {
        let answer = self.ask(member, database, command).await?;
        if is_done(&answer) {
            Ok(answer)
        } else {
            Err(StageError::Refused { member, answer })
        }
    }

    /// Waits until `look` sees something.
    ///
    /// # Errors
    /// After [`PATIENCE`].
    pub async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Option<T>) -> Result<T, StageError> {
        let seen = within(PATIENCE, look).await;
        seen.ok_or_else(|| StageError::Late {
            what: what.to_owned(),
        })
    }

    /// The state that a member tells of itself, such as `SECONDARY`.
    pub async fn state_of(&self, member: Member) -> Option<String> {
        let status = self
            .try_ask(member, "admin", doc! { "replSetGetStatus": 1 })
            .await?;
        let own = own_row(&status)?;
        own.get_str("stateStr").ok().map(str::to_owned)
    }

    /// How often a member has become primary, by its own trace of its steps.
    pub fn reigns(&self, member: Member) -> usize {
        let trace = std::fs::read_to_string(self.seat(member).trace()).unwrap_or_default();
        trace.matches(r#"{"StateChanged":"Primary"}"#).count()
    }

    /// Whether a member takes writes.
    pub async fn leads(&self, member: Member) -> bool {
        let hello = self.try_ask(member, "admin", doc! { "hello": 1 }).await;
        hello.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
    }

    /// A member among these that takes writes.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn leader_among(&self, members: &[Member]) -> Result<Member, StageError> {
        self.until("a primary", async || {
            for member in members {
                if self.leads(*member).await {
                    return Some(*member);
                }
            }
            None
        })
        .await
    }

    /// The member that takes writes.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn leader(&self) -> Result<Member, StageError> {
        let all: Vec<Member> = self.members().collect();
        self.leader_among(&all).await
    }

    /// Asks a member to stand until it leads.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn elect(&self, member: Member) -> Result<(), StageError> {
        self.until("the election", async || {
            if self.stands_and_leads(member).await {
                return Some(());
            }
            // It may be behind, and each election ends the source from which it would catch up.
            tokio::time::sleep(CATCHING_UP).await;
            None
        })
        .await
    }

    /// Asks a member to stand, again and again for so long; whether it leads then.
    pub async fn elect_within(&self, member: Member, patience: Duration) -> bool {
        let won = within(patience, async || {
            self.stands_and_leads(member).await.then_some(())
        });
        won.await.is_some()
    }

    async fn stands_and_leads(&self, member: Member) -> bool {
        // Refused while it can't stand; the next time it can. Asked again at once it would begin anew each time.
        let _ = self.try_ask(member, "admin", doc! { "replSetStepUp": 1 }).await;
        let won = within(ELECTION, async || self.leads(member).await.then_some(()));
        won.await.is_some()
    }

    /// Inserts documents at a member, and waits for so many or a `majority`.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn insert(
        &self,
        member: Member,
        collection: &str,
        documents: Vec<Document>,
        w: impl Into<Bson>,
    ) -> Result<Document, StageError> {
        let command = doc! {
            "insert": collection, "documents": documents, "writeConcern": { "w": w.into(), "wtimeout": 10_000 },
        };
        self.have(member, DATABASE, command).await
    }

    /// The documents of a collection on one member, as that member has them now, by `_id`.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn find(
        &self,
        member: Member,
        collection: &str,
        filter: Document,
    ) -> Result<Vec<Document>, StageError> {
        let answer = self.have(member, DATABASE, find(collection, filter)).await?;
        Ok(first_batch(&answer))
    }

    /// Waits until these members are primary or secondary, and have the same newest entry and the same configuration.
    ///
    /// # Errors
    /// When they don't in time.
    pub async fn settled(&self, members: &[Member]) -> Result<(), StageError> {
        self.until("members that are equally far", async || {
            let mut seen = BTreeSet::new();
            for member in members {
                let status = self
                    .try_ask(*member, "admin", doc! { "replSetGetStatus": 1 })
                    .await?;
                matches!(status.get_i32("myState"), Ok(1 | 2)).then_some(())?;
                let optimes = status.get_document("optimes").ok()?;
                let own = own_row(&status)?;
                let configuration = [own.get("configTerm"), own.get("configVersion")];
                let applied = optimes.get_document("appliedOpTime").ok()?;
                seen.insert(format!("{applied} {configuration:?}"));
            }
            (seen.len() == 1).then_some(())
        })
        .await
    }

    /// Lets something happen to the members.
    ///
    /// # Errors
    /// When it can't be done.
    pub async fn strike(&mut self, fault: Fault) -> Result<Ongoing, StageError> {
        let ongoing = self.sufferer.apply(&mut self.rig, "probe", fault).await;
        if ongoing.record().applied_ns.is_none() {
            let what = ongoing.record().words.clone();
            return Err(StageError::Late { what });
        }
        Ok(ongoing)
    }

    /// Ends what has happened.
    pub async fn heal(&mut self, ongoing: Ongoing) {
        let _ = self.sufferer.heal(&mut self.rig, ongoing).await;
    }

    /// Cuts these members off from all others, both ways.
    ///
    /// # Errors
    /// When it can't be done.
    pub async fn cut_off(&mut self, members: &[Member]) -> Result<Ongoing, StageError> {
        let others = self.others(members);
        let both = |inside: &Member| {
            let inside = *inside;
            others
                .iter()
                .flat_map(move |outside| [(inside, *outside), (*outside, inside)])
        };
        let links: Vec<Link> = members.iter().flat_map(both).collect();
        let shape = format!("cut off {members:?}");
        self.strike(Fault::Partition { links, shape }).await
    }

    /// Lets what the others send to a member come at no more than so many bytes a second.
    ///
    /// # Errors
    /// When it can't be done.
    pub async fn slow_down(&mut self, member: Member, bytes_per_second: u64) -> Result<Ongoing, StageError> {
        let others = self.others(&[member]);
        let fault = Fault::SlowLinks {
            links: others.into_iter().map(|other| (other, member)).collect(),
            delay_ms: 0,
            jitter_ms: 0,
            bytes_per_second: Some(bytes_per_second),
        };
        self.strike(fault).await
    }

    /// Whether a member's process has ended by itself.
    pub fn has_ended(&mut self, member: Member) -> bool {
        self.rig.pid(member).is_none()
    }

    /// Waits until a member is back among the readable ones: what it does wrong instead, if it does not come.
    pub async fn is_lost(&mut self, member: Member) -> Option<String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.has_ended(member) {
                let log = std::fs::read_to_string(&self.seat(member).log).unwrap_or_default();
                let last = log.lines().last().unwrap_or_default().to_owned();
                return Some(format!("n{member} does not start again: {last}"));
            }
            match self.state_of(member).await.as_deref() {
                Some("PRIMARY" | "SECONDARY") => return None,
                Some("FATAL") => return Some(format!("n{member} gives up: it is FATAL")),
                _ => {}
            }
            tokio::time::sleep(POLL).await;
        }
        Some(format!(
            "n{member} does not come back within {} s",
            PATIENCE.as_secs()
        ))
    }

    async fn found(&self, more: Document) -> Result<(), StageError> {
        for member in self.members() {
            self.until("an answer", async || {
                self.try_ask(member, "admin", doc! { "ping": 1 }).await
            })
            .await?;
        }
        let row = |seat: &Seat| doc! { "_id": i32::from(seat.member), "host": seat.advertised.to_string() };
        let rows: Vec<Document> = self.rig.seats().iter().map(row).collect();
        let mut settings = doc! {
            "electionTimeoutMillis": ELECTION_TIMEOUT_MS,
            "heartbeatIntervalMillis": tempo::HEARTBEAT_INTERVAL_MS as i64,
            // A new primary waits for nobody who is cut off: else it leads when the old one has given up.
            "catchUpTimeoutMillis": 1_i64,
        };
        settings.extend(more);
        let config = doc! { "_id": start::SET, "members": rows, "settings": settings };
        // A starved machine lets a member answer too late for the quorum check: that is no answer to the probe's question.
        self.until("a set that can be initiated", async || {
            let command = doc! { "replSetInitiate": config.clone() };
            let answer = self.try_ask(0, "admin", command).await?;
            let is_initiated = answer
                .get_i32("code")
                .is_ok_and(|code| code == ALREADY_INITIALIZED);
            (is_initiated || is_done(&answer)).then_some(())
        })
        .await?;
        let all: Vec<Member> = self.members().collect();
        self.leader().await?;
        self.settled(&all).await
    }
}

/// Code of an answer to an initiation that has happened before: the answer to it was late.
const ALREADY_INITIALIZED: i32 = 23;

/// What a member's status says of itself.
fn own_row(status: &Document) -> Option<&Document> {
    let rows = status.get_array("members").ok()?;
    let mut rows = rows.iter().filter_map(Bson::as_document);
    rows.find(|row| row.get_bool("self").unwrap_or(false))
}

/// A read of one member, whatever it is, and of all that it has.
pub fn find(collection: &str, filter: Document) -> Document {
    doc! {
        "find": collection, "filter": filter, "sort": { "_id": 1 }, "batchSize": 100_000,
        "$readPreference": { "mode": "secondaryPreferred" },
    }
}

/// The documents of an answer's first batch.
pub fn first_batch(answer: &Document) -> Vec<Document> {
    let cursor = answer.get_document("cursor").ok();
    let batch = cursor.and_then(|cursor| cursor.get_array("firstBatch").ok());
    let documents = batch.into_iter().flatten().filter_map(Bson::as_document);
    documents.cloned().collect()
}

/// Whether an answer says that all was done as it was asked.
pub fn is_done(answer: &Document) -> bool {
    let ok = answer.get("ok").is_some_and(|ok| *ok == Bson::Double(1.0));
    ok && !answer.contains_key("writeErrors") && !answer.contains_key("writeConcernError")
}

/// What `look` sees within this time.
pub async fn within<T>(patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return Some(seen);
        }
        if began.elapsed() > patience {
            return None;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn environment(plan: &Plan) -> Vec<(OsString, OsString)> {
    let strict = plan
        .strict_names
        .then(|| (STRICT_NAMES_VARIABLE.into(), "1".into()));
    strict.into_iter().collect()
}

fn arguments(seat: &Seat, ground: &Ground, plan: &Plan) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "--port".into(),
        seat.listen.port().to_string().into(),
        "--dbpath".into(),
        seat.data.clone().into(),
        "--replSet".into(),
        start::SET.into(),
        "--bind_ip".into(),
        seat.listen.ip().to_string().into(),
        "--trace".into(),
        seat.trace().into(),
    ];
    arguments.extend(plan.arguments.iter().map(OsString::from));
    if let Some(bug) = &ground.bug {
        arguments.extend(["--planted-bug".into(), bug.into()]);
    }
    arguments
}
