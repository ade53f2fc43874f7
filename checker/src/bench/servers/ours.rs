//! A set of ours: three members with their defaults, written to through the primary by plain wire messages.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::ensure;
use bson::{Binary, Document, RawDocument, RawDocumentBuf, doc, rawdoc, spec::BinarySubtype};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use super::{client::Client, process::Silenced};
use crate::cluster::playground::{PlayMember, PlayPlan, PlaySet, initiate, primary, state_of};

const MEMBERS: u8 = 3;
const OP_MSG: i32 = 2013;
/// Header, flags, kind of the only section.
const BODY_AT: usize = 21;
const REPLY_BYTES_MAX: usize = 48_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A running set; stopped when dropped.
pub struct Ours {
    pub(super) set: PlaySet,
    pub(super) program: PathBuf,
    directory: PathBuf,
}

/// One client with a connection of its own. A reply is one read of the socket.
pub struct OurClient(BufReader<TcpStream>);

impl Ours {
    /// Starts it in `directory` and waits for a primary.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.join("set");
        let set = PlaySet::start(&PlayPlan {
            name: "bench".to_owned(),
            members: MEMBERS,
            arbiters: 0,
            port: 0,
            directory: directory.clone(),
            program: program.to_owned(),
            arguments: Vec::new(),
        })?;
        let started = Self {
            set,
            program: program.to_owned(),
            directory,
        };
        initiate(&started.set).await?;
        Ok(started)
    }

    /// Clients at the primary.
    ///
    /// # Errors
    /// When it does not let them in.
    pub async fn clients(&self, count: usize) -> anyhow::Result<Vec<OurClient>> {
        let primary = self.primary().await?;
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(OurClient::connect(primary).await?);
        }
        Ok(clients)
    }

    /// The members' processes.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        self.set.members.iter().map(|member| member.pid).collect()
    }

    /// Kills the primary; clients of the others.
    ///
    /// # Errors
    /// When there is none, or the others let nobody in.
    pub async fn kill_leader(&mut self) -> anyhow::Result<(Vec<OurClient>, Instant)> {
        let primary = self.primary().await?;
        let others = self.clients_beside(primary).await?;
        let pid = nix::unistd::Pid::from_raw(primary.pid);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL)?;
        Ok((others, Instant::now()))
    }

    /// Stops the primary's process without a word, as a cable would: its connections stay open. Clients of the others.
    ///
    /// # Errors
    /// When there is none, or the others let nobody in.
    pub async fn silence_leader(&mut self) -> anyhow::Result<(Vec<OurClient>, Instant, Silenced)> {
        let primary = self.primary().await?;
        let others = self.clients_beside(primary).await?;
        let silenced = Silenced::stop(primary.pid)?;
        Ok((others, Instant::now(), silenced))
    }

    async fn clients_beside(&self, primary: &PlayMember) -> anyhow::Result<Vec<OurClient>> {
        let mut others = Vec::new();
        for member in self.set.members.iter().filter(|member| member.pid != primary.pid) {
            others.push(OurClient::connect(member).await?);
        }
        Ok(others)
    }

    /// Sets how long members wait for a primary's sign of life, heartbeats ten times as often.
    ///
    /// # Errors
    /// When the primary refuses.
    pub async fn set_election_timeout(&self, timeout: Duration) -> anyhow::Result<()> {
        let mut client = OurClient::connect(self.primary().await?).await?;
        let told = client
            .ask(&rawdoc! { "replSetGetConfig": 1, "$db": "admin" })
            .await?;
        let mut config: Document = Document::try_from(told.get_document("config")?)?;
        let millis = i64::try_from(timeout.as_millis())?;
        let version = config
            .get_i32("version")
            .map(i64::from)
            .or_else(|_| config.get_i64("version"))?;
        config.insert("version", version + 1);
        let settings = config
            .entry("settings".to_owned())
            .or_insert_with(|| Document::new().into());
        if let Some(settings) = settings.as_document_mut() {
            settings.insert("electionTimeoutMillis", millis);
            settings.insert("heartbeatIntervalMillis", (millis / 10).max(1));
        }
        let command = RawDocumentBuf::try_from(&doc! { "replSetReconfig": config, "$db": "admin" })?;
        let reply = client.ask(&command).await?;
        ensure!(
            reply.get_f64("ok").is_ok_and(|ok| ok == 1.0),
            "refused: {reply:?}"
        );
        Ok(())
    }

    pub(super) async fn primary(&self) -> anyhow::Result<&PlayMember> {
        let since = Instant::now();
        loop {
            if let Some(primary) = primary(&self.set).await {
                return Ok(primary);
            }
            let mut states = Vec::new();
            for member in &self.set.members {
                states.push(state_of(member).await);
            }
            ensure!(
                since.elapsed() < PATIENCE,
                "no primary after {PATIENCE:?}: {states:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Err(error) = self.set.stop(&self.directory, false) {
            tracing::warn!(%error, "the set of the bench is not gone");
        }
    }
}

impl OurClient {
    pub(super) async fn connect(member: &PlayMember) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(member.address()).await?;
        socket.set_nodelay(true)?;
        Ok(Self(BufReader::new(socket)))
    }

    /// One command, one reply.
    pub(super) async fn ask(&mut self, command: &RawDocument) -> anyhow::Result<RawDocumentBuf> {
        self.ask_with(command, None).await
    }

    /// One command with a document sequence beside it, as drivers send documents.
    async fn ask_with(
        &mut self,
        command: &RawDocument,
        sequence: Option<(&str, &RawDocument)>,
    ) -> anyhow::Result<RawDocumentBuf> {
        let mut message = Vec::new();
        for word in [0, 1, 0, OP_MSG, 0] {
            message.extend_from_slice(&word.to_le_bytes());
        }
        message.push(0);
        message.extend_from_slice(command.as_bytes());
        if let Some((name, document)) = sequence {
            message.push(1);
            let length = 4 + name.len() + 1 + document.as_bytes().len();
            message.extend_from_slice(&i32::try_from(length)?.to_le_bytes());
            message.extend_from_slice(name.as_bytes());
            message.push(0);
            message.extend_from_slice(document.as_bytes());
        }
        let length = i32::try_from(message.len())?;
        message[..4].copy_from_slice(&length.to_le_bytes());
        self.0.write_all(&message).await?;
        let mut head = [0_u8; 4];
        self.0.read_exact(&mut head).await?;
        let length = usize::try_from(i32::from_le_bytes(head))?;
        ensure!(
            (BODY_AT..REPLY_BYTES_MAX).contains(&length),
            "a reply of {length} bytes"
        );
        let mut rest = vec![0; length - head.len()];
        self.0.read_exact(&mut rest).await?;
        rest.drain(..BODY_AT - head.len());
        Ok(RawDocumentBuf::from_bytes(rest)?)
    }
}

impl Client for OurClient {
    const TRY: Duration = PATIENCE;

    async fn put(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        let value = Binary {
            subtype: BinarySubtype::Generic,
            bytes: value.to_vec(),
        };
        let command = rawdoc! {
            "insert": "puts",
            "writeConcern": { "w": "majority", "j": true },
            "$db": "bench",
        };
        let document = rawdoc! { "_id": key, "v": value };
        let reply = self.ask_with(&command, Some(("documents", &document))).await?;
        let is_done =
            reply.get_i32("n").is_ok_and(|count| count == 1) && reply.get("writeConcernError")?.is_none();
        ensure!(is_done, "refused: {reply:?}");
        Ok(())
    }

    async fn get(&mut self, key: &str) -> anyhow::Result<()> {
        let command = rawdoc! {
            "find": "puts",
            "filter": { "_id": key },
            "limit": 1,
            "singleBatch": true,
            "readConcern": { "level": "linearizable" },
            "$db": "bench",
        };
        let reply = self.ask(&command).await?;
        let batch = reply
            .get_document("cursor")
            .and_then(|cursor| cursor.get_array("firstBatch"));
        let is_found = batch.is_ok_and(|batch| batch.into_iter().count() == 1);
        ensure!(is_found, "{key} is not there: {reply:?}");
        Ok(())
    }
}
