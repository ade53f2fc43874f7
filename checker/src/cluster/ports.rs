//! Loopback ports that stay free while nobody listens on them.

use std::{io, net::SocketAddr};

use tokio::net::TcpSocket;

use super::error::ClusterError;

/// A loopback port kept for a process that will listen on it, now and after each of its restarts.
///
/// The keeper holds a socket that is bound and never listens. With SO_REUSEADDR on both sides (every server
/// sets it, for the sake of TIME_WAIT) Linux lets the process bind beside it, while the kernel gives the
/// port to nobody who asks for just any: neither to a listener on port 0 nor as the near end of an outgoing
/// connection. Without it: 1. a node is killed; 2. a client's new connection happens to get the node's port
/// as its own; 3. the node cannot start again, and the run blames the node.
#[derive(Debug)]
pub struct PortKeeper {
    _socket: TcpSocket,
    address: SocketAddr,
}

impl PortKeeper {
    /// Keeps some free port of 127.0.0.1.
    pub fn any() -> Result<Self, ClusterError> {
        let keep = || -> io::Result<Self> {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let address = socket.local_addr()?;
            Ok(Self {
                _socket: socket,
                address,
            })
        };
        keep().map_err(ClusterError::Socket)
    }

    /// 127.0.0.1 and the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_server_can_listen_again_and_again_on_a_kept_port() {
        let keeper = PortKeeper::any().expect("a free port");
        for _ in 0..3 {
            let listener = TcpListener::bind(keeper.address()).expect("the port is free for its server");
            drop(listener);
        }
    }

    #[test]
    fn nobody_gets_a_kept_port_by_chance() {
        let kept: Vec<PortKeeper> = (0..50).map(|_| PortKeeper::any().expect("a free port")).collect();
        let mut addresses: Vec<SocketAddr> = kept.iter().map(PortKeeper::address).collect();
        let listeners: Vec<TcpListener> = (0..200)
            .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
            .collect();
        addresses.extend(
            listeners
                .iter()
                .map(|listener| listener.local_addr().expect("it is bound")),
        );
        addresses.sort();
        let count = addresses.len();
        addresses.dedup();
        assert_eq!(addresses.len(), count);
    }
}
