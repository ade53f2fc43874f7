//! One end of the network: a namespace, and the device in it whose packets come to the switch.

use std::{
    fs::{self, File},
    io,
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

use nix::sched::{CloneFlags, setns, unshare};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use super::fabric;
use crate::cluster::{error::ClusterError, proxy::Endpoint};

/// The device's name in its namespace.
const DEVICE: &str = "checker0";
/// Ethernet's, so that segments have their usual sizes.
const MTU: u16 = 1_500;

/// A network namespace in which processes can be started. It lives as long as this, and as they.
#[derive(Clone, Debug)]
pub struct Room(Arc<File>);

impl Room {
    /// Moves the calling thread into it.
    pub(in crate::cluster) fn enter(&self) -> io::Result<()> {
        setns(&*self.0, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
    }

    /// The namespace in which the calling thread is.
    pub(in crate::cluster) fn here() -> io::Result<Self> {
        File::open("/proc/thread-self/ns/net").map(|file| Self(Arc::new(file)))
    }
}

/// A new room with the member's addresses.
pub(super) fn of_member(end: Endpoint) -> Result<(Room, SyncDevice), ClusterError> {
    let made = thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|error| refused("a network namespace", error.into()))?;
        let room = Room::here().map_err(|error| refused("/proc", error))?;
        Ok((room, device(end)?))
    });
    made.join()
        .unwrap_or_else(|_| Err(refused("a thread", io::Error::other("it crashed"))))
}

/// A device with the end's addresses in the namespace of the calling thread.
pub(super) fn device(end: Endpoint) -> Result<SyncDevice, ClusterError> {
    let device = DeviceBuilder::new()
        .name(DEVICE)
        .layer(Layer::L3)
        .mtu(MTU)
        .enable(false)
        .build_sync();
    let device = device.map_err(|error| refused("/dev/net/tun", error))?;
    // Without it the kernel looks for routers; nothing of the set speaks IPv6.
    let _ = fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    for address in fabric::addresses(end) {
        ip(&["address", "add", &address, "dev", DEVICE])?;
    }
    ip(&["link", "set", DEVICE, "up"])?;
    ip(&["link", "set", "lo", "up"])?;
    Ok(device)
}

fn ip(arguments: &[&str]) -> Result<(), ClusterError> {
    let output = Command::new("ip").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| refused("the program `ip`", error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(refused("`ip`", io::Error::other(words)))
}

pub(super) fn refused(what: &'static str, source: io::Error) -> ClusterError {
    ClusterError::Network { what, source }
}
