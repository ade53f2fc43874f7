//! What is asked of a member most often, side by side with it.

use protocol::concern::ReadConcern;
use protocol::config::{ConfigId, MemberSet};
use protocol::input::{Input, RequestId};
use protocol::member::{Rules, step};
use protocol::optime::OpTime;
use protocol::output::{Output, ReadPoint};
use protocol::state::{Mode, Role};

use super::member::Member;
use super::renaming::nameless;

/// A member and its summary. Equal members have equal summaries.
#[derive(Clone, Debug)]
pub struct Summarized {
    /// See there.
    pub summary: Summary,
    /// The member, elsewhere: what is asked most often lies closer together so.
    pub member: Box<Member>,
}

/// Derived from a member, once.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What no renaming changes, see [`nameless`].
    pub nameless: u64,
    /// Its term.
    pub term: i64,
    /// The term that its disk proves: it never falls below.
    pub durable_term: i64,
    /// Its newest entry.
    pub last: OpTime,
    /// Its configuration.
    pub config: ConfigId,
    /// As primary: who is known to have it.
    pub installed: MemberSet,
    /// Its commit point.
    pub commit_point: OpTime,
    /// Where a majority read would look here, asked of the core itself so that a wrong rule shows.
    pub majority_read: Option<OpTime>,
    /// It is neither primary nor candidate. A candidate could stand again, but only to give up what it stands for.
    pub follows: bool,
    /// It leads, in whatever mode.
    pub leads: bool,
    /// It leads and waits for what others are ahead.
    pub catches_up: bool,
    /// It takes writes.
    pub writable: bool,
    /// It has asked for something to be made durable.
    pub pending: bool,
    /// Linearizable reads wait for their proof here.
    pub proves: bool,
}

impl Summarized {
    /// Sums up a member that runs by `rules`.
    pub fn new(member: Member, rules: &Rules) -> Self {
        let state = &member.state;
        let summary = Summary {
            nameless: nameless(&member),
            term: state.term.0,
            durable_term: member.disk.vote.term.max(member.disk.oplog.last().term).0.max(0),
            last: state.last_written(),
            config: state.config.id,
            installed: state.installed,
            commit_point: state.commit_point,
            majority_read: majority_read(rules, &member),
            follows: state.role == Role::Follower,
            leads: state.is_primary(),
            catches_up: matches!(state.role, Role::Primary(Mode::CatchUp { .. })),
            writable: state.is_writable(),
            pending: !member.pending.is_empty(),
            proves: !state.reads.is_empty(),
        };
        Summarized {
            summary,
            member: Box::new(member),
        }
    }
}

impl PartialEq<Member> for Summarized {
    fn eq(&self, other: &Member) -> bool {
        *self.member == *other
    }
}

fn majority_read(rules: &Rules, member: &Member) -> Option<OpTime> {
    let mut outputs = Vec::new();
    let read = Input::ClientRead {
        id: RequestId(0),
        concern: ReadConcern::Majority,
        secondary_ok: true,
    };
    step(rules, &mut member.state.clone(), 1, &read, &mut outputs);
    outputs.iter().find_map(|output| match output {
        Output::ServeRead {
            at: ReadPoint::At(point),
            ..
        } => Some(*point),
        Output::ServeRead {
            at: ReadPoint::Latest,
            ..
        } => Some(member.state.last_written()),
        _ => None,
    })
}
