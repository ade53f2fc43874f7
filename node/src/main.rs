//! The `node` binary: options in, one replica-set member out.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;
use clap::Parser as _;
use node::options::Options;
use node::server::connection::{Shared, serve};
use node::server::event::{ConnectionId, Event};
use node::server::{Server, StartError};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;

/// A primary allocates for each request and frees what others have allocated.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The address can't be listened on (as `mongod`).
const EXIT_NET_ERROR: u8 = 48;
/// The member can't go on: disk failure, damaged data, a core that gave up (as `mongod`).
const EXIT_ABRUPT: u8 = 14;
/// The data directory can't be used (as `mongod`).
const EXIT_DATA_DIRECTORY: u8 = 100;
/// Wrong options.
const EXIT_BAD_OPTIONS: u8 = 2;

fn main() -> ExitCode {
    let options = match Options::parse().with_file() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("node: {error}");
            return ExitCode::from(EXIT_BAD_OPTIONS);
        }
    };
    if let Err(error) = log_to(&options) {
        eprintln!("node: {error:#}");
        return ExitCode::from(EXIT_BAD_OPTIONS);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("node: no event loop: {error}");
            return ExitCode::from(EXIT_ABRUPT);
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, run(options))
}

async fn run(options: Options) -> ExitCode {
    let rules = match rules(&options) {
        Ok(rules) => rules,
        Err(error) => {
            eprintln!("node: {error:#}");
            return ExitCode::from(EXIT_BAD_OPTIONS);
        }
    };
    let key = match options.key() {
        Ok(key) => key,
        Err(error) => {
            eprintln!("node: {error}");
            return ExitCode::from(EXIT_BAD_OPTIONS);
        }
    };
    let listeners = match listen(&options) {
        Ok(listeners) => listeners,
        Err(error) => {
            eprintln!("node: {error:#}");
            return ExitCode::from(EXIT_NET_ERROR);
        }
    };
    let (events, inbox) = mpsc::unbounded_channel();
    let server = match Server::open(options.clone(), key.clone(), rules, events.clone()) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("node: {error}");
            let lock = matches!(error, StartError::Lock(_));
            return ExitCode::from(if lock { EXIT_DATA_DIRECTORY } else { EXIT_ABRUPT });
        }
    };
    announce(&options);
    let set_name = options.set_name().unwrap_or_default().to_owned();
    let shared = Rc::new(Shared {
        events: events.clone(),
        set_name,
        key,
        connections_max: options.connections_max(),
        connections: Cell::new(0),
        strangers: std::cell::RefCell::default(),
    });
    let mut next = 0;
    for listener in listeners {
        next += 1_000_000;
        tokio::task::spawn_local(accept(listener, next, Rc::clone(&shared)));
    }
    tokio::task::spawn_local(stop_on_signal(events));
    match server.run(inbox).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the member stops");
            eprintln!("node: {error}");
            ExitCode::from(EXIT_ABRUPT)
        }
    }
}

#[cfg(feature = "planted-bugs")]
fn rules(options: &Options) -> anyhow::Result<protocol::member::Rules> {
    let Some(wanted) = &options.planted_bug else {
        return Ok(protocol::member::Rules::default());
    };
    if let Some(bug) = node::bugs::plant(wanted) {
        eprintln!(
            "node: running with the planted bug {} ({}): {}",
            bug.id, bug.name, bug.story
        );
        return Ok(protocol::member::Rules::default());
    }
    let bug = protocol::bugs::find(wanted).with_context(|| {
        let core = protocol::bugs::BUGS.iter().map(|bug| bug.id);
        let shell = node::bugs::BUGS.iter().map(|bug| bug.id);
        let known: Vec<&str> = core.chain(shell).collect();
        format!("no planted bug {wanted:?}; known are {}", known.join(", "))
    })?;
    eprintln!(
        "node: running with the planted bug {} ({}): {}",
        bug.id, bug.name, bug.story
    );
    Ok(bug.plant())
}

#[cfg(not(feature = "planted-bugs"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the build with planted bugs can fail here"
)]
fn rules(_options: &Options) -> anyhow::Result<protocol::member::Rules> {
    Ok(protocol::member::Rules::default())
}

fn log_to(options: &Options) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("NODE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,fjall=warn,lsm_tree=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false);
    match &options.logpath {
        None => builder.init(),
        Some(path) => {
            let file = std::fs::File::options()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("cannot write the log {}", path.display()))?;
            builder.with_writer(std::sync::Mutex::new(file)).init();
        }
    }
    Ok(())
}

fn listen(options: &Options) -> anyhow::Result<Vec<TcpListener>> {
    const BACKLOG: u32 = 1024;
    let mut listeners = Vec::new();
    for address in options.addresses()? {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A port whose last connections still time out may be taken again; one in use may not.
        socket.set_reuseaddr(true)?;
        let listener = socket.bind(address).and_then(|()| socket.listen(BACKLOG)).with_context(|| {
            format!("cannot listen on {address}; is another process using the port? choose another with --port")
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn announce(options: &Options) {
    tracing::info!(
        port = options.port(),
        dbpath = %options.dbpath().display(),
        set = options.set_name().unwrap_or_default(),
        pid = std::process::id(),
        "db version v{}, Waiting for connections",
        node::VERSION,
    );
    if options.asks_for_login() {
        tracing::info!(
            key_file = options.key_file.is_some(),
            "access control is on: clients have to log in"
        );
    }
    if options.bind_ip.is_none() {
        tracing::info!("listening on 127.0.0.1 only; give --bind_ip to let other machines in");
    }
}

async fn accept(listener: TcpListener, first: i32, shared: Rc<Shared>) {
    let mut next = first;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                next += 1;
                tokio::task::spawn_local(serve(socket, ConnectionId(next), Rc::clone(&shared)));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn stop_on_signal(events: mpsc::UnboundedSender<Event>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    let _ = events.send(Event::Stop);
}
