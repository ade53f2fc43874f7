//! One link to each other member: a queue, a task, a socket.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::rawdoc;
use protocol::config::{Config, MemberId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::codec::{Parcel, encode};
use super::greeting::{GreetingError, greet};
use crate::auth::key_file::Key;
use crate::wire::encode_message;

/// Asks whether anybody hears this link; answered on the same connection with `{ok: 1}`.
pub const PING: &str = "_replSetPing";

/// Parcels that wait for one member at most; more are dropped.
pub const QUEUE_MAX: usize = 1024;
/// Pause before the next try to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// Pause after the other side did not prove to be a member, or did not take us for one.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// Strangers remembered at most.
const STRANGERS_MAX: usize = 16;
/// How long a connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// When a link is given up that carries nothing any more although nobody has said so: a machine that was started anew, a
/// firewall that forgot. The system itself would wait for a quarter of an hour.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// The other side is asked so often whether it hears us.
    ping_every: Duration,
    /// Silence after such a question, and how long a write may take.
    silence_max: Duration,
}

/// As long as the default election timeout: after that the others take a member for dead, too.
const PATIENCE: Patience = Patience {
    ping_every: Duration::from_secs(2),
    silence_max: Duration::from_secs(10),
};

/// The links to all other members.
pub struct Peers {
    set_name: String,
    key: Option<Key>,
    links: BTreeMap<MemberId, Link>,
    lost: mpsc::UnboundedSender<MemberId>,
    /// Who spoke and is not in the configuration: it may not know yet that it was removed.
    strangers: BTreeMap<MemberId, String>,
}

struct Link {
    host: String,
    queue: mpsc::Sender<Parcel>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peers {
    /// No links yet. `lost` hears of each connection that breaks and can't be made anew at once; again after the
    /// second, fourth, eighth try that fails, and so on.
    #[must_use]
    pub fn new(set_name: String, key: Option<Key>, lost: mpsc::UnboundedSender<MemberId>) -> Self {
        Self {
            set_name,
            key,
            links: BTreeMap::new(),
            lost,
            strangers: BTreeMap::new(),
        }
    }

    /// Remembers where somebody who is not in the configuration can be answered.
    pub fn meet(&mut self, id: MemberId, host: &str) {
        if self.strangers.len() >= STRANGERS_MAX && !self.strangers.contains_key(&id) {
            self.strangers.clear();
        }
        self.strangers.insert(id, host.to_owned());
    }

    /// Makes the links fit the configuration: new ones for new members or hosts, none for those that left.
    pub fn follow(&mut self, config: &Config, me: MemberId) {
        self.links.retain(|id, link| {
            *id != me && config.member(*id).is_some_and(|member| member.host == link.host)
        });
        for member in &config.members {
            if member.id != me && !self.links.contains_key(&member.id) {
                let link = self.link(member.id, &member.host);
                self.links.insert(member.id, link);
            }
        }
    }

    /// Sends, or drops when the member is out of reach and its queue is full.
    pub fn send(&self, parcel: Parcel) {
        let to = parcel.message.to;
        let Some(link) = self.links.get(&to) else {
            if let Some(host) = self.strangers.get(&to) {
                self.answer(host, &parcel);
            }
            return;
        };
        if link.queue.try_send(parcel).is_err() {
            tracing::trace!(host = link.host, "message dropped, the queue is full");
        }
    }

    /// Once, over a connection of its own: strangers are rarely answered.
    fn answer(&self, host: &str, parcel: &Parcel) {
        let mut bytes = Vec::new();
        if encode(&mut bytes, &self.set_name, parcel).is_err() {
            return;
        }
        let host = host.to_owned();
        let (key, set_name) = (self.key.clone(), self.set_name.clone());
        tokio::task::spawn_local(async move {
            let Ok(Ok(mut socket)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&host)).await
            else {
                return;
            };
            if let Some(key) = &key
                && let Err(error) = greet(&mut socket, key, &set_name).await
            {
                return tracing::warn!(host, %error, "a stranger can't be answered");
            }
            // Whoever does not hear it asks again.
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
        });
    }

    fn link(&self, id: MemberId, host: &str) -> Link {
        let (queue, parcels) = mpsc::channel(QUEUE_MAX);
        let task = run(
            id,
            host.to_owned(),
            (self.set_name.clone(), self.key.clone()),
            parcels,
            self.lost.clone(),
            PATIENCE,
        );
        Link {
            host: host.to_owned(),
            queue,
            task: tokio::task::spawn_local(task),
        }
    }
}

async fn run(
    id: MemberId,
    host: String,
    (set_name, key): (String, Option<Key>),
    mut parcels: mpsc::Receiver<Parcel>,
    lost: mpsc::UnboundedSender<MemberId>,
    patience: Patience,
) {
    // Tries in a row that found nobody.
    let mut failures = 0_u32;
    loop {
        let mut socket = match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&host)).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(_)) | Err(_) => {
                // Nobody there: what was said meanwhile is old news by the time somebody is.
                while parcels.try_recv().is_ok() {}
                if tell(&lost, id, &mut failures).is_err() {
                    return;
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
                continue;
            }
        };
        if let Some(key) = &key
            && let Err(error) = greet(&mut socket, key, &set_name).await
        {
            if matches!(error, GreetingError::Refused(_)) {
                tracing::warn!(
                    member = id.0,
                    host,
                    "authentication between members failed: {error}"
                );
            }
            while parcels.try_recv().is_ok() {}
            tokio::time::sleep(REFUSED_PAUSE).await;
            continue;
        }
        tracing::debug!(member = id.0, host, "connected");
        let mut was_answered = false;
        let connected = Instant::now();
        match serve(socket, &set_name, &mut parcels, &mut was_answered, patience).await {
            Ok(()) => return,
            Err(error) => {
                tracing::debug!(member = id.0, host, %error, "connection lost");
                if was_answered {
                    // Perhaps only the connection: the next try tells.
                    failures = 0;
                    if connected.elapsed() < RECONNECT_PAUSE {
                        tokio::time::sleep(RECONNECT_PAUSE).await;
                    }
                    continue;
                }
                // A proxy, or a process about to die, takes connections and says nothing.
                if tell(&lost, id, &mut failures).is_err() {
                    return;
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        }
    }
}

/// One more try has failed: says so after the first, second, fourth, eighth, … in a row. `Err`: nobody listens.
fn tell(
    lost: &mpsc::UnboundedSender<MemberId>,
    id: MemberId,
    failures: &mut u32,
) -> Result<(), mpsc::error::SendError<MemberId>> {
    *failures = failures.saturating_add(1);
    if failures.is_power_of_two() {
        lost.send(id)?;
    }
    Ok(())
}

/// Until the queue is closed (`Ok`), the connection breaks, or the other side hears nothing any more.
async fn serve(
    socket: TcpStream,
    set_name: &str,
    parcels: &mut mpsc::Receiver<Parcel>,
    was_answered: &mut bool,
    patience: Patience,
) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut read, mut write) = socket.into_split();
    let mut answers = [0_u8; 256];
    let mut bytes = Vec::new();
    let mut pings = tokio::time::interval(patience.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // When the oldest question was sent that has no answer yet.
    let mut asked: Option<Instant> = None;
    loop {
        bytes.clear();
        tokio::select! {
            parcel = parcels.recv() => {
                let Some(parcel) = parcel else { return Ok(()) };
                let mut next = Some(parcel);
                while let Some(parcel) = next {
                    if let Err(error) = encode(&mut bytes, set_name, &parcel) {
                        tracing::error!(%error, "message can't be encoded");
                    }
                    next = if bytes.len() < 1 << 20 { parcels.try_recv().ok() } else { None };
                }
            }
            // The other side says nothing of its own here: answers to pings, and its end.
            count = read.read(&mut answers) => {
                if count? == 0 {
                    return Err(std::io::ErrorKind::ConnectionReset.into());
                }
                (asked, *was_answered) = (None, true);
                continue;
            }
            now = pings.tick() => {
                if asked.is_some_and(|asked| now.duration_since(asked) >= patience.silence_max) {
                    return Err(std::io::ErrorKind::TimedOut.into());
                }
                asked.get_or_insert(now);
                encode_message(&mut bytes, 0, 0, &rawdoc! { "_replSetPing": 1, "$db": "admin" }, false);
            }
        }
        // Who takes no bytes hears nothing either.
        tokio::time::timeout(patience.silence_max, write.write_all(&bytes))
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::wire::{FrameBuffer, RequestKind, encode_reply, parse_request};

    const IMPATIENCE: Patience = Patience {
        ping_every: Duration::from_millis(20),
        silence_max: Duration::from_millis(200),
    };

    #[tokio::test]
    async fn a_link_that_nobody_hears_is_given_up_and_dialled_again() {
        let (listener, mut losses, _queue) = linked().await;
        // It takes whatever comes and says nothing: a half-open connection, seen from the sender.
        let (mut first, _) = listener.accept().await.unwrap();
        tokio::spawn(async move { tokio::io::copy(&mut first, &mut tokio::io::sink()).await });
        assert_eq!(losses.recv().await, Some(MemberId(7)));
        let again = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
        assert!(again.is_ok(), "dialled again");
    }

    #[tokio::test]
    async fn a_quiet_link_whose_pings_are_answered_stays() {
        let (listener, mut losses, _queue) = linked().await;
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut frames = FrameBuffer::new();
        // Longer than the silence that ends a link.
        for answered in 0..20 {
            let request = loop {
                if let Some(frame) = frames.next_frame().unwrap() {
                    break parse_request(frame).unwrap();
                }
                assert_ne!(
                    socket.read_buf(frames.space()).await.unwrap(),
                    0,
                    "after {answered} answers"
                );
            };
            assert_eq!(request.name, PING);
            let mut out = Vec::new();
            encode_reply(
                &mut out,
                RequestKind::Msg,
                1,
                request.id,
                &rawdoc! { "ok": 1.0 },
                false,
            );
            socket.write_all(&out).await.unwrap();
        }
        assert!(losses.try_recv().is_err());
    }

    async fn linked() -> (
        TcpListener,
        mpsc::UnboundedReceiver<MemberId>,
        mpsc::Sender<Parcel>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (lost, losses) = mpsc::unbounded_channel();
        let (queue, parcels) = mpsc::channel(1);
        tokio::spawn(run(
            MemberId(7),
            host,
            ("s".to_owned(), None),
            parcels,
            lost,
            IMPATIENCE,
        ));
        (listener, losses, queue)
    }
}
