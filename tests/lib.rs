//! What several suites need: real members started from the workspace's own sources.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use checker::cluster::build::{Flavour, Programs, programs};
use checker::cluster::ports::PortKeeper;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

mod wire;

pub use wire::{Asked, ask, send_bytes};

/// How long anything may take on a loaded machine before a test calls it broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The programs of this workspace, built once per test binary.
///
/// # Panics
/// When they can't be built.
pub fn built() -> &'static Programs {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    BUILT.get_or_init(|| programs(Flavour::Correct).expect("the node can be built"))
}

/// Waits until `done` gives something.
///
/// # Panics
/// When it does not within [`PATIENCE`].
pub fn wait_for<T>(what: &str, done: impl FnMut() -> Option<T>) -> T {
    wait_at_most(PATIENCE, what, done)
}

/// The same for what is known to take longer.
///
/// # Panics
/// When it takes longer than `patience`.
pub fn wait_at_most<T>(patience: Duration, what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(
            begun.elapsed() < patience,
            "still waiting for {what} after {patience:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One member's process; killed when dropped.
pub struct Node {
    /// Where it listens.
    pub port: u16,
    /// Its data directory.
    pub dbpath: PathBuf,
    log: PathBuf,
    arguments: Vec<String>,
    child: Child,
    _port: PortKeeper,
}

impl Node {
    /// Starts a member of the set `t0` in `directory` and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(directory: &Path) -> Self {
        Self::with(directory, &[])
    }

    /// The same with further arguments.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn with(directory: &Path, arguments: &[&str]) -> Self {
        let node = Self::begun(directory, arguments);
        node.wait_until_up();
        node
    }

    /// The same without waiting for it.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn begun(directory: &Path, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let keeper = PortKeeper::any().expect("a free port");
        let port = keeper.address().port();
        let dbpath = directory.join("data");
        let log = directory.join("log");
        let child = spawn(port, &dbpath, &log, &arguments);
        Self {
            port,
            dbpath,
            log,
            arguments,
            child,
            _port: keeper,
        }
    }

    /// Kills the process as `kill -9` does; how it ended, which may have been before.
    ///
    /// # Panics
    /// When it can't be killed.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process can be waited for")
    }

    /// Waits until the process has ended by itself; how.
    ///
    /// # Panics
    /// When it goes on.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        wait_for("the process to end", || {
            self.child.try_wait().expect("the process can be waited for")
        })
    }

    /// Stops the process without ending it (`SIGSTOP`).
    ///
    /// # Panics
    /// When it can't be signalled.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets a paused process go on.
    ///
    /// # Panics
    /// When it can't be signalled.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process's number");
        kill(Pid::from_raw(pid), signal).expect("the process can be signalled");
    }

    /// Starts it again on the same data and port.
    pub fn restart(&mut self) {
        self.child = spawn(self.port, &self.dbpath, &self.log, &self.arguments);
        self.wait_until_up();
    }

    /// The address that the others know.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// One command on the database `admin`.
    #[must_use]
    pub fn admin(&self, command: Document) -> Document {
        wait_for("an answer", || ask(self.port, "admin", &command))
    }

    /// One command on the database `admin`, if it answers.
    #[must_use]
    pub fn try_admin(&self, command: Document) -> Option<Document> {
        ask(self.port, "admin", &command)
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn wait_until_up(&self) {
        let what = format!("the node to answer, which said in {}", self.log.display());
        wait_for(&what, || {
            // It may have ended with a word why.
            let said = self.log();
            let last = said.lines().last().unwrap_or_default();
            assert!(!last.starts_with("node: "), "{last}");
            ask(self.port, "admin", &doc! { "ping": 1 })
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A founded set with a primary.
pub struct Set {
    /// Its members.
    pub nodes: Vec<Node>,
    _directory: tempfile::TempDir,
}

impl Set {
    /// Starts `members` members and founds the set, with an election timeout of one second.
    ///
    /// # Panics
    /// When no primary appears.
    #[must_use]
    pub fn start(members: usize) -> Self {
        Self::with(members, &[])
    }

    /// The same, each member with further arguments.
    ///
    /// # Panics
    /// When no primary appears.
    #[must_use]
    pub fn with(members: usize, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let nodes: Vec<Node> = (0..members)
            .map(|member| {
                let own = directory.path().join(member.to_string());
                std::fs::create_dir_all(&own).expect("a directory");
                Node::with(&own, arguments)
            })
            .collect();
        let set = Self {
            nodes,
            _directory: directory,
        };
        let rows: Vec<Bson> = set
            .nodes
            .iter()
            .zip(0..)
            .map(|(node, id): (&Node, i32)| Bson::Document(doc! { "_id": id, "host": node.host() }))
            .collect();
        let settings = doc! { "electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 250 };
        let config = doc! { "_id": "t0", "members": rows, "settings": settings };
        let reply = set.nodes[0].admin(doc! { "replSetInitiate": config });
        assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
        set.primary();
        set
    }

    /// Waits for a primary; its index.
    pub fn primary(&self) -> usize {
        wait_for("a primary", || {
            (0..self.nodes.len()).find(|member| {
                let hello = ask(self.nodes[*member].port, "admin", &doc! { "hello": 1 });
                hello.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
            })
        })
    }

    /// Where the members listen.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }

    /// The connection string.
    #[must_use]
    pub fn uri(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(Node::host).collect();
        format!("mongodb://{}/?replicaSet=t0", hosts.join(","))
    }
}

/// Runs the node with these arguments until it exits by itself; its exit status and all it said.
///
/// # Panics
/// When it can't be started or does not exit.
#[must_use]
pub fn run_to_exit(arguments: &[&str]) -> (ExitStatus, String) {
    let mut child = Command::new(&built().node)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the node can be started");
    let begun = Instant::now();
    while child.try_wait().expect("the process can be waited for").is_none() {
        if begun.elapsed() > PATIENCE {
            // Nobody stays behind, whatever the test finds.
            let _ = child.kill();
            let _ = child.wait();
            panic!("the node did not exit within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("its output can be read");
    let said = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&said).into_owned())
}

fn spawn(port: u16, dbpath: &Path, log: &Path, arguments: &[String]) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(log)
        .expect("a log file");
    Command::new(&built().node)
        .args([
            "--port",
            &port.to_string(),
            "--replSet",
            "t0",
            "--bind_ip",
            "127.0.0.1",
            "--dbpath",
        ])
        .arg(dbpath)
        .args(arguments)
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("the node can be started")
}
