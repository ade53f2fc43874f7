//! I-16, ActiveConfigsOverlap (logless reconfiguration; R-102…R-106): any two configurations that could still elect a
//! primary have no disjoint majorities.

use std::sync::Arc;

use protocol::config::{Config, ConfigId};

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-16",
    name: "active configurations overlap",
    check: Check::State(disjoint_majorities),
};

/// Two active configurations with disjoint majorities, in words.
pub fn disjoint_majorities(cluster: &Cluster<'_>) -> Option<String> {
    let in_force: Vec<&Arc<Config>> = cluster
        .members
        .iter()
        .map(|member| member.state.map_or(&member.disk.config, |state| &state.config))
        .collect();
    let first = in_force.first()?;
    if in_force.iter().all(|config| Arc::ptr_eq(config, first)) {
        return None;
    }
    let active: Vec<&Config> = in_force
        .iter()
        .map(|config| config.as_ref())
        .filter(|config| !config.is_none() && is_active(cluster, config))
        .collect();
    active.iter().enumerate().find_map(|(at, one)| {
        let other = active[at + 1..].iter().find(|other| !overlap(one, other))?;
        let name = |id: ConfigId| format!("version {} term {}", id.version, id.term.0);
        Some(format!(
            "{} and {} can elect a primary each",
            name(one.id),
            name(other.id)
        ))
    })
}

/// A majority of its voters has nothing newer: they would vote for a candidate that has it.
fn is_active(cluster: &Cluster<'_>, config: &Config) -> bool {
    let votes = cluster.members.iter().filter(|member| {
        let voter = config.member(member.disk.me).is_some_and(|row| row.is_voter());
        let theirs = member
            .state
            .map_or(member.disk.config.id, |state| state.config.id);
        voter && !theirs.is_newer_than(config.id)
    });
    votes.count() >= config.majority()
}

/// Does each majority of the one share a member with each majority of the other?
fn overlap(one: &Config, other: &Config) -> bool {
    let voters = |config: &Config| -> Vec<_> {
        let voters = config.members.iter().filter(|member| member.is_voter());
        voters.map(|member| member.id).collect()
    };
    let (mine, theirs) = (voters(one), voters(other));
    let shared = mine.iter().filter(|id| theirs.contains(id)).count();
    // Both take as many as they can from those that they do not share.
    let need = |majority: usize, alone: usize| majority.saturating_sub(alone);
    need(one.majority(), mine.len() - shared) + need(other.majority(), theirs.len() - shared) > shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::config::MemberId;
    use protocol::config_change::Change;

    #[test]
    fn one_vote_more_or_less_overlaps_and_two_need_not() {
        let four = Config::ordinary(4);
        let without = |id| Change::Remove(MemberId(id)).of(&four).unwrap();
        assert!(overlap(&four, &without(0)) && overlap(&four, &four));
        // {0, 1, 2} and {1, 2, 3}: majorities {0, 1} and {2, 3}.
        assert!(!overlap(&without(3), &without(0)));
    }
}
