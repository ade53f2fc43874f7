//! The replica-set configuration: members, votes, majorities; `(config term, config version)`.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::concern::W;
use crate::optime::Term;
use crate::write_mode::{ModeId, WriteMode};

/// A member's `_id` in the configuration, 0…255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberId(pub u8);

/// Which configuration is newer: term first, then version. A forced configuration has term −1 and is compared
/// by version alone: hence [`ConfigId::is_newer_than`]; the derived order is only for containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConfigId {
    /// Term of the primary that installed it.
    pub term: Term,
    /// Rises by one with each reconfiguration.
    pub version: u32,
}

impl ConfigId {
    /// The configuration of a member that has none.
    pub const NONE: Self = Self {
        term: Term::NONE,
        version: 0,
    };

    /// Is `self` newer than `other`?
    #[must_use]
    pub fn is_newer_than(self, other: Self) -> bool {
        if self.term == Term::NONE || other.term == Term::NONE {
            return self.version > other.version;
        }
        (self.term, self.version) > (other.term, other.version)
    }
}

/// One member's row of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberConfig {
    /// `_id`, unique, 0…255.
    pub id: MemberId,
    /// `host:port` by which everybody reaches it.
    pub host: String,
    /// Has a vote.
    pub votes: bool,
    /// Thousandths of MongoDB's priority; 0 never stands.
    pub priority_milli: u32,
    /// Votes, holds no data.
    pub arbiter: bool,
    /// Not told to clients.
    pub hidden: bool,
    /// Applies entries this many seconds late.
    pub delay_secs: u32,
    /// Builds secondary indexes.
    pub build_indexes: bool,
    /// In its first initial sync: counted in no quorum.
    pub newly_added: bool,
}

impl MemberConfig {
    /// An ordinary voting, data-bearing member with priority 1.
    #[must_use]
    pub fn ordinary(id: u8, host: &str) -> Self {
        Self {
            id: MemberId(id),
            host: host.to_owned(),
            votes: true,
            priority_milli: 1000,
            arbiter: false,
            hidden: false,
            delay_secs: 0,
            build_indexes: true,
            newly_added: false,
        }
    }

    /// Counts in elections: has a vote and is not in its first initial sync.
    #[must_use]
    pub fn is_voter(&self) -> bool {
        self.votes && !self.newly_added
    }

    /// May ever become primary.
    #[must_use]
    pub fn is_electable(&self) -> bool {
        self.priority_milli > 0 && !self.arbiter && self.is_voter()
    }
}

/// A set of members, by their position in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberSet(pub u64);

impl MemberSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// Adds the member at `position`.
    pub fn insert(&mut self, position: usize) {
        self.0 |= 1 << position;
    }

    /// Is the member at `position` in the set?
    #[must_use]
    pub fn contains(self, position: usize) -> bool {
        self.0 & (1 << position) != 0
    }

    /// Number of members in the set.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Has no member.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// `(term, version)`.
    pub id: ConfigId,
    /// Name of the set; messages of another set are refused.
    pub set_name: String,
    /// At most [`Config::MEMBERS_MAX`], in the order of the document.
    pub members: Vec<MemberConfig>,
    /// A majority write is durable on each counted member (`writeConcernMajorityJournalDefault`).
    pub majority_journaled: bool,
    /// Secondaries may pull from secondaries.
    pub chaining_allowed: bool,
    /// Write concerns that the operator has named.
    pub modes: Vec<WriteMode>,
    /// The document as the operator wrote it (BSON), for `replSetGetConfig`; opaque here.
    pub document: Vec<u8>,
}

impl Hash for Config {
    // Equal configurations have equal ids; hashing the whole would cost the model checker dearly.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.members.len().hash(state);
    }
}

impl Config {
    /// MongoDB's limit on members.
    pub const MEMBERS_MAX: usize = 50;
    /// MongoDB's limit on voting members.
    pub const VOTERS_MAX: usize = 7;

    /// The configuration of a member that has none yet.
    #[must_use]
    pub fn none() -> Self {
        Self {
            id: ConfigId::NONE,
            set_name: String::new(),
            members: Vec::new(),
            majority_journaled: true,
            chaining_allowed: true,
            modes: Vec::new(),
            document: Vec::new(),
        }
    }

    /// `n` ordinary members with ids 0…n−1, version 1: what models and tests start with.
    #[must_use]
    pub fn ordinary(n: u8) -> Self {
        Self {
            id: ConfigId {
                term: Term::INITIAL,
                version: 1,
            },
            set_name: "model".to_owned(),
            members: (0..n).map(|id| MemberConfig::ordinary(id, "")).collect(),
            ..Self::none()
        }
    }

    /// The same configuration as if it had been forced: it has no term, so no primary stamps it with its own.
    /// What models and stories start with that do not ask about configurations.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.id.term = Term::NONE;
        self
    }

    /// Is there a configuration at all?
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.id == ConfigId::NONE
    }

    /// Position of the member with this id.
    #[must_use]
    pub fn position(&self, id: MemberId) -> Option<usize> {
        self.members.iter().position(|member| member.id == id)
    }

    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&MemberConfig> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The write concern of this name.
    #[must_use]
    pub fn mode(&self, id: ModeId) -> Option<&WriteMode> {
        self.modes.iter().find(|mode| mode.id == id)
    }

    /// Members that hold data, by position.
    #[must_use]
    pub fn data_bearing(&self) -> MemberSet {
        let mut set = MemberSet::EMPTY;
        let members = self.members.iter().enumerate();
        members
            .filter(|(_, member)| !member.arbiter)
            .for_each(|(position, _)| set.insert(position));
        set
    }

    /// Could this concern ever be met in this configuration?
    #[must_use]
    pub fn can_satisfy(&self, w: W) -> bool {
        match w {
            W::Majority => true,
            W::Members(count) => usize::from(count) <= self.data_bearing().len(),
            W::Mode(id) => self
                .mode(id)
                .is_some_and(|mode| mode.is_met_by(self.data_bearing())),
        }
    }

    /// Number of voters.
    #[must_use]
    pub fn voters(&self) -> usize {
        self.members.iter().filter(|member| member.is_voter()).count()
    }

    /// Votes needed to win an election: more than half of the voters.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.voters() / 2 + 1
    }

    /// Voters that hold data.
    #[must_use]
    pub fn data_voters(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.is_voter() && !member.arbiter)
            .count()
    }

    /// Members that must have an entry before it is majority-committed.
    #[must_use]
    pub fn write_majority(&self) -> usize {
        self.majority().min(self.data_voters())
    }

    /// So many arbiters vote that fewer members commit an entry than elect a primary.
    #[must_use]
    pub fn commits_by_fewer(&self) -> bool {
        self.write_majority() < self.majority()
    }

    /// Is `set` (of voters) a majority of the voters?
    #[must_use]
    pub fn is_majority(&self, set: MemberSet) -> bool {
        let votes = self
            .members
            .iter()
            .enumerate()
            .filter(|(position, member)| member.is_voter() && set.contains(*position))
            .count();
        votes >= self.majority()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majorities_count_voters_only() {
        let mut config = Config::ordinary(5);
        config.members[3].votes = false;
        config.members[4].newly_added = true;
        assert_eq!(config.majority(), 2);
        assert!(
            !config.is_majority(MemberSet(0b11001)),
            "one voter and two without a vote"
        );
        assert!(config.is_majority(MemberSet(0b00011)));
    }

    #[test]
    fn arbiters_never_count_for_data() {
        let mut config = Config::ordinary(3);
        config.members[2].arbiter = true;
        assert_eq!(config.write_majority(), 2);
        assert_eq!(config.majority(), 2);
    }

    #[test]
    fn a_forced_config_compares_by_version() {
        let forced = ConfigId {
            term: Term::NONE,
            version: 9,
        };
        assert!(forced.is_newer_than(ConfigId {
            term: Term(7),
            version: 8
        }));
        assert!(
            ConfigId {
                term: Term(3),
                version: 1
            }
            .is_newer_than(ConfigId {
                term: Term(2),
                version: 5
            })
        );
    }
}
