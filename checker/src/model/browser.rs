//! A model state by state, in a browser: Stateright's explorer.

use std::net::{SocketAddr, TcpListener};

use protocol::member::Rules;
use stateright::Model as _;

use super::family::NamedModel;
use super::replica_set::ReplicaSet;

/// Serves the explorer at `address` until the process ends.
///
/// # Errors
/// When nothing can listen there: the explorer itself would panic.
pub fn serve(model: &NamedModel, rules: Rules, address: SocketAddr) -> std::io::Result<()> {
    drop(TcpListener::bind(address)?);
    ReplicaSet::new(model.bounds, rules).checker().serve(address);
    Ok(())
}
