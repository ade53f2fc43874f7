//! A fault as data: the powers that both worlds know how to suffer.
#![expect(
    missing_docs,
    reason = "fields of a variant are told in the variant's own sentence"
)]

use serde::{Deserialize, Serialize};

/// A member by its index in the cluster, from 0.
pub type Member = u8;

/// One disturbance. Each power is suffered by the live cluster and, where it has a meaning there, by the
/// simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// SIGKILL, then restart at the end of the fault.
    Kill { members: Vec<Member> },
    /// SIGSTOP, then SIGCONT at the end of the fault.
    Pause { members: Vec<Member> },
    /// These directed links (from, to) carry nothing.
    Partition {
        links: Vec<(Member, Member)>,
        shape: String,
    },
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
}
