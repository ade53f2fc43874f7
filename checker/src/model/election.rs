//! The parts of an election that is one action: a member stands, a voter is asked and answers. Each is some ten reactions
//! of two members, and the same in every state in which these two are as they are: so it is put together once, and remembered.

use protocol::message::Body;

use super::effect::{Kind, Noted};
use super::replica_set::ReplicaSet;

/// What came of standing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The candidate afterwards, its own vote durable.
    pub(super) candidate: u32,
    /// What it asks whom.
    pub(super) requests: Vec<(u8, u32)>,
    /// What was noteworthy on the way, in order.
    pub(super) effects: Vec<u32>,
}

/// What came of asking one voter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The candidate afterwards.
    pub(super) candidate: u32,
    /// The voter afterwards, its vote durable.
    pub(super) voter: u32,
    /// What was noteworthy on the way, in order.
    pub(super) effects: Vec<u32>,
}

/// A candidate, a voter and a request that have numbers below these fit into one key.
const MEMBER_BITS: u32 = 24;
const REQUEST_BITS: u32 = 16;

impl ReplicaSet {
    /// A member stands; its own vote becomes durable.
    pub(super) fn stand(&self, candidate: u32) -> &Standing {
        let number = self.standing.get_or(candidate, || {
            let (mut member, mut effects) = (candidate, Vec::new());
            self.on(&mut member, &mut effects, Kind::Stand, 0);
            let sent = self.persist_all(&mut member, &mut effects);
            let requests = sent.into_iter().filter_map(|number| {
                let message = self.messages.value(number);
                matches!(message.body, Body::VoteRequest { .. }).then_some((message.to.0, number))
            });
            self.standings.number(Standing {
                candidate: member,
                requests: requests.collect(),
                effects,
            })
        });
        self.standings.value(number)
    }

    /// A voter gets a candidate's request, its answer becomes durable and arrives.
    pub(super) fn vote(&self, candidate: u32, voter: u32, request: u32) -> &Vote {
        let fits = (candidate | voter) >> MEMBER_BITS == 0 && (request + 1) >> REQUEST_BITS == 0;
        if !fits {
            return self.votes.value(self.ask(candidate, voter, request));
        }
        let members = u64::from(candidate) << MEMBER_BITS | u64::from(voter);
        let key = members << REQUEST_BITS | u64::from(request + 1);
        let number = self
            .voting
            .get_or(key, || u64::from(self.ask(candidate, voter, request)) + 1);
        self.votes.value((number - 1) as u32)
    }

    fn ask(&self, mut candidate: u32, mut voter: u32, request: u32) -> u32 {
        let mut effects = Vec::new();
        let noted = self.on(&mut voter, &mut effects, Kind::Deliver, request);
        let mut answers = self.sent(noted).to_vec();
        answers.extend(self.persist_all(&mut voter, &mut effects));
        for answer in answers {
            self.on(&mut candidate, &mut effects, Kind::Deliver, answer);
        }
        self.votes.number(Vote {
            candidate,
            voter,
            effects,
        })
    }

    /// Makes all pending writes of a member durable; answers the messages sent on the way.
    fn persist_all(&self, member: &mut u32, effects: &mut Vec<u32>) -> Vec<u32> {
        let mut sent = Vec::new();
        while self.members.value(*member).summary.pending {
            let noted = self.on(member, effects, Kind::Persist, 0);
            sent.extend(self.sent(noted));
        }
        sent
    }

    fn on(&self, member: &mut u32, effects: &mut Vec<u32>, kind: Kind, of: u32) -> Noted {
        let noted = self.reaction(*member, kind, of);
        *member = noted.after;
        if !noted.quiet {
            effects.push(noted.effect);
        }
        noted
    }

    /// The messages that were sent.
    pub(super) fn sent(&self, noted: Noted) -> &[u32] {
        if noted.silent {
            &[]
        } else {
            &self.effects.value(noted.effect).sent
        }
    }
}
