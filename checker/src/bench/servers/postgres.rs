//! PostgreSQL: a primary and two standbys, of which one has to have a commit on its disk before it is acknowledged.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use nix::unistd::{User, chown, geteuid};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use super::{client::Client, process::Process};
use crate::cluster::ports::PortKeeper;

const STANDBYS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(60);
/// The protocol's version 3.0.
const PROTOCOL: i32 = 196_608;
/// Debian's user, for root, as whom PostgreSQL refuses to run.
const USER: &str = "postgres";
const CONNECTIONS_MAX: usize = 400;

/// A running primary with its standbys.
pub struct Postgres {
    port: u16,
    servers: Vec<Process>,
    _ports: Vec<PortKeeper>,
}

/// One client with a connection of its own.
pub struct PostgresClient(BufReader<TcpStream>);

impl Postgres {
    /// Makes it in `directory` and waits until a write is replicated. `programs` has `initdb` and its like.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(programs: &Path, directory: &Path) -> anyhow::Result<Self> {
        let keepers: Vec<PortKeeper> = (0..=STANDBYS)
            .map(|_| PortKeeper::any())
            .collect::<Result<_, _>>()?;
        let ports: Vec<u16> = keepers.iter().map(|keeper| keeper.address().port()).collect();
        own(directory)?;
        let home = |server: usize| directory.join(format!("s{server}"));
        let mut initdb = as_user(&programs.join("initdb"))?;
        run(initdb
            .args(["-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"])
            .arg(home(0)))?;
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = {CONNECTIONS_MAX}\n\
             synchronous_commit = on\nsynchronous_standby_names = 'ANY 1 (s1, s2)'\nport = {}\n",
            ports[0]
        );
        append(&home(0), &settings)?;
        let mut servers = vec![start(programs, &home(0))?];
        let mut first = PostgresClient::connect_until(ports[0]).await?;
        for (server, port) in ports.iter().enumerate().skip(1) {
            let mut copy = as_user(&programs.join("pg_basebackup"))?;
            copy.args([
                "-h",
                "127.0.0.1",
                "-p",
                &ports[0].to_string(),
                "-U",
                "bench",
                "-R",
                "-X",
                "stream",
            ]);
            run(copy.args(["-c", "fast", "-D"]).arg(home(server)))?;
            append(
                &home(server),
                &format!("port = {port}\ncluster_name = 's{server}'\n"),
            )?;
            servers.push(start(programs, &home(server))?);
        }
        first
            .query("CREATE TABLE puts (k text PRIMARY KEY, v text)")
            .await?;
        Ok(Self {
            port: ports[0],
            servers,
            _ports: keepers,
        })
    }

    /// The servers' first processes.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        self.servers.iter().map(Process::pid).collect()
    }

    /// Clients at the primary.
    ///
    /// # Errors
    /// When it does not let them in.
    pub async fn clients(&self, count: usize) -> anyhow::Result<Vec<PostgresClient>> {
        let mut clients = Vec::new();
        for _ in 0..count {
            let mut client = PostgresClient::connect(self.port).await?;
            client.prepare("put", "INSERT INTO puts VALUES ($1, $2)").await?;
            client.prepare("get", "SELECT v FROM puts WHERE k = $1").await?;
            clients.push(client);
        }
        Ok(clients)
    }
}

impl PostgresClient {
    async fn connect_until(port: u16) -> anyhow::Result<Self> {
        let since = Instant::now();
        loop {
            match Self::connect(port).await {
                Err(_) if since.elapsed() < PATIENCE => sleep(Duration::from_millis(100)).await,
                done => return done,
            }
        }
    }

    async fn connect(port: u16) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        let mut client = Self(BufReader::new(socket));
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        body.extend_from_slice(b"user\0bench\0database\0postgres\0\0");
        let mut message = length(&body).to_vec();
        message.extend_from_slice(&body);
        client.0.write_all(&message).await?;
        client.until_ready().await?;
        Ok(client)
    }

    async fn query(&mut self, statement: &str) -> anyhow::Result<()> {
        let mut out = Vec::new();
        message(&mut out, b'Q', &[statement.as_bytes(), b"\0"]);
        self.0.write_all(&out).await?;
        self.until_ready().await.map(drop)
    }

    async fn prepare(&mut self, name: &str, statement: &str) -> anyhow::Result<()> {
        let mut out = Vec::new();
        let parts: [&[u8]; 5] = [
            name.as_bytes(),
            b"\0",
            statement.as_bytes(),
            b"\0",
            &0_i16.to_be_bytes(),
        ];
        message(&mut out, b'P', &parts);
        message(&mut out, b'S', &[]);
        self.0.write_all(&out).await?;
        self.until_ready().await.map(drop)
    }

    /// Reads up to the next `ReadyForQuery`; how many rows came.
    async fn until_ready(&mut self) -> anyhow::Result<usize> {
        let mut refused = None;
        let mut rows = 0;
        loop {
            let mut head = [0_u8; 5];
            self.0.read_exact(&mut head).await?;
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; usize::try_from(length)?.saturating_sub(4)];
            self.0.read_exact(&mut body).await?;
            match head[0] {
                b'E' => refused = Some(String::from_utf8_lossy(&body).replace('\0', " ")),
                b'Z' => {
                    ensure!(refused.is_none(), "PostgreSQL refused: {refused:?}");
                    return Ok(rows);
                }
                b'D' => rows += 1,
                _ => {}
            }
        }
    }

    /// Runs a prepared statement.
    async fn execute(&mut self, name: &str, values: &[&[u8]]) -> anyhow::Result<usize> {
        let mut out = Vec::new();
        let none = 0_i16.to_be_bytes();
        let mut bind = vec![0];
        bind.extend_from_slice(name.as_bytes());
        bind.push(0);
        bind.extend_from_slice(&none);
        bind.extend_from_slice(&i16::try_from(values.len())?.to_be_bytes());
        for value in values {
            bind.extend_from_slice(&field_length(value));
            bind.extend_from_slice(value);
        }
        bind.extend_from_slice(&none);
        message(&mut out, b'B', &[&bind]);
        message(&mut out, b'E', &[b"\0", &0_i32.to_be_bytes()]);
        message(&mut out, b'S', &[]);
        self.0.write_all(&out).await?;
        self.until_ready().await
    }
}

impl Client for PostgresClient {
    const TRY: Duration = PATIENCE;

    async fn put(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        self.execute("put", &[key.as_bytes(), value]).await.map(drop)
    }

    async fn get(&mut self, key: &str) -> anyhow::Result<()> {
        let rows = self.execute("get", &[key.as_bytes()]).await?;
        ensure!(rows == 1, "{rows} rows of {key}");
        Ok(())
    }
}

fn message(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let body = parts.concat();
    out.push(kind);
    out.extend_from_slice(&length(&body));
    out.extend_from_slice(&body);
}

/// The length of a message, which counts itself.
fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes()
}

fn field_length(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn start(programs: &Path, home: &PathBuf) -> anyhow::Result<Process> {
    let mut command = as_user(&programs.join("postgres"))?;
    Process::start(command.arg("-D").arg(home), &home.with_extension("log"))
}

fn append(home: &Path, settings: &str) -> anyhow::Result<()> {
    let path = home.join("postgresql.conf");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    fs::write(&path, format!("{text}\n{settings}"))?;
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {words}");
    Ok(())
}

/// A command as somebody who is not root.
fn as_user(program: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(program);
    command.current_dir("/");
    if geteuid().is_root() {
        let user = User::from_name(USER)?.with_context(|| format!("there is no user {USER}"))?;
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(command)
}

/// Gives the directory to whoever runs PostgreSQL.
fn own(directory: &Path) -> anyhow::Result<()> {
    if geteuid().is_root() {
        let user = User::from_name(USER)?.with_context(|| format!("there is no user {USER}"))?;
        chown(directory, Some(user.uid), Some(user.gid))?;
        for above in directory.ancestors().skip(1).take(1) {
            fs::set_permissions(above, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_their_own_length() {
        let mut out = Vec::new();
        message(&mut out, b'Q', &[b"x", b"\0"]);
        assert_eq!(out, b"Q\0\0\0\x06x\0");
    }
}
