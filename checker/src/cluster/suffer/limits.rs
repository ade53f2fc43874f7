//! Limits of the running process: open files, memory.

use std::{
    fs, io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{io::AsyncWriteExt, time::timeout};

use super::effects::Effects;
use crate::{
    cluster::{error::ClusterError, rig::Rig},
    nemesis::fault::Member,
};

/// Connections opened beyond what the limit leaves: they wait in the kernel's queue, and prove that nobody is accepted.
const BEYOND: u32 = 4;
/// Size of the message that needs more memory than there is: of MongoDB's 48,000,000 bytes the most that a multiple of a
/// megabyte can be.
const MESSAGE_BYTES: usize = 40 * 1024 * 1024;
/// How long a connection and a message may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A limit in force.
#[derive(Debug)]
pub(super) struct Limited {
    member: Member,
    pid: i32,
    limit: Limit,
    before: Rlimit,
    effects: Effects,
    /// They take the files that were left.
    _held: Vec<TcpStream>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Files(u64),
    Memory,
}

impl Limited {
    /// It was felt by now.
    pub(super) fn has_struck(&self, rig: &mut Rig) -> bool {
        rig.pid(self.member) != Some(self.pid)
            || match self.limit {
                Limit::Files(most) => open_files(self.pid) >= most,
                Limit::Memory => self.effects.get("messages_refused") > 0,
            }
    }
}

/// No more than `spare` files can be opened, and connections take those.
pub(super) fn files(rig: &mut Rig, member: Member, spare: u32) -> Result<Limited, ClusterError> {
    let pid = running(rig, member)?;
    let most = open_files(pid) + u64::from(spare);
    let before = limit(pid, Resource::Nofile, most)?;
    rig.excuse(member);
    let listen = rig.seats()[usize::from(member)].listen;
    let held = (0..spare + BEYOND)
        .filter_map(|_| TcpStream::connect_timeout(&listen, PATIENCE).ok())
        .collect();
    Ok(Limited {
        member,
        pid,
        limit: Limit::Files(most),
        before,
        effects: Effects::default(),
        _held: held,
    })
}

/// No more than `spare_mb` megabytes can be had to write to, and a message comes that needs more. Address space that is only
/// reserved does not count: allocators keep a gigabyte of it.
pub(super) async fn memory(rig: &mut Rig, member: Member, spare_mb: u32) -> Result<Limited, ClusterError> {
    let pid = running(rig, member)?;
    let most = used_bytes(pid) + u64::from(spare_mb) * 1024 * 1024;
    let before = limit(pid, Resource::Data, most)?;
    rig.excuse(member);
    let mut effects = Effects::default();
    let listen = rig.seats()[usize::from(member)].listen;
    let sent = timeout(PATIENCE, send_large(listen)).await;
    effects.add("messages_refused", u64::from(!matches!(sent, Ok(Ok(())))));
    Ok(Limited {
        member,
        pid,
        limit: Limit::Memory,
        before,
        effects,
        _held: Vec::new(),
    })
}

/// Lifts the limit. A server that ended of it is started again.
pub(super) fn heal(rig: &mut Rig, limited: Limited) -> (Effects, Result<(), ClusterError>) {
    let struck = limited.has_struck(rig);
    let Limited {
        member,
        pid,
        limit,
        before,
        mut effects,
        _held,
    } = limited;
    drop(_held);
    rig.blame(member);
    effects.struck = struck;
    let alive = rig.pid(member) == Some(pid);
    effects.add("processes_gone", u64::from(!alive));
    if !alive {
        effects
            .remarks
            .push(format!("n{member} ended of it and was started again"));
        let running = rig.pid(member).is_some();
        return (effects, if running { Ok(()) } else { rig.restart(member) });
    }
    let resource = match limit {
        Limit::Files(most) => {
            effects.add("files_open", open_files(pid));
            effects.add("files_allowed", most);
            Resource::Nofile
        }
        Limit::Memory => {
            effects.add("memory_used_mb", used_bytes(pid) >> 20);
            Resource::Data
        }
    };
    (effects, set(pid, resource, before).map(drop))
}

fn running(rig: &mut Rig, member: Member) -> Result<i32, ClusterError> {
    rig.pid(member).ok_or_else(|| ClusterError::NotRunning {
        what: format!("n{member} is down already"),
    })
}

/// Lowers the soft limit only: what is lowered so may be raised again by anybody. Gives the limit before.
fn limit(pid: i32, resource: Resource, most: u64) -> Result<Rlimit, ClusterError> {
    // The kernel reads and writes in one call; the hard limit is asked for first, to be left as it is.
    let hard = hard_limit(pid, resource);
    let wanted = Rlimit {
        current: Some(most),
        maximum: hard,
    };
    set(pid, resource, wanted)
}

fn set(pid: i32, resource: Resource, limit: Rlimit) -> Result<Rlimit, ClusterError> {
    let failed = |source: io::Error| ClusterError::Limit { pid, source };
    let process = Pid::from_raw(pid).ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    prlimit(Some(process), resource, limit).map_err(|errno| failed(errno.into()))
}

/// The hard limit by `/proc/PID/limits`; nothing: unlimited.
fn hard_limit(pid: i32, resource: Resource) -> Option<u64> {
    let name = match resource {
        Resource::Nofile => "Max open files",
        _ => "Max data size",
    };
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn open_files(pid: i32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64)
}

/// Memory that it has to write to, in use or not.
fn used_bytes(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kilobytes: Option<u64> = line.and_then(|line| {
        line.split_whitespace()
            .next()
            .and_then(|count| count.parse().ok())
    });
    kilobytes.unwrap_or(0) * 1024
}

/// A large message that means nothing, whole: an error tells that the connection ended before.
async fn send_large(listen: SocketAddr) -> io::Result<()> {
    const OP_MSG: i32 = 2013;
    let mut stream = tokio::net::TcpStream::connect(listen).await?;
    let mut header = Vec::new();
    for word in [MESSAGE_BYTES as i32, 1, 0, OP_MSG] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    stream.write_all(&header).await?;
    let rest = vec![0; 1024 * 1024];
    let mut left = MESSAGE_BYTES - header.len();
    while left > 0 {
        let now = left.min(rest.len());
        stream.write_all(&rest[..now]).await?;
        left -= now;
    }
    stream.flush().await
}
