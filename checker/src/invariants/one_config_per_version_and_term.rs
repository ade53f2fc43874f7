//! I-17, OneConfigPer(version, term): configurations of one name are one.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-17",
    name: "one configuration per version and term",
    check: Check::State(two_of_a_name),
};

fn two_of_a_name(cluster: &Cluster<'_>) -> Option<String> {
    let configs: Vec<_> = cluster
        .members
        .iter()
        .map(|member| member.state.map_or(&member.disk.config, |state| &state.config))
        .collect();
    configs.iter().enumerate().find_map(|(at, one)| {
        let differs = |other: &&&std::sync::Arc<protocol::config::Config>| {
            !std::sync::Arc::ptr_eq(one, other) && one.id == other.id && one.members != other.members
        };
        configs[at + 1..].iter().find(differs).map(|_| {
            let (version, term) = (one.id.version, one.id.term.0);
            format!("there are two configurations of version {version} and term {term}")
        })
    })
}
