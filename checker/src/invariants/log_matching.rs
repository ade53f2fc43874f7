//! I-02, LogMatching (Raft §5.3): two oplogs that share an entry are equal up to it.

use protocol::oplog::Oplog;

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-02",
    name: "log matching",
    check: Check::State(different_prefixes),
};

fn different_prefixes(cluster: &Cluster<'_>) -> Option<String> {
    let mut rest = cluster.members;
    while let [member, others @ ..] = rest {
        for other in others {
            let (left, right) = (log(member), log(other));
            if !match_up(left, right) {
                let ids = (member.disk.me.0, other.disk.me.0);
                return Some(format!(
                    "members {} and {} share an entry, but not what is before it",
                    ids.0, ids.1
                ));
            }
        }
        rest = others;
    }
    None
}

fn log<'a>(member: &super::cluster::Member<'a>) -> &'a Oplog {
    member.state.map_or(&member.disk.oplog, |state| &state.oplog)
}

/// How far below the newest shared entry two logs are compared. Every step is judged, so a difference further
/// down was seen when it came.
const COMPARED_MAX: usize = 64;

/// Newest shared entry first: below it both must be the same, as far as both logs reach back.
fn match_up(left: &Oplog, right: &Oplog) -> bool {
    let mut left = left.iter().rev().peekable();
    let mut right = right.iter().rev().peekable();
    let mut shared = 0;
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        if one == other {
            shared += 1;
            if shared > COMPARED_MAX {
                return true;
            }
            left.next();
            right.next();
        } else if shared > 0 {
            return false;
        } else if one > other {
            left.next();
        } else {
            right.next();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::optime::OpTime;

    #[test]
    fn a_shared_entry_needs_a_shared_past() {
        let log = |entries: &[(i64, u32)]| {
            Oplog::new(
                OpTime::NULL,
                entries.iter().map(|(term, inc)| OpTime::new(*term, 1, *inc)),
            )
        };
        assert!(match_up(&log(&[(1, 1), (1, 2)]), &log(&[(1, 1), (2, 2)])));
        assert!(match_up(&log(&[(1, 1), (1, 2), (2, 3)]), &log(&[(1, 1), (1, 2)])));
        assert!(!match_up(&log(&[(1, 1), (3, 3)]), &log(&[(2, 2), (3, 3)])));
        assert!(!match_up(
            &log(&[(1, 1), (2, 2), (3, 3)]),
            &log(&[(1, 1), (3, 3)])
        ));
    }
}
