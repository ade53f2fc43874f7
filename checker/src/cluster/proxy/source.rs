//! Who opened a connection: socket → inode → the process that holds it. No cooperation of the process is
//! needed, so any server can stand behind the proxy.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
};

use super::link::Endpoint;
use crate::nemesis::fault::Member;

/// A connection as we see it: its far end, and ours.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// Who opened each of the connections, given the members' process ids. Nothing for a connection whose other
/// end is already gone. One pass over the kernel's tables serves them all: they are long on a busy machine.
pub(super) fn openers(connections: &[Ends], pids: &BTreeMap<Member, i32>) -> Vec<Option<Endpoint>> {
    let Ok(table) = fs::read_to_string("/proc/self/net/tcp") else {
        return vec![None; connections.len()];
    };
    let inodes = inodes_of(&table, connections);
    let owners: BTreeMap<String, Member> = pids
        .iter()
        .flat_map(|(member, pid)| sockets_of(*pid).into_iter().map(|link| (link, *member)))
        .collect();
    let owner = |inode: &u64| match owners.get(&format!("socket:[{inode}]")) {
        Some(member) => Endpoint::Member(*member),
        None => Endpoint::Clients,
    };
    inodes.iter().map(|inode| inode.as_ref().map(owner)).collect()
}

/// Whether the process `pid` opened the connection from `far` to `near`: the trial of this whole way of
/// knowing.
pub fn is_opened_by(far: SocketAddr, near: SocketAddr, pid: i32) -> bool {
    openers(&[(far, near)], &BTreeMap::from([(0, pid)])) == [Some(Endpoint::Member(0))]
}

/// The inodes of the sockets at the connections' far ends, from the kernel's table.
fn inodes_of(table: &str, connections: &[Ends]) -> Vec<Option<u64>> {
    let mut wanted: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (index, (far, near)) in connections.iter().enumerate() {
        if let (Some(far), Some(near)) = (table_form(*far), table_form(*near)) {
            wanted.insert((far, near), index);
        }
    }
    let mut inodes = vec![None; connections.len()];
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, ..] = fields[..] else {
            continue;
        };
        let Some(index) = wanted.get(&(local.to_owned(), remote.to_owned())) else {
            continue;
        };
        // A socket that no process holds any more has inode 0.
        inodes[*index] = fields
            .get(9)
            .and_then(|inode| inode.parse().ok())
            .filter(|inode: &u64| *inode != 0);
    }
    inodes
}

/// An address as `/proc/net/tcp` prints it: the IPv4 address as a native word in hex, and the port.
fn table_form(address: SocketAddr) -> Option<String> {
    match address.ip() {
        IpAddr::V4(ip) => Some(format!(
            "{:08X}:{:04X}",
            u32::from_ne_bytes(ip.octets()),
            address.port()
        )),
        IpAddr::V6(_) => None,
    }
}

/// The sockets that a process holds, as `socket:[INODE]`.
fn sockets_of(pid: i32) -> Vec<String> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let links = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    links
        .filter_map(|link| link.into_os_string().into_string().ok())
        .filter(|link| link.starts_with("socket:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn finds_the_process_that_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        let (accepted, far) = listener.accept().expect("somebody connected");
        let near = accepted.local_addr().expect("it is connected");
        let me = std::process::id() as i32;
        let ask = |pid| openers(&[(near, near), (far, near)], &BTreeMap::from([(4, pid)]));
        assert_eq!(ask(me), [None, Some(Endpoint::Member(4))]);
        assert_eq!(ask(i32::MAX), [None, Some(Endpoint::Clients)]);
        drop(stream);
        assert_eq!(ask(me), [None, None]);
    }
}
