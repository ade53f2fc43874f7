//! How clients connect: nothing is retried, everything is bounded.

use std::net::SocketAddr;

use mongodb::{
    Client,
    error::Error,
    options::{ClientOptions, ServerAddress},
};

use super::{limits, witness::Witness};

/// A client of the whole set, as an application has it: it discovers the members and follows the primary.
pub fn replica_set(name: &str, members: &[SocketAddr], application: &str) -> Result<Client, Error> {
    witnessed(name, members, application, &Witness::default())
}

/// A client of one member, whatever that member is.
pub fn direct(member: SocketAddr, application: &str) -> Result<Client, Error> {
    let mut options = options(&[member], application);
    options.direct_connection = Some(true);
    Client::with_options(options)
}

/// As [`direct`], for whoever reads everything at a time when nothing is disturbed: its own watch over the connection does
/// not break it because the machine is busy.
pub fn patient(member: SocketAddr, application: &str) -> Result<Client, Error> {
    let mut options = options(&[member], application);
    options.direct_connection = Some(true);
    options.connect_timeout = Some(limits::PATIENT);
    options.server_selection_timeout = Some(limits::PATIENT);
    Client::with_options(options)
}

/// As [`replica_set`], with a witness of what was sent.
pub(super) fn witnessed(
    name: &str,
    members: &[SocketAddr],
    application: &str,
    witness: &Witness,
) -> Result<Client, Error> {
    let mut options = options(members, application);
    options.repl_set_name = Some(name.to_owned());
    options.cmap_event_handler = Some(witness.handler());
    Client::with_options(options)
}

/// The member's address as the driver spells it.
pub(super) fn address(member: SocketAddr) -> ServerAddress {
    ServerAddress::Tcp {
        host: member.ip().to_string(),
        port: Some(member.port()),
    }
}

fn options(members: &[SocketAddr], application: &str) -> ClientOptions {
    let mut options = ClientOptions::default();
    options.hosts = members.iter().copied().map(address).collect();
    options.app_name = Some(application.to_owned());
    // A silent retry would turn "unknown" into "ok" or do a write twice: what the client saw once is what
    // the history must hold.
    options.retry_writes = Some(false);
    options.retry_reads = Some(false);
    options.max_adaptive_retries = Some(0);
    options.server_selection_timeout = Some(limits::SERVER_SELECTION);
    options.connect_timeout = Some(limits::CONNECT);
    options.heartbeat_freq = Some(limits::HEARTBEAT);
    options
}
