//! The proxy: one listener per member, every connection carried under its two links' rules.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot},
};

use super::{
    board::{Board, LinkCell, LinkState},
    link::{Endpoint, Heal, LinkCounts, LinkRule, Passage, count},
    pump::{End, pump},
    source::{self, Ends},
};
use crate::{
    cluster::error::ClusterError,
    nemesis::{dice::Dice, fault::Member},
};

/// Connections carried at once; more are reset when they come, so that a storm of them cannot eat the
/// checker's descriptors.
const CONNECTIONS_MAX: usize = 4096;

/// How long a member may take to answer a connection (its kernel does, even while it is paused).
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// After an error of `accept` (no descriptors left): time for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Stands in front of every member: its addresses are what the replica set's configuration names, so that
/// all traffic, of members and of clients, goes through it. It runs in a thread of its own, so that a busy
/// checker does not slow the cluster. Dropping it closes everything.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    _stop: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    board: Board,
    pids: Mutex<BTreeMap<Member, i32>>,
    seed: u64,
    connections: AtomicU64,
    slots: Arc<Semaphore>,
    questions: mpsc::UnboundedSender<Question>,
}

impl Proxy {
    /// Listens on a free loopback port for each of `upstreams`, the members' real addresses in their order.
    /// `seed` feeds the jitter.
    pub fn start(upstreams: &[SocketAddr], seed: u64) -> Result<Self, ClusterError> {
        let members = u8::try_from(upstreams.len()).expect("a replica set has at most 50 members");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ClusterError::Socket)?;
        // At most one question per connection waits, and their number is limited.
        let (questions, asked) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            board: Board::new(members),
            pids: Mutex::default(),
            seed,
            connections: AtomicU64::new(0),
            slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            questions,
        });
        runtime.spawn(answer(Arc::downgrade(&shared), asked));
        let mut addresses = Vec::new();
        for (member, upstream) in (0..members).zip(upstreams) {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(ClusterError::Socket)?;
            addresses.push(listener.local_addr().map_err(ClusterError::Socket)?);
            listener.set_nonblocking(true).map_err(ClusterError::Socket)?;
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(listener).map_err(ClusterError::Socket)?;
            runtime.spawn(listen(Arc::clone(&shared), listener, member, *upstream));
        }
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || {
                // Ends when the sender is dropped; dropping the runtime then closes every connection.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            })
            .map_err(ClusterError::Socket)?;
        Ok(Self {
            shared,
            addresses,
            _stop: stop,
        })
    }

    /// The address under which the world knows a member.
    pub fn address(&self, member: Member) -> SocketAddr {
        self.addresses[usize::from(member)]
    }

    /// Tells which process is the member now: its connections are known by it. To be told right after each
    /// start, before the process can have connected anywhere.
    pub fn set_pid(&self, member: Member, pid: Option<i32>) {
        let mut pids = self.shared.pids.lock().unwrap_or_else(PoisonError::into_inner);
        match pid {
            Some(pid) => pids.insert(member, pid),
            None => pids.remove(&member),
        };
    }

    /// From now on the directed link behaves so, for open connections as for new ones.
    pub fn set_rule(&self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        self.shared.board.set_rule(from, to, rule);
    }

    /// The directed link is well again.
    pub fn heal(&self, from: Endpoint, to: Endpoint, heal: Heal) {
        self.shared.board.heal(from, to, heal);
    }

    /// Breaks every connection that carries the directed link, once.
    pub fn reset(&self, from: Endpoint, to: Endpoint) {
        self.shared.board.reset(from, to);
    }

    /// Takes the receiving end of every open connection that carries the directed link away, behind the sender's back:
    /// what it sends is swallowed until the link is healed or reset.
    pub fn halve(&self, from: Endpoint, to: Endpoint) {
        self.shared.board.halve(from, to);
    }

    /// What was counted on the directed link so far.
    pub fn counts(&self, from: Endpoint, to: Endpoint) -> LinkCounts {
        self.shared.board.counts(from, to)
    }
}

async fn listen(shared: Arc<Shared>, listener: TcpListener, member: Member, upstream: SocketAddr) {
    loop {
        let Ok((stream, far)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(slot) = Arc::clone(&shared.slots).try_acquire_owned() else {
            let _ = stream.set_zero_linger();
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            carry(&shared, stream, far, member, upstream).await;
            drop(slot);
        });
    }
}

/// Read at once from the half that is left of a connection.
const SWALLOW_BYTES: usize = 16 * 1024;

/// One connection, from its opener's look-up to its end.
async fn carry(shared: &Shared, mut near: TcpStream, far: SocketAddr, member: Member, upstream: SocketAddr) {
    let to = Endpoint::Member(member);
    let Some(from) = opener(shared, &near, far).await else {
        return;
    };
    let (there, back) = (shared.board.cell(from, to), shared.board.cell(to, from));
    count(&there.counters.connections_opened, 1);
    let mut watched = there.state.subscribe();
    let before = *watched.borrow_and_update();
    let held = before.rule.passage == Passage::Hold;
    if held {
        count(&there.counters.connections_held, 1);
    }
    // Gets no answer while the link is held.
    let state = watched
        .wait_for(|state| state.rule.passage != Passage::Hold)
        .await
        .map(|state| *state);
    if state.is_ok_and(|state| state.breaks(&before, held)) {
        count(&there.counters.connections_broken, 1);
        let _ = near.set_zero_linger();
        return;
    }
    let Ok(Ok(mut node)) = tokio::time::timeout(DIAL_TIMEOUT, TcpStream::connect(upstream)).await else {
        // As a machine without a listener would answer.
        let _ = near.set_zero_linger();
        return;
    };
    let _ = (near.set_nodelay(true), node.set_nodelay(true));
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    let dice = |way: &str| Dice::new(shared.seed, &format!("connection {number} {way}"));
    let (end, forth) = {
        let (near_reader, near_writer) = near.split();
        let (node_reader, node_writer) = node.split();
        both(
            pump(there, near_reader, node_writer, dice("there")),
            pump(back, node_reader, near_writer, dice("back")),
        )
        .await
    };
    if end != End::Finished {
        // Neither end may take what was lost for an orderly close.
        let _ = (near.set_zero_linger(), node.set_zero_linger());
    }
    if end == End::Halved {
        let (cell, left, gone) = if forth {
            (there, near, node)
        } else {
            (back, node, near)
        };
        drop(gone);
        swallow(cell, left).await;
        return;
    }
    if end == End::Broken {
        count(&there.counters.connections_broken, 1);
        count(&back.counters.connections_broken, 1);
    }
}

/// Runs both directions until both are finished or one is not; true: it was the one towards the member.
async fn both(there: impl Future<Output = End>, back: impl Future<Output = End>) -> (End, bool) {
    tokio::pin!(there, back);
    tokio::select! {
        end = &mut there => if end == End::Finished { (back.await, false) } else { (end, true) },
        end = &mut back => if end == End::Finished { (there.await, true) } else { (end, false) },
    }
}

/// The half that is left of a connection: it takes everything and answers nothing, until its link is healed.
async fn swallow(link: &LinkCell, mut left: TcpStream) {
    count(&link.counters.connections_half_open, 1);
    let mut watched = link.state.subscribe();
    let mut buffer = vec![0; SWALLOW_BYTES];
    loop {
        tokio::select! {
            state = watched.wait_for(LinkState::breaks_halves) => {
                drop(state);
                return;
            }
            read = left.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => count(&link.counters.bytes_swallowed, length as u64),
            },
        }
    }
}

/// Who opened a connection? The reply comes over the channel.
type Question = (Ends, oneshot::Sender<Option<Endpoint>>);

async fn opener(shared: &Shared, near: &TcpStream, far: SocketAddr) -> Option<Endpoint> {
    let (reply, answer) = oneshot::channel();
    shared
        .questions
        .send(((far, near.local_addr().ok()?), reply))
        .ok()?;
    answer.await.ok()?
}

/// Answers all questions that have come up since the last look, by one look. One look per question would be
/// a trap: 1. a slow machine, and clients that give up and connect again; 2. looks take longer than clients
/// wait, so each finds its client gone, and another one in the queue; 3. nobody is ever served again.
async fn answer(shared: Weak<Shared>, mut asked: mpsc::UnboundedReceiver<Question>) {
    while let Some(first) = asked.recv().await {
        let mut questions = vec![first];
        while let Ok(next) = asked.try_recv() {
            questions.push(next);
        }
        let Some(shared) = shared.upgrade() else { return };
        let pids = shared.pids.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (ends, replies): (Vec<Ends>, Vec<_>) = questions.into_iter().unzip();
        let look = tokio::task::spawn_blocking(move || source::openers(&ends, &pids));
        let Ok(openers) = look.await else { continue };
        for (reply, opener) in replies.into_iter().zip(openers) {
            // Who asked may be gone.
            let _ = reply.send(opener);
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
