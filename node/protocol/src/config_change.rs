//! What one reconfiguration may change: pure questions about an old and a new configuration.

use serde::{Deserialize, Serialize};

use crate::config::{Config, MemberConfig, MemberId};

/// Why a new configuration can't follow the present one (103 `NewReplicaSetConfigurationIncompatible`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Incompatible {
    /// It is of another set.
    SetName,
    /// Its version is not above the present one.
    Version,
    /// This member is an arbiter in one and holds data in the other.
    Arbiter(MemberId),
    /// This member builds indexes in one and not in the other.
    BuildIndexes(MemberId),
    /// This member's host had another id.
    Host(MemberId),
    /// More than one voting member comes or goes.
    ManyVotes,
    /// With the arbiters there are, this member could be elected without what was committed before it had a vote.
    ElectableTooSoon(MemberId),
}

/// What a configuration that was not forced must fulfil.
///
/// # Errors
/// The first thing that does not fit.
pub fn check_change(old: &Config, new: &Config) -> Result<(), Incompatible> {
    if old.set_name != new.set_name {
        return Err(Incompatible::SetName);
    }
    if new.id.version <= old.id.version {
        return Err(Incompatible::Version);
    }
    for member in &new.members {
        if let Some(before) = old.member(member.id) {
            if before.arbiter != member.arbiter {
                return Err(Incompatible::Arbiter(member.id));
            }
            if before.build_indexes != member.build_indexes {
                return Err(Incompatible::BuildIndexes(member.id));
            }
        }
        // The models name members by ids alone.
        let moved = old
            .members
            .iter()
            .any(|before| before.host == member.host && before.id != member.id);
        if moved && !member.host.is_empty() {
            return Err(Incompatible::Host(member.id));
        }
    }
    if voting_changes(old, new) > 1 {
        return Err(Incompatible::ManyVotes);
    }
    match electable_too_soon(old, new) {
        Some(id) => Err(Incompatible::ElectableTooSoon(id)),
        None => Ok(()),
    }
}

/// How many members' votes differ. Any two majorities of configurations that differ in one voter overlap; with
/// two they need not: {a, b, c} and {c, d, e}, changed at once, elect a by {a, b} and d by {d, e}.
///
/// A member that is added with a vote counts here although it is counted in no quorum yet, and counts again when
/// it is: so an operator may not add two at a time, as in MongoDB.
#[must_use]
pub fn voting_changes(old: &Config, new: &Config) -> usize {
    let vote = |config: &Config, id| config.member(id).map_or((false, false), voting);
    let gone = old
        .members
        .iter()
        .filter(|member| new.member(member.id).is_none());
    let differs = |member: &&MemberConfig| vote(old, member.id) != vote(new, member.id);
    new.members.iter().chain(gone).filter(differs).count()
}

/// Marks the voters that are new here: they hold no data yet and are counted in no quorum until they do.
/// A member that still syncs keeps its mark, whatever the operator wrote. An arbiter has nothing to sync.
pub fn mark_newly_added(old: &Config, new: &mut Config) {
    for member in &mut new.members {
        let syncs = old.member(member.id).is_none_or(|before| before.newly_added);
        member.newly_added = syncs && member.votes && !member.arbiter;
    }
}

/// What an operator asks for, one thing at a time: how models, simulations and stories speak of reconfigurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// An ordinary member with this id.
    Add(MemberId),
    /// An arbiter with this id.
    AddArbiter(MemberId),
    /// Without this member.
    Remove(MemberId),
    /// With or without a vote; without one the priority is 0.
    Votes(MemberId, bool),
    /// Another priority, in thousandths.
    Priority(MemberId, u32),
}

impl Change {
    /// The next configuration, if the change makes sense.
    #[must_use]
    pub fn of(self, old: &Config) -> Option<Config> {
        let mut new = old.clone();
        new.id.version += 1;
        match self {
            Self::Add(id) | Self::AddArbiter(id) => {
                old.member(id).is_none().then_some(())?;
                let mut member = MemberConfig::ordinary(id.0, "");
                if matches!(self, Self::AddArbiter(_)) {
                    (member.arbiter, member.priority_milli) = (true, 0);
                }
                let at = old.members.partition_point(|other| other.id < id);
                new.members.insert(at, member);
            }
            Self::Remove(id) => drop(new.members.remove(old.position(id)?)),
            Self::Votes(id, votes) => {
                let member = &mut new.members[old.position(id)?];
                member.votes = votes;
                member.priority_milli = if votes && !member.arbiter { 1000 } else { 0 };
            }
            Self::Priority(id, priority_milli) => {
                let member = &mut new.members[old.position(id)?];
                (member.votes && !member.arbiter).then_some(())?;
                member.priority_milli = priority_milli;
            }
        }
        Some(new)
    }

    /// The change that leads from one configuration to the other, whatever their versions.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Option<Self> {
        let gone = old.members.iter().find(|member| new.member(member.id).is_none());
        if let Some(gone) = gone {
            return Some(Self::Remove(gone.id));
        }
        new.members.iter().find_map(|member| {
            let id = member.id;
            match old.member(id) {
                None if member.arbiter => Some(Self::AddArbiter(id)),
                None => Some(Self::Add(id)),
                Some(before) if before.votes != member.votes => Some(Self::Votes(id, member.votes)),
                Some(before) if before.priority_milli != member.priority_milli => {
                    Some(Self::Priority(id, member.priority_milli))
                }
                Some(_) => None,
            }
        })
    }
}

fn voting(member: &MemberConfig) -> (bool, bool) {
    (member.votes, member.is_voter())
}

/// MongoDB's guard for primary, secondary and arbiter, for any number of arbiters: where fewer members commit than
/// elect, a new voter and the arbiters may be a majority that has nothing of what was committed. So it gets its vote
/// with priority 0 first, and its priority with a later configuration, before which it must have the data (C2).
fn electable_too_soon(old: &Config, new: &Config) -> Option<MemberId> {
    old.commits_by_fewer().then_some(())?;
    let gains = |member: &&MemberConfig| {
        let had = |before: &MemberConfig| before.votes && (!before.newly_added || member.newly_added);
        let electable = member.votes && !member.arbiter && member.priority_milli > 0;
        electable && !old.member(member.id).is_some_and(had)
    };
    new.members.iter().find(gains).map(|member| member.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vote_at_a_time() {
        let old = Config::ordinary(3);
        assert_eq!(check_change(&old, &next(&old, |_| {})), Ok(()));
        let remove = next(&old, |members| drop(members.pop()));
        assert_eq!(check_change(&old, &remove), Ok(()));
        let swap = next(&old, |members| members[2].id = MemberId(9));
        assert_eq!(check_change(&old, &swap), Err(Incompatible::ManyVotes));
        let two = next(&old, |members| members.truncate(1));
        assert_eq!(check_change(&old, &two), Err(Incompatible::ManyVotes));
        let mut add_two = next(&old, |members| {
            members.extend([MemberConfig::ordinary(3, ""), MemberConfig::ordinary(4, "")]);
        });
        mark_newly_added(&old, &mut add_two);
        assert_eq!(check_change(&old, &add_two), Err(Incompatible::ManyVotes));
    }

    #[test]
    fn a_new_voter_is_marked_until_it_has_synced() {
        let old = Config::ordinary(2);
        let mut add = next(&old, |members| members.push(MemberConfig::ordinary(2, "")));
        mark_newly_added(&old, &mut add);
        assert!(add.members[2].newly_added && add.majority() == 2 && add.voters() == 2);
        let mut again = next(&add, |members| members[2].newly_added = false);
        mark_newly_added(&add, &mut again);
        assert!(again.members[2].newly_added, "the operator can't clear it");
    }

    #[test]
    fn what_a_member_is_does_not_change() {
        let old = Config::ordinary(3);
        let flip = next(&old, |members| {
            (members[2].arbiter, members[2].priority_milli) = (true, 0);
        });
        assert_eq!(check_change(&old, &flip), Err(Incompatible::Arbiter(MemberId(2))));
        let flip = next(&old, |members| members[1].build_indexes = false);
        assert_eq!(
            check_change(&old, &flip),
            Err(Incompatible::BuildIndexes(MemberId(1)))
        );
        let mut older = old.clone();
        older.id.version = 1;
        assert_eq!(check_change(&old, &older), Err(Incompatible::Version));
    }

    #[test]
    fn the_second_data_member_of_a_psa_set_votes_before_it_may_lead() {
        let mut old = Config::ordinary(3);
        (old.members[1].votes, old.members[1].priority_milli) = (false, 0);
        (old.members[2].arbiter, old.members[2].priority_milli) = (true, 0);
        let both = next(&old, |members| {
            (members[1].votes, members[1].priority_milli) = (true, 1000);
        });
        assert_eq!(
            check_change(&old, &both),
            Err(Incompatible::ElectableTooSoon(MemberId(1)))
        );
        let votes = next(&old, |members| members[1].votes = true);
        assert_eq!(check_change(&old, &votes), Ok(()));
        let leads = next(&votes, |members| members[1].priority_milli = 1000);
        assert_eq!(check_change(&votes, &leads), Ok(()));
    }

    #[test]
    fn a_change_is_found_again_between_its_two_ends() {
        let mut old = Config::ordinary(3);
        (old.members[2].arbiter, old.members[2].priority_milli) = (true, 0);
        for change in [
            Change::Add(MemberId(7)),
            Change::AddArbiter(MemberId(7)),
            Change::Remove(MemberId(1)),
            Change::Votes(MemberId(1), false),
            Change::Priority(MemberId(1), 5000),
        ] {
            let new = change.of(&old).unwrap();
            assert_eq!(Change::between(&old, &new), Some(change));
        }
        assert_eq!(Change::Add(MemberId(1)).of(&old), None);
    }

    fn next(old: &Config, change: impl FnOnce(&mut Vec<MemberConfig>)) -> Config {
        let mut new = old.clone();
        new.id.version += 1;
        change(&mut new.members);
        new
    }
}
