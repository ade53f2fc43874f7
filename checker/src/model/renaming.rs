//! Other names for the members: the symmetry of a replica set.
//!
//! A canonical form under *all* renamings needs every reference renamed. Ids equal positions here.

use std::sync::Arc;

use protocol::config::{Config, MemberConfig, MemberId, MemberSet};
use protocol::message::{Body, Message};
use protocol::optime::OpTime;
use protocol::output::Vote;
use protocol::state::{Mode, Role, Rollback, State};

use super::bounds::{Bounds, MEMBERS_MAX};
use super::fingerprint::Fingerprint;
use super::member::{Member, Pending};

/// A renaming: the member with id *i* gets the id `0[i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renaming(pub [u8; MEMBERS_MAX]);

impl Renaming {
    /// Every renaming that turns data-bearing members into such and arbiters into such, the identity first.
    pub fn all(bounds: &Bounds) -> Vec<Self> {
        let identity = std::array::from_fn(|id| id as u8);
        let mut all = Vec::new();
        if bounds.symmetry {
            let data = bounds.members - bounds.arbiters;
            permute(identity, 0, bounds.members, data, &mut all);
        } else {
            all.push(Renaming(identity));
        }
        all
    }

    /// A small number that no other renaming has: three bits for each member.
    pub fn code(&self) -> usize {
        let digits = self.0.iter().rev();
        digits.fold(0, |code, id| code << 3 | usize::from(*id))
    }

    /// By [`Self::code`], the place of each of these renamings.
    pub fn places(renamings: &[Self]) -> Vec<u8> {
        let mut places = vec![0; 1 << (3 * MEMBERS_MAX)];
        for (place, renaming) in renamings.iter().enumerate() {
            places[renaming.code()] = place as u8;
        }
        places
    }

    /// The new id of a member.
    pub fn id(&self, id: MemberId) -> MemberId {
        MemberId(self.0[usize::from(id.0)])
    }

    fn ids(&self, id: Option<MemberId>) -> Option<MemberId> {
        id.map(|id| self.id(id))
    }

    fn set(&self, set: MemberSet) -> MemberSet {
        let mut renamed = MemberSet::EMPTY;
        for (from, to) in self.0.iter().enumerate().filter(|(from, _)| set.contains(*from)) {
            debug_assert!(from < MEMBERS_MAX);
            renamed.insert(usize::from(*to));
        }
        renamed
    }

    fn vote(&self, vote: Vote) -> Vote {
        Vote {
            candidate: self.ids(vote.candidate),
            ..vote
        }
    }

    fn config(&self, config: &mut Arc<Config>) {
        let rows = &config.members;
        let is_same = rows.iter().zip(&self.0).all(|(row, to)| {
            let there = &rows[usize::from(*to)];
            let moved = MemberConfig {
                id: there.id,
                ..row.clone()
            };
            moved == *there
        });
        if !is_same {
            let mut members = self.rows(rows);
            for (id, member) in members.iter_mut().enumerate() {
                member.id = MemberId(id as u8);
            }
            Arc::make_mut(config).members = members;
        }
    }

    fn rows<T: Clone>(&self, rows: &[T]) -> Vec<T> {
        let mut renamed = rows.to_vec();
        for (from, row) in rows.iter().enumerate() {
            renamed[usize::from(self.0[from])] = row.clone();
        }
        renamed
    }

    /// The member under its new name, speaking of the others under theirs.
    pub fn member(&self, member: &Member) -> Member {
        let mut renamed = member.clone();
        let state = &mut renamed.state;
        state.me = self.id(state.me);
        state.vote = self.vote(state.vote);
        state.vote_durable = self.vote(state.vote_durable);
        state.primary = self.ids(state.primary);
        state.sync_source = self.ids(state.sync_source);
        state.role = match state.role {
            Role::DryRun { granted } => Role::DryRun {
                granted: self.set(granted),
            },
            Role::Candidate { granted } => Role::Candidate {
                granted: self.set(granted),
            },
            Role::Primary(Mode::CatchUp { heard, target }) => Role::Primary(Mode::CatchUp {
                heard: self.set(heard),
                target,
            }),
            role => role,
        };
        if let Some(Rollback::Searching { source, .. }) = &mut state.rollback {
            *source = self.id(*source);
        }
        self.config(&mut state.config);
        if let Some(pending) = &mut state.config_pending {
            self.config(&mut pending.config);
            pending.me = self.ids(pending.me);
        }
        state.installed = self.set(state.installed);
        for read in &mut state.reads {
            read.vouched = self.set(read.vouched);
        }
        state.seen = self.rows(&state.seen);
        state.progress = self.rows(&state.progress);
        for position in state.progress.iter_mut().flatten() {
            position.member = self.id(position.member);
        }
        self.config(&mut renamed.disk.config);
        renamed.disk.me = self.id(renamed.disk.me);
        renamed.disk.vote = self.vote(renamed.disk.vote);
        for pending in &mut renamed.pending {
            match pending {
                Pending::Vote(vote) => *vote = self.vote(*vote),
                Pending::Config(config) => self.config(config),
                Pending::Entries(_) | Pending::Cut(_) => {}
            }
        }
        renamed
    }

    /// The message between the renamed members. Only what the model's network carries is renamed.
    pub fn message(&self, message: &Message) -> Message {
        let mut renamed = message.clone();
        renamed.from = self.id(message.from);
        renamed.to = self.id(message.to);
        if let Body::UpdatePosition { positions } = &mut renamed.body {
            for position in positions.iter_mut() {
                position.member = self.id(position.member);
            }
            positions.sort_unstable();
        }
        renamed
    }
}

/// A number that no renaming changes, the [`rank`] first. Members that differ in it cannot trade places, which spares trying
/// most renamings; equal numbers promise nothing.
pub fn nameless(member: &Member) -> u64 {
    let me = member.id();
    let count = |set: MemberSet| MemberSet(set.len() as u64);
    let vote = |vote: Vote| Vote {
        candidate: vote.candidate.map(|id| MemberId(u8::from(id != me))),
        ..vote
    };
    let mut blind = member.clone();
    let state = &mut blind.state;
    state.me = MemberId(0);
    state.vote = vote(state.vote);
    state.vote_durable = vote(state.vote_durable);
    state.primary = state.primary.map(|_| MemberId(0));
    state.sync_source = state.sync_source.map(|_| MemberId(0));
    state.role = match state.role {
        Role::DryRun { granted } => Role::DryRun {
            granted: count(granted),
        },
        Role::Candidate { granted } => Role::Candidate {
            granted: count(granted),
        },
        Role::Primary(Mode::CatchUp { heard, target }) => Role::Primary(Mode::CatchUp {
            heard: count(heard),
            target,
        }),
        role => role,
    };
    if let Some(Rollback::Searching { source, .. }) = &mut state.rollback {
        *source = MemberId(0);
    }
    for position in state.progress.iter_mut().flatten() {
        position.member = MemberId(0);
    }
    state.progress.sort_unstable();
    state.seen.clear();
    state.installed = count(state.installed);
    for read in &mut state.reads {
        read.vouched = count(read.vouched);
    }
    if let Some(pending) = &mut state.config_pending {
        pending.me = None;
    }
    blind.disk.me = MemberId(0);
    blind.disk.vote = vote(blind.disk.vote);
    for pending in &mut blind.pending {
        if let Pending::Vote(record) = pending {
            *record = vote(*record);
        }
    }
    rank(&member.state) << 32 | Fingerprint::of(&blind).0 >> 32
}

/// Who comes first among members: whoever leads, then by term, log and commit point. Any order would do. In this one
/// members that are much the same stand at the same place in most states, so that there are fewer different members, and
/// fewer things that may happen between them, to be asked about: half or a third, and so of the time.
fn rank(state: &State) -> u64 {
    let place = |entry: OpTime| [entry.term.0.max(0) as u64, entry.ts.inc.into()];
    let [[last_term, last], [commit_term, commit]] = [state.last_written(), state.commit_point].map(place);
    let digits = [
        (u64::from(!state.is_primary()), 1),
        (u64::from(state.role == Role::Follower), 1),
        (RANK_MAX - (state.term.0.max(0) as u64).min(RANK_MAX), RANK_BITS),
        (last_term, RANK_BITS),
        (last, RANK_BITS),
        (commit_term, RANK_BITS),
        (commit, RANK_BITS),
        (state.durable.ts.inc.into(), RANK_BITS),
        (state.config.id.version.into(), RANK_BITS),
    ];
    let digits = digits.into_iter();
    digits.fold(0, |rank, (digit, bits)| rank << bits | digit.min((1 << bits) - 1))
}

/// Bits for a term or a place in the log; all of a rank fit into thirty-two.
const RANK_BITS: u32 = 4;
const RANK_MAX: u64 = (1 << RANK_BITS) - 1;

/// What a member says of another one, in a number that no renaming of both changes; equal numbers promise nothing.
pub fn said_of(member: &Member, other: MemberId) -> u64 {
    let place = usize::from(other.0);
    let is_other = |id: Option<MemberId>| id == Some(other);
    let state = &member.state;
    let votes = [state.vote, state.vote_durable, member.disk.vote].map(|vote| is_other(vote.candidate));
    let pending = member.pending.iter().map(|pending| match pending {
        Pending::Vote(vote) => is_other(vote.candidate),
        _ => false,
    });
    let granted = match state.role {
        Role::DryRun { granted } | Role::Candidate { granted } => granted.contains(place),
        Role::Primary(Mode::CatchUp { heard, .. }) => heard.contains(place),
        _ => false,
    };
    let source = match state.rollback {
        Some(Rollback::Searching { source, .. }) => is_other(Some(source)),
        _ => false,
    };
    let vouches = state.reads.iter().map(|read| read.vouched.contains(place));
    let flags = votes.into_iter().chain(pending).chain(vouches).chain([
        granted,
        source,
        is_other(state.primary),
        is_other(state.sync_source),
        state.installed.contains(place),
    ]);
    let flags = flags.fold(1, |all: u64, flag| all << 1 | u64::from(flag));
    let position = state.progress.get(place).copied().flatten();
    let position = position.map(|position| (position.term, position.written, position.durable));
    let row = state.config.members.get(place);
    let row = row.map(|row| (row.votes, row.arbiter, row.priority_milli));
    Fingerprint::of(&(flags, position, row)).0
}

fn permute(mut ids: [u8; MEMBERS_MAX], place: usize, members: usize, data: usize, all: &mut Vec<Renaming>) {
    if place == members {
        all.push(Renaming(ids));
        return;
    }
    let end = if place < data { data } else { members };
    for other in place..end {
        ids.swap(place, other);
        permute(ids, place + 1, members, data, all);
        ids.swap(place, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_renamings_as_permutations_of_equal_members() {
        let five = Bounds::coarse(5, 1);
        assert_eq!(Renaming::all(&five).len(), 120);
        assert_eq!(Renaming::all(&Bounds { arbiters: 2, ..five }).len(), 12);
        assert_eq!(
            Renaming::all(&Bounds {
                symmetry: false,
                ..five
            })
            .len(),
            1
        );
        assert_eq!(Renaming::all(&five)[0], Renaming([0, 1, 2, 3, 4]));
    }
}
