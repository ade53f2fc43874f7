//! The network of a run: the proxy, which needs nothing, or the packet network, which needs namespaces.

use std::net::SocketAddr;

use super::{
    error::ClusterError,
    ports::PortKeeper,
    proxy::{Endpoint, Heal, LinkCounts, LinkRule, Proxy},
    switch::{Room, Switch},
};
use crate::nemesis::fault::Member;

/// Which one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkBackend {
    /// Connections, in this process.
    #[default]
    Proxy,
    /// Packets, between network namespaces.
    Packets,
}

/// Every directed link between members, and between members and clients.
#[derive(Debug)]
pub enum Network {
    /// The proxy, and the ports that it keeps free for the members.
    Proxy(Proxy, Vec<PortKeeper>),
    /// The switch.
    Packets(Switch),
}

impl NetworkBackend {
    /// Its name in records.
    pub fn word(self) -> &'static str {
        match self {
            NetworkBackend::Proxy => "proxy",
            NetworkBackend::Packets => "packet switch",
        }
    }
}

impl Network {
    /// A network for so many members.
    ///
    /// # Errors
    /// When sockets, or namespaces, cannot be had.
    pub fn start(backend: NetworkBackend, members: u8, seed: u64) -> Result<Self, ClusterError> {
        if backend == NetworkBackend::Packets {
            return Switch::start(members, seed).map(Self::Packets);
        }
        let ports = (0..members).map(|_| PortKeeper::any());
        let ports: Vec<PortKeeper> = ports.collect::<Result<_, _>>()?;
        let listens: Vec<SocketAddr> = ports.iter().map(PortKeeper::address).collect();
        Ok(Self::Proxy(Proxy::start(&listens, seed)?, ports))
    }

    /// Which one it is.
    pub fn backend(&self) -> NetworkBackend {
        match self {
            Self::Proxy(..) => NetworkBackend::Proxy,
            Self::Packets(_) => NetworkBackend::Packets,
        }
    }

    /// Where a member listens, past all faults.
    pub fn private(&self, member: Member) -> SocketAddr {
        match self {
            Self::Proxy(_, ports) => ports[usize::from(member)].address(),
            Self::Packets(switch) => switch.private(member),
        }
    }

    /// The address under which the world knows a member.
    pub fn address(&self, member: Member) -> SocketAddr {
        match self {
            Self::Proxy(proxy, _) => proxy.address(member),
            Self::Packets(switch) => switch.address(member),
        }
    }

    /// Where its process must be started, if that is not here.
    pub fn room(&self, member: Member) -> Option<Room> {
        match self {
            Self::Proxy(..) => None,
            Self::Packets(switch) => Some(switch.room(member)),
        }
    }

    /// Tells which process is the member now; packets are known by their addresses, connections by their owners.
    pub fn set_pid(&self, member: Member, pid: Option<i32>) {
        if let Self::Proxy(proxy, _) = self {
            proxy.set_pid(member, pid);
        }
    }

    /// From now on the directed link behaves so, for open connections as for new ones.
    pub fn set_rule(&self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        match self {
            Self::Proxy(proxy, _) => proxy.set_rule(from, to, rule),
            Self::Packets(switch) => switch.set_rule(from, to, rule),
        }
    }

    /// The directed link is well again.
    pub fn heal(&self, from: Endpoint, to: Endpoint, heal: Heal) {
        match self {
            Self::Proxy(proxy, _) => proxy.heal(from, to, heal),
            Self::Packets(switch) => switch.heal(from, to, heal),
        }
    }

    /// Breaks every connection that carries the directed link, once.
    pub fn reset(&self, from: Endpoint, to: Endpoint) {
        match self {
            Self::Proxy(proxy, _) => proxy.reset(from, to),
            Self::Packets(switch) => switch.reset(from, to),
        }
    }

    /// Takes the receiving end of every open connection that carries the directed link away, behind the sender's back.
    pub fn halve(&self, from: Endpoint, to: Endpoint) {
        match self {
            Self::Proxy(proxy, _) => proxy.halve(from, to),
            Self::Packets(switch) => switch.halve(from, to),
        }
    }

    /// What was counted on the directed link so far.
    pub fn counts(&self, from: Endpoint, to: Endpoint) -> LinkCounts {
        match self {
            Self::Proxy(proxy, _) => proxy.counts(from, to),
            Self::Packets(switch) => switch.counts(from, to),
        }
    }
}
