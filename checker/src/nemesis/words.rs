//! A fault in one short sentence, for people.

use std::fmt;

use super::fault::{DiskError, DiskOperation, Fault, Member};

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Kill { members } => write!(to, "kill {}", names(members)),
            Fault::Terminate { members } => write!(to, "terminate {}", names(members)),
            Fault::Pause { members } => write!(to, "pause {}", names(members)),
            Fault::Throttle {
                members,
                run_ms,
                stop_ms,
            } => write!(
                to,
                "slow down {}: {run_ms} ms running, {stop_ms} ms stopped",
                names(members)
            ),
            Fault::Partition { shape, .. } => write!(to, "partition: {shape}"),
            Fault::Jam { shape, .. } => write!(to, "jam: {shape}"),
            Fault::SlowLinks {
                links,
                delay_ms,
                jitter_ms,
                bytes_per_second,
            } => {
                write!(
                    to,
                    "slow {} links by {delay_ms} ms and up to {jitter_ms} ms more",
                    links.len()
                )?;
                match bytes_per_second {
                    Some(rate) => write!(to, ", {rate} bytes a second"),
                    None => Ok(()),
                }
            }
            Fault::ResetConnections { links } => write!(to, "reset the connections of {} links", links.len()),
            Fault::ClockJump { member, offset_ms } => {
                write!(to, "wall clock of n{member} jumps by {offset_ms} ms")
            }
            Fault::ClockStrobe {
                member,
                offset_ms,
                period_ms,
            } => write!(
                to,
                "wall clock of n{member} strobes by {offset_ms} ms every {period_ms} ms"
            ),
            Fault::ClockDrift {
                member,
                rate_permille,
            } => {
                write!(
                    to,
                    "clocks of n{member} run at {rate_permille}/1000 of real speed"
                )
            }
            Fault::PowerLoss {
                members,
                keep_permille,
                ..
            } => write!(
                to,
                "power loss of {}, {keep_permille}/1000 of unsynced sectors kept",
                names(members)
            ),
            Fault::DiskError {
                member,
                operation,
                error,
                permille,
            } => write!(
                to,
                "{} of n{member} fails with {}, {permille}/1000",
                operation.word(),
                error.word()
            ),
            Fault::DiskSlow {
                member,
                operation,
                delay_ms,
            } => write!(to, "{} of n{member} takes {delay_ms} ms longer", operation.word()),
            Fault::DiskLies { members } => write!(
                to,
                "the disks of {} lie about fsync, then lose power",
                names(members)
            ),
            Fault::CrashAtSync { member, count } => {
                write!(to, "n{member} is killed at its fsync number {count} from now")
            }
            Fault::TruncateFile { member, bytes, .. } => {
                write!(
                    to,
                    "n{member} goes down and a file of it loses its last {bytes} bytes"
                )
            }
            Fault::StepDown { member, seconds } => {
                write!(to, "n{member} is asked to step down for {seconds} s")
            }
            Fault::StepUp { member } => write!(to, "n{member} is asked to stand for election"),
            Fault::Freeze { member, seconds } => {
                write!(to, "n{member} is asked not to stand for election for {seconds} s")
            }
            Fault::ShutDown { members } => write!(to, "{} are asked to shut down", names(members)),
            Fault::WipeData { member } => {
                write!(
                    to,
                    "the machine of n{member} is lost, and an empty one takes its place"
                )
            }
            Fault::Resync { member } => write!(to, "n{member} is asked to copy all data anew"),
            Fault::Reconfigure { member, change, .. } => write!(to, "n{member} {change}"),
            Fault::Enroll { member, .. } => {
                write!(to, "n{member} becomes a member, and is removed again")
            }
            Fault::SwapBinary { members } => {
                write!(to, "{} end and start again from the other binary", names(members))
            }
            Fault::FillOplog { megabytes } => write!(to, "{megabytes} MB are written in bulk"),
            Fault::ClientLinks { members, way, deed } => {
                write!(to, "{} {} {deed}", way.word(), names(members))
            }
            Fault::HalfOpen { links, shape } => {
                write!(to, "half-open connections on {} links: {shape}", links.len())
            }
            Fault::CorruptLinks { links, permille } => {
                write!(
                    to,
                    "a bit turns over in {permille}/1000 of what {} links carry",
                    links.len()
                )
            }
            Fault::LossyLinks { links, permille } => {
                write!(
                    to,
                    "{permille}/1000 of what {} links carry is lost and sent again",
                    links.len()
                )
            }
            Fault::DuplicateLinks { links, permille } => {
                write!(
                    to,
                    "{permille}/1000 of the packets on {} links come twice",
                    links.len()
                )
            }
            Fault::ReorderLinks { links, permille } => {
                write!(
                    to,
                    "{permille}/1000 of the packets on {} links are overtaken",
                    links.len()
                )
            }
            Fault::FileLimit { member, spare } => {
                write!(
                    to,
                    "n{member} may open {spare} more files, and has no use of them"
                )
            }
            Fault::MemoryLimit { member, spare_mb } => {
                write!(to, "n{member} may use {spare_mb} MB more memory, and needs more")
            }
            Fault::BitRot { member, flips, .. } => {
                write!(to, "n{member} goes down and {flips} bits of its files turn over")
            }
        }
    }
}

impl DiskOperation {
    /// The call's name.
    pub fn word(self) -> &'static str {
        match self {
            DiskOperation::Write => "write",
            DiskOperation::Sync => "fsync",
            DiskOperation::Read => "read",
            DiskOperation::Open => "open",
        }
    }
}

impl DiskError {
    /// The error's name.
    pub fn word(self) -> &'static str {
        match self {
            DiskError::InputOutput => "EIO",
            DiskError::NoSpace => "ENOSPC",
        }
    }
}

fn names(members: &[Member]) -> String {
    members
        .iter()
        .map(|member| format!("n{member}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_who_and_what() {
        let kill = Fault::Kill { members: vec![0, 2] };
        assert_eq!(kill.to_string(), "kill n0, n2");
        let jump = Fault::ClockJump {
            member: 1,
            offset_ms: -300,
        };
        assert_eq!(jump.to_string(), "wall clock of n1 jumps by -300 ms");
    }
}
