//! I-12, LinearizableRead: a linearizable read that is answered sees every write acknowledged before it
//! began.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-12",
    name: "linearizable reads miss no write",
    check: Check::State(stale_read),
};

fn stale_read(cluster: &Cluster<'_>) -> Option<String> {
    cluster
        .ghosts
        .stale_read
        .then(|| "a linearizable read was answered without a write acknowledged before it began".to_owned())
}
