//! Who opened a connection: socket → inode → the process that holds it. No cooperation of the process is
//! needed, so any server can stand behind the proxy.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use super::link::Endpoint;
use crate::nemesis::fault::Member;

/// Who opened the connection from `far` (its end) to `near` (our end), given the members' process ids.
/// Nothing if the connection's other end is already gone.
pub(super) fn opener(far: SocketAddr, near: SocketAddr, pids: &BTreeMap<Member, i32>) -> Option<Endpoint> {
    let table = fs::read_to_string("/proc/self/net/tcp").ok()?;
    let inode = inode_of(&table, far, near)?;
    let link = format!("socket:[{inode}]");
    let member = pids.iter().find(|(_, pid)| holds(**pid, &link));
    Some(member.map_or(Endpoint::Clients, |(member, _)| Endpoint::Member(*member)))
}

/// Whether the process `pid` opened the connection from `far` to `near`: the trial of this whole way of
/// knowing.
pub fn is_opened_by(far: SocketAddr, near: SocketAddr, pid: i32) -> bool {
    opener(far, near, &BTreeMap::from([(0, pid)])) == Some(Endpoint::Member(0))
}

/// The inode of the socket whose own end is `local` and whose other end is `remote`, from the kernel's table.
fn inode_of(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    let (local, remote) = (table_form(local)?, table_form(remote)?);
    let line = table.lines().skip(1).find(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        fields.next() == Some(local.as_str()) && fields.next() == Some(remote.as_str())
    })?;
    let inode = line.split_ascii_whitespace().nth(9)?.parse().ok()?;
    // A socket that no process holds any more has inode 0.
    (inode != 0).then_some(inode)
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

fn holds(pid: i32, link: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors
        .flatten()
        .any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|target| target == Path::new(link)))
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
        assert_eq!(
            opener(far, near, &BTreeMap::from([(4, me)])),
            Some(Endpoint::Member(4))
        );
        assert_eq!(
            opener(far, near, &BTreeMap::from([(4, 1)])),
            Some(Endpoint::Clients)
        );
        drop(stream);
        assert_eq!(opener(far, near, &BTreeMap::from([(4, me)])), None);
    }
}
