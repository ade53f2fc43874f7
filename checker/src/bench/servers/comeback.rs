//! How long a member of ours is away that was killed, and how long one that has to copy all data.

use std::{
    fs,
    net::TcpListener,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bson::{RawArrayBuf, rawdoc};
use tokio::time::sleep;

use super::ours::{OurClient, Ours};
use crate::cluster::playground::state_of;

/// Documents of one insert.
const BATCH: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(600);

/// What a member that comes back still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// What was on its disk when it was killed.
    Kept,
    /// Nothing: an initial sync.
    Gone,
}

impl Ours {
    /// Stores `documents` of about `bytes` bytes, until all members have them on disk.
    ///
    /// # Errors
    /// When they are not taken.
    pub async fn fill(&self, documents: usize, bytes: usize) -> anyhow::Result<()> {
        let mut client = OurClient::connect(self.primary().await?).await?;
        let value = "x".repeat(bytes);
        for first in (0..documents).step_by(BATCH) {
            let mut batch = RawArrayBuf::new();
            for number in first..documents.min(first + BATCH) {
                batch.push(rawdoc! { "_id": i64::try_from(number)?, "v": value.as_str() });
            }
            let command = rawdoc! {
                "insert": "filled",
                "documents": batch,
                "writeConcern": { "w": 3, "j": true },
                "$db": "bench",
            };
            let reply = client.ask(&command).await?;
            ensure!(
                reply.get_i32("n").is_ok_and(|count| count > 0),
                "refused: {reply:?}"
            );
        }
        Ok(())
    }

    /// Kills a secondary and starts it again; the time from its start until it says that it is a secondary again.
    ///
    /// # Errors
    /// When it is none after ten minutes, or has not all documents.
    pub async fn time_to_return(&mut self, data: Data, documents: usize) -> anyhow::Result<Duration> {
        let leader = self.primary().await?.pid;
        let away = self.set.members.iter().position(|member| member.pid != leader);
        let away = away.context("nobody but the primary")?;
        let member = &mut self.set.members[away];
        let pid = nix::unistd::Pid::from_raw(member.pid);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL)?;
        // Its first thread may be gone while others still hold the port.
        while member.runs() || TcpListener::bind(member.address()).is_err() {
            sleep(PAUSE).await;
        }
        if data == Data::Gone {
            fs::remove_dir_all(&member.data)?;
        }
        let started = Instant::now();
        member.restart(&self.program, &self.set.name)?;
        while state_of(member).await != "SECONDARY" {
            ensure!(started.elapsed() < PATIENCE, "no secondary after {PATIENCE:?}");
            ensure!(
                member.runs(),
                "it ended: {}",
                fs::read_to_string(&member.log).unwrap_or_default()
            );
            sleep(PAUSE).await;
        }
        let took = started.elapsed();
        let mut client = OurClient::connect(member).await?;
        let count = rawdoc! {
            "count": "filled", "$db": "bench", "$readPreference": { "mode": "secondary" },
        };
        let reply = client.ask(&count).await?;
        let found = reply.get_i32("n").unwrap_or(-1);
        ensure!(
            usize::try_from(found) == Ok(documents),
            "it has {found} of {documents} documents"
        );
        Ok(took)
    }
}
