//! etcd: three members, written to through the leader, over gRPC with hand-made messages.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::Request;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::spawn_local,
    time::sleep,
};

use super::{
    client::Client,
    process::{Process, Silenced},
};
use crate::cluster::ports::PortKeeper;

const MEMBERS: usize = 3;
/// More connections than this cost etcd throughput.
const CONNECTIONS_MAX: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer with a value is longer.
const VALUE_BYTES_MIN: usize = 64;

/// A running cluster.
pub struct Etcd {
    members: Vec<(Process, u16)>,
    _ports: Vec<PortKeeper>,
}

/// One client; some share a connection.
pub struct EtcdClient {
    stream: SendRequest<Bytes>,
    authority: String,
}

impl Etcd {
    /// Starts it in `directory`, with its own defaults, and waits for a leader.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let ports = (0..2 * MEMBERS).map(|_| PortKeeper::any());
        let ports: Vec<PortKeeper> = ports.collect::<Result<_, _>>()?;
        let url = |at: usize| format!("http://{}", ports[at].address());
        let peers: Vec<String> = (0..MEMBERS)
            .map(|member| format!("m{member}={}", url(MEMBERS + member)))
            .collect();
        let mut members = Vec::new();
        for (member, keeper) in ports.iter().enumerate().take(MEMBERS) {
            let home = directory.join(format!("m{member}"));
            let (client, peer) = (url(member), url(MEMBERS + member));
            let mut command = Command::new(program);
            command
                .args(["--name", &format!("m{member}"), "--data-dir"])
                .arg(&home);
            command.args([
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
            ]);
            command.args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ]);
            command.args([
                "--initial-cluster",
                &peers.join(","),
                "--initial-cluster-state",
                "new",
            ]);
            let log = directory.join(format!("m{member}.log"));
            members.push((Process::start(&mut command, &log)?, keeper.address().port()));
        }
        let started = Self {
            members,
            _ports: ports,
        };
        started.leader().await?;
        Ok(started)
    }

    /// Clients at the leader.
    ///
    /// # Errors
    /// When it does not let them in.
    pub async fn clients(&self, count: usize) -> anyhow::Result<Vec<EtcdClient>> {
        let port = self.members[self.leader().await?].1;
        let mut connections = Vec::new();
        for _ in 0..count.min(CONNECTIONS_MAX) {
            connections.push(EtcdClient::connect(port).await?);
        }
        let client = |number: usize| {
            let shared = &connections[number % connections.len()];
            EtcdClient {
                stream: shared.stream.clone(),
                authority: shared.authority.clone(),
            }
        };
        Ok((0..count).map(client).collect())
    }

    /// The members' processes.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        self.members.iter().map(|(process, _)| process.pid()).collect()
    }

    /// Kills the leader; clients of the others.
    ///
    /// # Errors
    /// When there is none, or the others let nobody in.
    pub async fn kill_leader(&mut self) -> anyhow::Result<(Vec<EtcdClient>, Instant)> {
        let leader = self.leader().await?;
        let others = self.clients_beside(leader).await?;
        self.members[leader].0.kill();
        Ok((others, Instant::now()))
    }

    /// Stops the leader's process without a word, as a cable would: its connections stay open. Clients of the others.
    ///
    /// # Errors
    /// When there is none, or the others let nobody in.
    pub async fn silence_leader(&mut self) -> anyhow::Result<(Vec<EtcdClient>, Instant, Silenced)> {
        let leader = self.leader().await?;
        let others = self.clients_beside(leader).await?;
        let silenced = Silenced::stop(self.members[leader].0.pid())?;
        Ok((others, Instant::now(), silenced))
    }

    async fn clients_beside(&self, leader: usize) -> anyhow::Result<Vec<EtcdClient>> {
        let mut others = Vec::new();
        for (member, (_, port)) in self.members.iter().enumerate() {
            if member != leader {
                others.push(EtcdClient::connect(*port).await?);
            }
        }
        Ok(others)
    }

    async fn leader(&self) -> anyhow::Result<usize> {
        let since = Instant::now();
        loop {
            for (member, (_, port)) in self.members.iter().enumerate() {
                if leads(*port).await.unwrap_or(false) {
                    return Ok(member);
                }
            }
            ensure!(
                since.elapsed() < PATIENCE,
                "etcd has no leader after {PATIENCE:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}

impl EtcdClient {
    async fn connect(port: u16) -> anyhow::Result<Self> {
        let authority = format!("127.0.0.1:{port}");
        let socket = TcpStream::connect(&authority).await?;
        socket.set_nodelay(true)?;
        let (stream, connection) = h2::client::handshake(socket).await?;
        spawn_local(async move {
            // Its end shows at the requests.
            let _ = connection.await;
        });
        Ok(Self { stream, authority })
    }
}

impl EtcdClient {
    /// One call; the answer's bytes.
    async fn call(&mut self, method: &str, message: Bytes) -> anyhow::Result<usize> {
        let request = Request::post(format!("http://{}/etcdserverpb.KV/{method}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let mut ready = self.stream.clone().ready().await?;
        let (response, mut body) = ready.send_request(request, false)?;
        body.send_data(message, true)?;
        let mut body = response.await?.into_body();
        let mut bytes = 0;
        while let Some(data) = body.data().await {
            let length = data?.len();
            bytes += length;
            body.flow_control().release_capacity(length)?;
        }
        let trailers = body.trailers().await?.context("no trailers")?;
        let status = trailers.get("grpc-status").context("no status")?;
        ensure!(status.as_bytes() == b"0", "etcd refused: {trailers:?}");
        Ok(bytes)
    }
}

impl Client for EtcdClient {
    const TRY: Duration = Duration::from_millis(50);

    async fn put(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        let message = framed(&[(0x0a, key.as_bytes()), (0x12, value)]);
        self.call("Put", message).await.map(drop)
    }

    async fn get(&mut self, key: &str) -> anyhow::Result<()> {
        // `RangeRequest { key = 1 }`: linearizable unless said otherwise.
        let bytes = self.call("Range", framed(&[(0x0a, key.as_bytes())])).await?;
        // Without a value there is nothing but a header of a few numbers.
        ensure!(bytes > VALUE_BYTES_MIN, "{key} is not there");
        Ok(())
    }
}

/// A message of byte fields behind gRPC's prefix.
fn framed(fields: &[(u8, &[u8])]) -> Bytes {
    let mut message = BytesMut::new();
    for (tag, field) in fields {
        message.put_u8(*tag);
        let mut length = field.len();
        while length >= 0x80 {
            message.put_u8((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        message.put_u8(length as u8);
        message.put_slice(field);
    }
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(&message);
    framed.freeze()
}

/// Asks a member over its JSON gateway whether it leads.
async fn leads(port: u16) -> anyhow::Result<bool> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = "POST /v3/maintenance/status HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    socket.write_all(request.as_bytes()).await?;
    let mut reply = String::new();
    socket.read_to_string(&mut reply).await?;
    let (from, to) = (
        reply.find('{').context("no answer")?,
        reply.rfind('}').context("no answer")?,
    );
    let status: serde_json::Value = serde_json::from_str(&reply[from..=to])?;
    let leader = &status["leader"];
    Ok(leader.is_string() && *leader == status["header"]["member_id"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_framed_as_grpc_wants_it() {
        assert_eq!(
            framed(&[(0x0a, b"k"), (0x12, b"vw")]).as_ref(),
            b"\x00\x00\x00\x00\x07\x0a\x01k\x12\x02vw"
        );
        let long = framed(&[(0x0a, b"k"), (0x12, &[b'x'; 300])]);
        assert_eq!(&long[8..11], b"\x12\xac\x02");
    }
}
