//! Write concerns that the operator has named (`settings.getLastErrorModes`): not how many members, but which kinds.

use serde::{Deserialize, Serialize};

use crate::config::MemberSet;

/// A mode's name, shortened: what clients ask for stays small and survives a reconfiguration that moves the modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModeId(pub u32);

impl ModeId {
    /// The id of this name (FNV-1a). Whoever reads a configuration refuses two names with one id.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(name.bytes().fold(0x811C_9DC5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        }))
    }
}

/// One named write concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteMode {
    /// Which.
    pub id: ModeId,
    /// All must hold: one a tag.
    pub constraints: Vec<TagConstraint>,
}

/// `{dc: 2}`: members with so many different values of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagConstraint {
    /// So many values.
    pub values_min: usize,
    /// Who has the tag, by value.
    pub by_value: Vec<MemberSet>,
}

impl WriteMode {
    /// Is it met when these members have the entry?
    #[must_use]
    pub fn is_met_by(&self, reached: MemberSet) -> bool {
        self.constraints.iter().all(|constraint| {
            let values = constraint
                .by_value
                .iter()
                .filter(|members| members.0 & reached.0 != 0)
                .count();
            values >= constraint.values_min
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_not_members() {
        // Members 0 and 1 in one data centre, 2 in another.
        let mode = WriteMode {
            id: ModeId::of("two centres"),
            constraints: vec![TagConstraint {
                values_min: 2,
                by_value: vec![MemberSet(0b011), MemberSet(0b100)],
            }],
        };
        assert!(!mode.is_met_by(MemberSet(0b011)));
        assert!(mode.is_met_by(MemberSet(0b101)));
    }

    #[test]
    fn all_tags_must_be_met() {
        let one_of = |members| TagConstraint {
            values_min: 1,
            by_value: vec![MemberSet(members)],
        };
        let mode = WriteMode {
            id: ModeId::of("both"),
            constraints: vec![one_of(0b001), one_of(0b010)],
        };
        assert!(!mode.is_met_by(MemberSet(0b001)));
        assert!(mode.is_met_by(MemberSet(0b011)));
    }
}
