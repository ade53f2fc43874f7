//! A fault as data: the powers that both worlds know how to suffer.
//!
//! A fault is *applied*, lasts, and is *healed*; how long it lasts is its schedule's affair. Members are
//! named by number, so that a recorded fault can be played again without knowing who was primary.
#![expect(
    missing_docs,
    reason = "fields of a variant are told in the variant's own sentence"
)]

use serde::{Deserialize, Serialize};

use super::{
    client_deed::{ClientDeed, ClientWay},
    row_change::RowChange,
};

/// A member by its index in the cluster, from 0.
pub type Member = u8;

/// A directed link: what `.0` sends to `.1`.
pub type Link = (Member, Member);

/// One disturbance. Each power is suffered by the live cluster and, where it has a meaning there, by the
/// simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// SIGKILL, then restart at the end of the fault.
    Kill { members: Vec<Member> },
    /// SIGTERM (a polite stop; SIGKILL if it is not heeded in time), then restart at the end of the fault.
    Terminate { members: Vec<Member> },
    /// SIGSTOP, then SIGCONT at the end of the fault.
    Pause { members: Vec<Member> },
    /// A slow machine: in turns `run_ms` of running and `stop_ms` of SIGSTOP.
    Throttle {
        members: Vec<Member>,
        run_ms: u64,
        stop_ms: u64,
    },
    /// These directed links (from, to) carry nothing; what was under way is lost with its connection.
    Partition { links: Vec<Link>, shape: String },
    /// These directed links hold back everything and deliver it, late and in order, at the end of the fault.
    Jam { links: Vec<Link>, shape: String },
    /// These directed links deliver after `delay_ms` and up to `jitter_ms` more, at no more than
    /// `bytes_per_second` where that is given.
    SlowLinks {
        links: Vec<Link>,
        delay_ms: u64,
        jitter_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes_per_second: Option<u64>,
    },
    /// All open connections that carry these directed links are reset once.
    ResetConnections { links: Vec<Link> },
    /// Wall clock of the member jumps by `offset_ms` (negative: back).
    ClockJump { member: Member, offset_ms: i64 },
    /// Wall clock of the member alternates between 0 and `offset_ms` every `period_ms`.
    ClockStrobe {
        member: Member,
        offset_ms: i64,
        period_ms: u64,
    },
    /// Wall and monotonic clock of the member run at `rate_permille`/1000 of real speed.
    ClockDrift { member: Member, rate_permille: u32 },
    /// The machines lose power together: the processes die and every write that was not fsynced is gone,
    /// save that each of its 512-byte sectors had reached the disk with probability `keep_permille`/1000,
    /// drawn from `seed`. Restart at the end of the fault.
    PowerLoss {
        members: Vec<Member>,
        keep_permille: u32,
        seed: u64,
    },
    /// The named disk operation of the member fails with `error`, each call with probability
    /// `permille`/1000.
    DiskError {
        member: Member,
        operation: DiskOperation,
        error: DiskError,
        permille: u32,
    },
    /// The named disk operation of the member takes `delay_ms` longer.
    DiskSlow {
        member: Member,
        operation: DiskOperation,
        delay_ms: u64,
    },
    /// The disks of the members answer "done" to fsync without keeping the promise; at the end of the fault
    /// the members lose power together, and the lie comes out. This is a sabotage of the machines, no correct
    /// server can survive it on a majority, so it serves as a canary of the checks.
    DiskLies { members: Vec<Member> },
    /// The member's process is killed at the start of its `count`-th fsync from now. Restart at the end.
    CrashAtSync { member: Member, count: u64 },
    /// The member goes down and one data file, drawn from `seed`, has its last `bytes` cut off. Restart at
    /// the end of the fault.
    TruncateFile { member: Member, bytes: u64, seed: u64 },
    /// The member goes down and `flips` bits of its data files, drawn from `seed`, are turned over. Restart
    /// at the end of the fault.
    BitRot { member: Member, flips: u32, seed: u64 },
    /// `replSetStepDown`: the member gives its primary-ship away and does not stand for `seconds`.
    StepDown { member: Member, seconds: u64 },
    /// `replSetStepUp`: the member stands for election at once.
    StepUp { member: Member },
    /// `replSetFreeze`: the member does not stand for election for `seconds`, or until the fault ends.
    Freeze { member: Member, seconds: u64 },
    /// The `shutdown` command, then restart at the end of the fault.
    ShutDown { members: Vec<Member> },
    /// The member's machine is lost: its process is killed and its data directory emptied. At the end of the fault
    /// an empty one takes its place, and copies the set's data.
    WipeData { member: Member },
    /// The `resync` command: the running member throws its data away and copies the set's anew.
    Resync { member: Member },
    /// `replSetReconfig` of the member's row, waiting up to `wait_ms` for the new configuration to be committed. At
    /// the end of the fault the row is put back.
    Reconfigure {
        member: Member,
        change: RowChange,
        wait_ms: u64,
    },
    /// A machine that was no member becomes one, and copies the set's data; the reconfiguration is waited for up to
    /// `wait_ms`. At the end of the fault it is removed again, and its machine emptied.
    Enroll { member: Member, wait_ms: u64 },
    /// SIGTERM; at the end of the fault the other of the run's two server binaries is started in its place (the same
    /// one again where a run has only one).
    SwapBinary { members: Vec<Member> },
    /// What clients and these members send each other is disturbed; members hear each other as before.
    ClientLinks {
        members: Vec<Member>,
        way: ClientWay,
        deed: ClientDeed,
    },
    /// Open connections that carry these directed links are forgotten by the receiving machine, and the sender is not
    /// told: what it sends is swallowed until the end of the fault, when its end is reset. New connections work.
    HalfOpen { links: Vec<Link>, shape: String },
    /// One bit of a chunk turns over on these directed links, in each with probability `permille`/1000.
    CorruptLinks { links: Vec<Link>, permille: u32 },
    /// Chunks on these directed links are lost with probability `permille`/1000 and come when TCP has sent them again:
    /// 200 ms later, twice that when they are lost again, and so on; all that follows waits behind them.
    LossyLinks { links: Vec<Link>, permille: u32 },
    /// Packets on these directed links come twice with probability `permille`/1000. Packet networks only.
    DuplicateLinks { links: Vec<Link>, permille: u32 },
    /// Packets on these directed links are overtaken by later ones with probability `permille`/1000. Packet networks
    /// only.
    ReorderLinks { links: Vec<Link>, permille: u32 },
    /// The running process may open `spare` more files than it has open, and so many are taken from it at once by
    /// connections that say nothing.
    FileLimit { member: Member, spare: u32 },
    /// The running process may use `spare_mb` more memory than it does, and is sent a message that needs more.
    MemoryLimit { member: Member, spare_mb: u32 },
    /// An operator's bulk load: so many megabytes of writes, which push older entries out of a small oplog. A few
    /// megabytes of documents remain.
    FillOplog { megabytes: u32 },
}

/// Which calls a disk fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskOperation {
    Write,
    Sync,
    Read,
    Open,
}

/// How a disk operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskError {
    /// EIO.
    InputOutput,
    /// ENOSPC: the disk is full.
    NoSpace,
}

impl Fault {
    /// The power's name, the same as `kind` in a stored fault.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Kill { .. } => "kill",
            Fault::Terminate { .. } => "terminate",
            Fault::Pause { .. } => "pause",
            Fault::Throttle { .. } => "throttle",
            Fault::Partition { .. } => "partition",
            Fault::Jam { .. } => "jam",
            Fault::SlowLinks { .. } => "slow-links",
            Fault::ResetConnections { .. } => "reset-connections",
            Fault::ClockJump { .. } => "clock-jump",
            Fault::ClockStrobe { .. } => "clock-strobe",
            Fault::ClockDrift { .. } => "clock-drift",
            Fault::PowerLoss { .. } => "power-loss",
            Fault::DiskError { .. } => "disk-error",
            Fault::DiskSlow { .. } => "disk-slow",
            Fault::DiskLies { .. } => "disk-lies",
            Fault::CrashAtSync { .. } => "crash-at-sync",
            Fault::TruncateFile { .. } => "truncate-file",
            Fault::BitRot { .. } => "bit-rot",
            Fault::StepDown { .. } => "step-down",
            Fault::StepUp { .. } => "step-up",
            Fault::Freeze { .. } => "freeze",
            Fault::ShutDown { .. } => "shut-down",
            Fault::WipeData { .. } => "wipe-data",
            Fault::Resync { .. } => "resync",
            Fault::Reconfigure { .. } => "reconfigure",
            Fault::Enroll { .. } => "enroll",
            Fault::SwapBinary { .. } => "swap-binary",
            Fault::FillOplog { .. } => "fill-oplog",
            Fault::ClientLinks { .. } => "client-links",
            Fault::HalfOpen { .. } => "half-open",
            Fault::CorruptLinks { .. } => "corrupt-links",
            Fault::LossyLinks { .. } => "lossy-links",
            Fault::DuplicateLinks { .. } => "duplicate-links",
            Fault::ReorderLinks { .. } => "reorder-links",
            Fault::FileLimit { .. } => "file-limit",
            Fault::MemoryLimit { .. } => "memory-limit",
        }
    }

    /// The members it strikes, each once, ascending; of a link, both ends.
    pub fn members(&self) -> Vec<Member> {
        let mut members: Vec<Member> = match self {
            Fault::Kill { members }
            | Fault::Terminate { members }
            | Fault::Pause { members }
            | Fault::Throttle { members, .. }
            | Fault::PowerLoss { members, .. }
            | Fault::ShutDown { members }
            | Fault::SwapBinary { members }
            | Fault::ClientLinks { members, .. }
            | Fault::DiskLies { members } => members.clone(),
            Fault::Partition { links, .. }
            | Fault::Jam { links, .. }
            | Fault::SlowLinks { links, .. }
            | Fault::HalfOpen { links, .. }
            | Fault::CorruptLinks { links, .. }
            | Fault::LossyLinks { links, .. }
            | Fault::DuplicateLinks { links, .. }
            | Fault::ReorderLinks { links, .. }
            | Fault::ResetConnections { links } => links.iter().flat_map(|link| [link.0, link.1]).collect(),
            Fault::ClockJump { member, .. }
            | Fault::ClockStrobe { member, .. }
            | Fault::ClockDrift { member, .. }
            | Fault::DiskError { member, .. }
            | Fault::DiskSlow { member, .. }
            | Fault::CrashAtSync { member, .. }
            | Fault::TruncateFile { member, .. }
            | Fault::BitRot { member, .. }
            | Fault::StepDown { member, .. }
            | Fault::StepUp { member }
            | Fault::Freeze { member, .. }
            | Fault::WipeData { member }
            | Fault::FileLimit { member, .. }
            | Fault::MemoryLimit { member, .. }
            | Fault::Enroll { member, .. }
            | Fault::Resync { member }
            | Fault::Reconfigure { member, .. } => vec![*member],
            Fault::FillOplog { .. } => Vec::new(),
        };
        members.sort_unstable();
        members.dedup();
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_is_the_stored_tag() {
        for fault in examples() {
            let stored = serde_json::to_value(&fault).expect("faults serialize");
            assert_eq!(stored["kind"], fault.kind());
            let back: Fault = serde_json::from_value(stored).expect("faults deserialize");
            assert_eq!(back, fault);
        }
    }

    #[test]
    fn members_of_links_are_both_ends_once() {
        let fault = Fault::Partition {
            links: vec![(2, 0), (0, 2), (2, 1)],
            shape: String::new(),
        };
        assert_eq!(fault.members(), vec![0, 1, 2]);
    }

    fn examples() -> Vec<Fault> {
        vec![
            Fault::Kill { members: vec![1] },
            Fault::Jam {
                links: vec![(0, 1)],
                shape: "one-way".into(),
            },
            Fault::SlowLinks {
                links: vec![(0, 1)],
                delay_ms: 20,
                jitter_ms: 5,
                bytes_per_second: None,
            },
            Fault::DiskError {
                member: 0,
                operation: DiskOperation::Sync,
                error: DiskError::InputOutput,
                permille: 1000,
            },
            Fault::CrashAtSync { member: 2, count: 7 },
            Fault::Reconfigure {
                member: 1,
                change: RowChange::Priority { priority: 5 },
                wait_ms: 10,
            },
            Fault::FillOplog { megabytes: 3 },
            Fault::ClientLinks {
                members: vec![0, 1],
                way: ClientWay::FromMembers,
                deed: ClientDeed::Slow {
                    delay_ms: 10,
                    jitter_ms: 2,
                },
            },
        ]
    }
}
