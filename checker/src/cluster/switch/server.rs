//! The switch at work: a thread a wire, and one for what is delivered later.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    os::fd::AsFd as _,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tun_rs::SyncDevice;

use super::{
    fabric::{self, Fabric},
    namespace::{self, Room, refused},
};
use crate::{
    cluster::{
        error::ClusterError,
        proxy::{Endpoint, Heal, LinkCounts, LinkRule},
    },
    nemesis::fault::Member,
};

/// How long a thread sleeps at most before it looks whether all is over.
const NAP: Duration = Duration::from_millis(200);
/// The largest packet of a device.
const PACKET_MAX: usize = 65_536;

/// The network of one run. Dropping it takes it down.
#[derive(Debug)]
pub struct Switch {
    shared: Arc<Shared>,
    rooms: Vec<Room>,
}

#[derive(Debug)]
struct Shared {
    fabric: Mutex<Fabric>,
    sooner: Condvar,
    over: AtomicBool,
    wires: BTreeMap<Endpoint, Wire>,
}

/// A device, which has no words of its own for `Debug`.
struct Wire(SyncDevice);

impl Switch {
    /// Makes the namespaces, and wires them. `seed` feeds losses and jitter.
    ///
    /// # Errors
    /// Outside of a namespace in which this process may do so (see `inside`).
    pub fn start(members: u8, seed: u64) -> Result<Self, ClusterError> {
        let mut wires = BTreeMap::from([(Endpoint::Clients, Wire(namespace::device(Endpoint::Clients)?))]);
        let mut rooms = Vec::new();
        for member in (0..members).map(Endpoint::Member) {
            let (room, device) = namespace::of_member(member)?;
            rooms.push(room);
            wires.insert(member, Wire(device));
        }
        let shared = Arc::new(Shared {
            fabric: Mutex::new(Fabric::new(seed)),
            sooner: Condvar::new(),
            over: AtomicBool::new(false),
            wires,
        });
        let ends: Vec<Endpoint> = shared.wires.keys().copied().collect();
        for end in ends {
            let shared = Arc::clone(&shared);
            spawn("switch-wire", move || shared.listen(end))?;
        }
        let clock = Arc::clone(&shared);
        spawn("switch-clock", move || clock.deliver())?;
        Ok(Self { shared, rooms })
    }

    /// The address under which the world knows a member.
    pub fn address(&self, member: Member) -> SocketAddr {
        fabric::advertised(member)
    }

    /// The address at which only the operator finds it: no rule touches it.
    pub fn private(&self, member: Member) -> SocketAddr {
        fabric::private(member)
    }

    /// Where a member's process must be started.
    pub fn room(&self, member: Member) -> Room {
        self.rooms[usize::from(member)].clone()
    }

    /// From now on the directed link behaves so.
    pub fn set_rule(&self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        self.shared.change(|fabric| fabric.set_rule(from, to, rule));
    }

    /// The directed link is well again.
    pub fn heal(&self, from: Endpoint, to: Endpoint, heal: Heal) {
        self.shared
            .change(|fabric| fabric.heal(Instant::now(), from, to, heal));
    }

    /// Breaks every connection that carries the directed link, once.
    pub fn reset(&self, from: Endpoint, to: Endpoint) {
        self.shared
            .change(|fabric| fabric.reset(Instant::now(), from, to));
    }

    /// Lets the receiver forget every connection that carries the directed link; the sender is not told.
    pub fn halve(&self, from: Endpoint, to: Endpoint) {
        self.shared
            .change(|fabric| fabric.halve(Instant::now(), from, to));
    }

    /// What was counted on the directed link so far.
    pub fn counts(&self, from: Endpoint, to: Endpoint) -> LinkCounts {
        self.shared.lock().counts(from, to)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.shared.sooner.notify_all();
    }
}

impl Shared {
    /// One wire: what it carries is taken, and what is due is delivered at once.
    fn listen(&self, end: Endpoint) {
        let Some(Wire(device)) = self.wires.get(&end) else {
            return;
        };
        let mut buffer = vec![0; PACKET_MAX];
        let nap = PollTimeout::try_from(NAP).unwrap_or(PollTimeout::ZERO);
        while !self.over.load(Ordering::Relaxed) {
            let mut wire = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
            if !matches!(poll(&mut wire, nap), Ok(1..)) {
                continue;
            }
            if let Ok(length) = device.recv(&mut buffer) {
                self.change(|fabric| fabric.take(Instant::now(), buffer[..length].to_vec()));
            }
        }
    }

    /// What is delivered later.
    fn deliver(&self) {
        let mut fabric = self.lock();
        while !self.over.load(Ordering::Relaxed) {
            self.flush(&mut fabric);
            let pause = fabric
                .next()
                .map_or(NAP, |next| next.saturating_duration_since(Instant::now()));
            let waited = self.sooner.wait_timeout(fabric, pause.min(NAP));
            fabric = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Fabric)) {
        let mut fabric = self.lock();
        let before = fabric.next();
        change(&mut fabric);
        self.flush(&mut fabric);
        if fabric.next() < before || before.is_none() {
            self.sooner.notify_one();
        }
    }

    /// Under the lock, so that packets of a link cannot overtake each other here.
    fn flush(&self, fabric: &mut Fabric) {
        for (to, packet) in fabric.due(Instant::now()) {
            if let Some(Wire(device)) = self.wires.get(&to) {
                // A packet that a wire does not take is lost, as on any.
                let _ = device.send(&packet);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fabric> {
        self.fabric.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Wire")
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), ClusterError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| refused("a thread", error))
}
