//! What can happen next.

use protocol::message::Message;

/// One step of the model. Members are named by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A member stands, these voters grant, it wins (`BecomeLeader`).
    Elect {
        /// Who stands.
        candidate: u8,
        /// Who is asked, the candidate included, as a bit mask.
        voters: u8,
    },
    /// A member stands for election without a dry run.
    Stand(u8),
    /// A member's election timer fires.
    ElectionTimeout(u8),
    /// A new primary waits no longer for those who are ahead.
    CatchUpTimeout(u8),
    /// A primary hears nothing of the others and steps down.
    LoseSight(u8),
    /// A client writes with `w: "majority"` (`ClientWrite`).
    Write(u8),
    /// A client asks for a linearizable read.
    Read(u8),
    /// The operator asks a member to give these members a vote, or to take theirs.
    Reconfigure {
        /// Whom he asks.
        member: u8,
        /// Whose votes change, as a bit mask; with [`FLIP`] who becomes an arbiter, or ceases to be one.
        votes: u8,
    },
    /// A member is asked what it would do, with another one in mind; it stays as it is.
    Probe {
        /// Who is asked.
        member: u8,
        /// With whom in mind.
        other: u8,
    },
    /// A member learns of the other's newer configuration (`SendConfig`).
    Install {
        /// Who learns.
        member: u8,
        /// From whom.
        from: u8,
    },
    /// The oldest pending write of a member becomes durable.
    Persist(u8),
    /// A member loses power and restarts.
    Restart(u8),
    /// A member's heartbeat is answered (`UpdateTermThroughHeartbeat`, `LearnCommitPointWithTermCheck`).
    Hear {
        /// Who learns.
        member: u8,
        /// From whom.
        from: u8,
    },
    /// A member pulls one entry, or begins a rollback (`AppendOplog`, `RollbackOplog`).
    Fetch {
        /// Who pulls.
        member: u8,
        /// From whom.
        from: u8,
    },
    /// A member reports its position (`UpdatePosition`).
    Report {
        /// Who reports.
        member: u8,
        /// To whom.
        to: u8,
    },
    /// A message arrives; its number in the model's store.
    Deliver(u32),
}

/// In a mask of votes: the members' kind changes, not their vote.
pub const FLIP: u8 = 1 << 7;

/// A short form of a message for charts.
pub fn describe(message: &Message) -> String {
    use protocol::message::Body;
    let (from, to, term) = (message.from.0, message.to.0, message.term.0);
    let body = match &message.body {
        Body::VoteRequest { dry_run, last, .. } => {
            format!(
                "{}(term {term}, last {})",
                if *dry_run { "DryRunRequest" } else { "VoteRequest" },
                short(*last)
            )
        }
        Body::VoteResponse { granted, asked, .. } => {
            format!(
                "{}(term {}, {})",
                message.body.name(),
                asked.0,
                if *granted { "yes" } else { "no" }
            )
        }
        Body::UpdatePosition { positions } => {
            let rows: Vec<_> = positions
                .iter()
                .map(|row| {
                    format!(
                        "m{} has {} durably, in term {}",
                        row.member.0,
                        short(row.durable),
                        row.term.0
                    )
                })
                .collect();
            format!("UpdatePosition({})", rows.join("; "))
        }
        body => body.name().to_owned(),
    };
    format!("m{from} -> m{to}: {body}")
}

/// An optime by its place and term: `3@t2`.
pub fn short(optime: protocol::optime::OpTime) -> String {
    if optime.is_null() {
        "-".to_owned()
    } else {
        format!("{}@t{}", optime.ts.inc, optime.term.0)
    }
}
