//! One process under test: started, disturbed and reaped, each deed verified by what the kernel says.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use super::{
    error::ClusterError,
    launch::Launch,
    proc_state::{ProcState, cpu_ticks, state},
    spawner,
};

/// How long the kernel may take to do what a signal asks.
const SIGNAL_DEADLINE: Duration = Duration::from_secs(10);

/// Between two looks at `/proc`.
const POLL: Duration = Duration::from_millis(1);

/// A process in a group of its own. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct NodeProcess {
    launch: Launch,
    child: Option<Child>,
    last_exit: Option<ExitStatus>,
    starts: u32,
    stopped: Option<Stop>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its exit status, as reaped.
    pub status: ExitStatus,
    /// From the signal to the reaping.
    pub took: Duration,
}

/// A pause that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    /// From the moment all threads stood still to the signal that woke them.
    pub lasted: Duration,
    /// Processor time used meanwhile, in ticks of 10 ms: 0 or the pause was none.
    pub cpu_ticks: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    since: Instant,
    cpu_ticks: u64,
}

impl NodeProcess {
    /// Starts it. The returned process exists; whether it serves is for a client to find out.
    pub fn start(launch: Launch) -> Result<Self, ClusterError> {
        let mut process = Self {
            launch,
            child: None,
            last_exit: None,
            starts: 0,
            stopped: None,
        };
        process.restart()?;
        Ok(process)
    }

    /// Starts it again in the same way. It must not be running.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        if self.is_running() {
            return Err(ClusterError::NotRunning {
                what: "a start was asked for while it runs".to_owned(),
            });
        }
        self.starts += 1;
        let command = self.launch.command(self.starts)?;
        let child =
            spawner::spawn(command, self.launch.room.clone()).map_err(|source| ClusterError::Start {
                program: self.launch.program.clone(),
                source,
            })?;
        self.stopped = None;
        self.last_exit = None;
        self.child = Some(child);
        Ok(())
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<i32> {
        self.child.as_ref().map(|child| child.id() as i32)
    }

    /// How many times it was started.
    pub fn starts(&self) -> u32 {
        self.starts
    }

    /// How it is started: changes count from the next start on (another binary, other flags).
    pub fn launch_mut(&mut self) -> &mut Launch {
        &mut self.launch
    }

    /// Whether there is a process (paused ones count). Reaps one that has ended.
    pub fn is_running(&mut self) -> bool {
        self.reap();
        self.child.is_some()
    }

    /// Whether it was paused and not yet resumed.
    pub fn is_paused(&self) -> bool {
        self.stopped.is_some()
    }

    /// How it ended, if it did; a later start forgets it.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.reap();
        self.last_exit
    }

    /// kill -9 of the whole group; returns when it is reaped.
    pub async fn kill(&mut self) -> Result<Gone, ClusterError> {
        self.send_kill()?;
        self.killed().await
    }

    /// The first half of a kill: the signal.
    pub fn send_kill(&mut self) -> Result<(), ClusterError> {
        self.signal(Signal::SIGKILL).map(drop)
    }

    /// The second half of a kill: until it is reaped.
    pub async fn killed(&mut self) -> Result<Gone, ClusterError> {
        self.gone(Instant::now(), SIGNAL_DEADLINE).await
    }

    /// SIGTERM, and after `grace` SIGKILL; the status tells which of them it was.
    pub async fn terminate(&mut self, grace: Duration) -> Result<Gone, ClusterError> {
        if self.stopped.is_some() {
            self.resume().await?;
        }
        let asked = Instant::now();
        self.signal(Signal::SIGTERM)?;
        match self.gone(asked, grace).await {
            Err(ClusterError::Deadline { .. }) => {
                self.signal(Signal::SIGKILL)?;
                self.gone(asked, SIGNAL_DEADLINE).await
            }
            ended => ended,
        }
    }

    /// SIGSTOP; returns when every thread stands still.
    pub async fn pause(&mut self) -> Result<(), ClusterError> {
        let pid = self.signal(Signal::SIGSTOP)?;
        self.wait_for(pid, "stopped", |state| state == ProcState::Stopped)
            .await?;
        self.stopped = Some(Stop {
            since: Instant::now(),
            cpu_ticks: cpu_ticks(pid),
        });
        Ok(())
    }

    /// SIGCONT; returns when it runs again, with what the pause was.
    pub async fn resume(&mut self) -> Result<Paused, ClusterError> {
        let stop = self.stopped.take().ok_or_else(|| ClusterError::NotRunning {
            what: "nothing was paused".to_owned(),
        })?;
        let used = self.pid().map_or(0, cpu_ticks);
        let lasted = stop.since.elapsed();
        let pid = self.signal(Signal::SIGCONT)?;
        self.wait_for(pid, "running", |state| state != ProcState::Stopped)
            .await?;
        Ok(Paused {
            lasted,
            cpu_ticks: used.saturating_sub(stop.cpu_ticks),
        })
    }

    /// Waits until it has ended by itself, at most `deadline`.
    pub async fn wait(&mut self, deadline: Duration) -> Result<Gone, ClusterError> {
        self.gone(Instant::now(), deadline).await
    }

    fn reap(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Ok(Some(status)) = child.try_wait() {
            self.last_exit = Some(status);
            self.child = None;
            self.stopped = None;
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<i32, ClusterError> {
        self.reap();
        let pid = self.pid().ok_or_else(|| ClusterError::NotRunning {
            what: match self.last_exit {
                Some(status) => format!("it had ended by itself ({status})"),
                None => "it was not started".to_owned(),
            },
        })?;
        killpg(Pid::from_raw(pid), signal).map_err(|source| ClusterError::Signal { pid, source })?;
        Ok(pid)
    }

    async fn gone(&mut self, since: Instant, deadline: Duration) -> Result<Gone, ClusterError> {
        let pid = self.pid();
        loop {
            if let Some(status) = self.exit() {
                return Ok(Gone {
                    status,
                    took: since.elapsed(),
                });
            }
            let waited = since.elapsed();
            if waited > deadline {
                return Err(late(pid.unwrap_or_default(), "gone", waited));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn wait_for(
        &mut self,
        pid: i32,
        wanted: &'static str,
        reached: impl Fn(ProcState) -> bool,
    ) -> Result<(), ClusterError> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.exit() {
                return Err(ClusterError::NotRunning {
                    what: format!("it ended meanwhile ({status})"),
                });
            }
            if reached(state(pid)) {
                return Ok(());
            }
            if since.elapsed() > SIGNAL_DEADLINE {
                return Err(late(pid, wanted, since.elapsed()));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Gone {
    /// It was killed by SIGKILL, as asked, and had not ended otherwise.
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(Signal::SIGKILL as i32)
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.signal(Signal::SIGKILL);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

fn late(pid: i32, wanted: &'static str, waited: Duration) -> ClusterError {
    ClusterError::Deadline {
        pid,
        wanted,
        waited_ms: waited.as_millis() as u64,
        state: format!("{:?}", state(pid)),
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
pub(crate) mod tests;
