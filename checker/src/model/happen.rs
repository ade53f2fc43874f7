//! What an action does to a packed state: each member's part is a remembered reaction of the core.

use super::action::Action;
use super::bounds::{CatchUp, Disks, Reports};
use super::effect::{Kind, Noted};
use super::replica_set::ReplicaSet;
use super::state::ClusterState;

impl ReplicaSet {
    /// The state after an action, under the members' present names.
    pub fn apply(&self, state: &ClusterState, action: Action) -> Option<ClusterState> {
        let mut next = *state;
        next.broken = 0;
        match action {
            Action::Elect { candidate, voters } => self.elect(&mut next, candidate, voters)?,
            Action::Stand(it) => self.happen_or_not(&mut next, it, Kind::Stand, 0)?,
            Action::ElectionTimeout(it) => self.happen_or_not(&mut next, it, Kind::ElectionTimeout, 0)?,
            Action::CatchUpTimeout(it) => self.happen_or_not(&mut next, it, Kind::CatchUpTimeout, 0)?,
            Action::LoseSight(it) => self.happen_or_not(&mut next, it, Kind::LoseSight, 0)?,
            Action::Write(it) => {
                next.spent.writes += 1;
                self.happen(&mut next, it, Kind::Write, 0);
                if next.members == state.members && next.broken == 0 {
                    // Refused.
                    return None;
                }
            }
            Action::Read(it) => {
                next.spent.reads += 1;
                let oplog = &self.member(state, it.into()).state.oplog;
                let misses = self
                    .ghosts(state)
                    .acknowledged
                    .iter()
                    .any(|entry| !oplog.contains(*entry));
                self.happen(&mut next, it, Kind::Read, u32::from(misses));
            }
            Action::Reconfigure { member, votes } => {
                self.happen_or_not(&mut next, member, Kind::Reconfigure, votes.into())?;
            }
            Action::Install { member, from } => {
                self.happen_or_not(&mut next, member, Kind::Install, state.members[usize::from(from)])?;
            }
            Action::Probe { member, other } => {
                let other = self.other(state.members[usize::from(other)]);
                self.note(&mut next, member, Kind::Probe, other);
            }
            Action::Persist(it) => self.happen_or_not(&mut next, it, Kind::Persist, 0)?,
            Action::Restart(it) => {
                next.spent.restarts += 1;
                self.happen(&mut next, it, Kind::Restart, 0);
            }
            Action::Hear { member, from } => {
                self.happen_or_not(&mut next, member, Kind::Hear, state.members[usize::from(from)])?;
            }
            Action::Fetch { member, from } => {
                self.happen_or_not(&mut next, member, Kind::Fetch, state.members[usize::from(from)])?;
            }
            Action::Report { member, to } => match self.bounds.reports {
                Reports::ByMessage => self.happen(&mut next, member, Kind::Report, to.into()),
                Reports::Atomic => {
                    let reported = self.note(&mut next, member, Kind::Report, to.into());
                    for message in self.sent(reported) {
                        self.happen(&mut next, to, Kind::Deliver, *message);
                    }
                }
            },
            Action::Deliver(message) => {
                let to = self.messages.value(message).to.0;
                next.network = self.without_arrived(next.network, message);
                self.happen(&mut next, to, Kind::Deliver, message);
            }
        }
        next.network = self.without_the_ignored(&next);
        (next != *state).then_some(next)
    }

    /// The first reaction to an action that is asked for: whose, to what.
    pub(super) fn first_reaction(&self, state: &ClusterState, action: Action) -> Option<(u32, Kind, u32)> {
        let at = |it: u8| state.members[usize::from(it)];
        Some(match action {
            Action::Elect { candidate, .. } => (at(candidate), Kind::Stand, 0),
            Action::Stand(it) => (at(it), Kind::Stand, 0),
            Action::ElectionTimeout(it) => (at(it), Kind::ElectionTimeout, 0),
            Action::CatchUpTimeout(it) => (at(it), Kind::CatchUpTimeout, 0),
            Action::LoseSight(it) => (at(it), Kind::LoseSight, 0),
            Action::Write(it) => (at(it), Kind::Write, 0),
            Action::Reconfigure { member, votes } => (at(member), Kind::Reconfigure, votes.into()),
            Action::Install { member, from } => (at(member), Kind::Install, at(from)),
            Action::Probe { member, other } => (at(member), Kind::Probe, self.other(at(other))),
            Action::Persist(it) => (at(it), Kind::Persist, 0),
            Action::Restart(it) => (at(it), Kind::Restart, 0),
            Action::Hear { member, from } => (at(member), Kind::Hear, at(from)),
            Action::Fetch { member, from } => (at(member), Kind::Fetch, at(from)),
            Action::Report { member, to } => (at(member), Kind::Report, to.into()),
            Action::Deliver(message) => (at(self.messages.value(message).to.0), Kind::Deliver, message),
            // What it misses has to be found out first.
            Action::Read(_) => return None,
        })
    }

    fn elect(&self, next: &mut ClusterState, candidate: u8, voters: u8) -> Option<()> {
        let mine = &mut next.members[usize::from(candidate)];
        let standing = self.stand(*mine);
        *mine = standing.candidate;
        self.heed_all(next, &standing.effects);
        let others = (0..self.bounds.members as u8).filter(|it| *it != candidate && voters >> it & 1 != 0);
        for voter in others {
            for (_, request) in standing.requests.iter().filter(|(to, _)| *to == voter) {
                let [mine, theirs] = [candidate, voter].map(|it| next.members[usize::from(it)]);
                let vote = self.vote(mine, theirs, *request);
                next.members[usize::from(candidate)] = vote.candidate;
                next.members[usize::from(voter)] = vote.voter;
                self.heed_all(next, &vote.effects);
            }
        }
        self.settle(next, candidate);
        self.summary(next, candidate.into()).leads.then_some(())
    }

    /// Lets something happen to a member and puts what it sends into the network.
    fn happen(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) {
        let noted = self.note(next, it, kind, of);
        self.send(next, noted);
        self.settle(next, it);
    }

    /// As [`Self::happen`]; nothing if it leaves no trace at all, as most heartbeats and fetches do.
    fn happen_or_not(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) -> Option<()> {
        let before = next.members[usize::from(it)];
        let noted = self.note(next, it, kind, of);
        if noted.after == before && noted.quiet && noted.silent {
            return None;
        }
        self.send(next, noted);
        self.settle(next, it);
        Some(())
    }

    /// What the bounds leave no time for happens at once: instant disks, skipped catch-up.
    fn settle(&self, next: &mut ClusterState, it: u8) {
        // A member whose assertion failed is in no state to go on.
        while next.broken == 0 {
            let member = self.summary(next, it.into());
            let kind = if self.bounds.catch_up == CatchUp::Skipped && member.catches_up {
                Kind::CatchUpTimeout
            } else if self.bounds.disks == Disks::Instant && member.pending {
                Kind::Persist
            } else {
                return;
            };
            let noted = self.note(next, it, kind, 0);
            self.send(next, noted);
        }
    }

    fn note(&self, next: &mut ClusterState, it: u8, kind: Kind, of: u32) -> Noted {
        let noted = self.reaction(next.members[usize::from(it)], kind, of);
        next.members[usize::from(it)] = noted.after;
        if !noted.quiet {
            self.heed(next, noted.effect);
        }
        noted
    }

    fn heed_all(&self, next: &mut ClusterState, effects: &[u32]) {
        effects.iter().for_each(|effect| self.heed(next, *effect));
    }

    /// Remembers what was broken, and what ghosts take note of.
    fn heed(&self, next: &mut ClusterState, number: u32) {
        let effect = self.effects.value(number);
        if effect.broken != 0 {
            next.broken = effect.broken;
        }
        if !effect.tidings.is_empty() {
            let key = u64::from(next.ghosts) << 32 | u64::from(number + 1);
            let recorded = self.recordings.get_or(key, || {
                let mut ghosts = self.ghosts.value(next.ghosts).clone();
                effect.tidings.iter().for_each(|tiding| ghosts.hear(tiding));
                u64::from(self.ghosts.number(ghosts)) + 1
            });
            next.ghosts = (recorded - 1) as u32;
        }
    }
}
