//! `checker bench node`: majority-durable writes, linearizable reads, their cost, and failover, beside etcd and PostgreSQL in
//! the same run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::LocalSet,
};

use super::Ratio;
use crate::{
    bench::servers::{
        Cell, Client, Data, Etcd, Ours, Postgres, Task, Usage, Verb, find_program, key, measure,
        time_to_first_write,
    },
    cli::context::Context,
};

/// Etcd and PostgreSQL are measured if they are installed; `deploy/bench-peers.sh` installs Debian's packages.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Clients at once, one cell each.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    clients: Vec<usize>,

    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    bytes: usize,

    /// Seconds of a cell.
    #[arg(long, default_value_t = 5)]
    seconds: u64,

    /// Deaths of the leader.
    #[arg(long, default_value_t = 3)]
    failovers: u32,

    /// Leaders that fall silent without a broken connection: ours with an election timeout of 500 ms, etcd with its own.
    #[arg(long, default_value_t = 1)]
    silences: u32,

    /// Documents of a member that is killed and comes back, and of one that has to copy them; a row each.
    #[arg(long, value_delimiter = ',', default_value = "30000,300000")]
    documents: Vec<usize>,

    /// The server, built with optimisation [default: `node` beside this program].
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
}

impl Arguments {
    fn server(&self) -> anyhow::Result<PathBuf> {
        let node = match &self.node {
            Some(node) => node.clone(),
            None => env::current_exe()?.with_file_name("node"),
        };
        anyhow::ensure!(
            node.is_file(),
            "no server at {}: cargo build --release -p node, or --node PATH",
            node.display()
        );
        Ok(node)
    }
}

impl Comeback {
    fn value(&self) -> serde_json::Value {
        json!({
            "documents": self.documents,
            "restart_ms": self.restart.as_secs_f64() * 1e3,
            "copy_ms": self.copy.as_secs_f64() * 1e3,
        })
    }
}

/// What one system did.
struct Column {
    system: &'static str,
    cells: Vec<Row>,
    reads: Vec<Row>,
    failovers: Vec<Duration>,
    silences: Vec<Duration>,
}

/// A cell, and what it cost the servers.
struct Row {
    cell: Cell,
    /// Processor time of all servers for one operation, in microseconds.
    cpu_us: f64,
    /// Memory of a server after it.
    memory_mb: f64,
}

/// Keys that reads choose from.
const READ_KEYS: u64 = 2_000;
/// Election timeout of ours for leaders that fall silent.
const SILENCE_TIMEOUT: Duration = Duration::from_millis(500);
const SERVERS: f64 = 3.0;

/// How long a member was away.
struct Comeback {
    documents: usize,
    restart: Duration,
    copy: Duration,
}

/// Measures each system in turn and prints the table.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (columns, comebacks) = LocalSet::new().block_on(&runtime, async {
        // What has been started is stopped when its owner is dropped.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let measured = async {
            anyhow::Ok((
                all(arguments, context).await?,
                comebacks(arguments, context).await?,
            ))
        };
        tokio::select! {
            measured = measured => measured,
            _ = interrupt.recv() => anyhow::bail!("interrupted"),
            _ = terminate.recv() => anyhow::bail!("terminated"),
        }
    })?;
    context.console.progress_done();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    context.console.result(
        || format!("{}{}", table(&columns, &load), words(&comebacks)),
        || {
            let comebacks: Vec<_> = comebacks.iter().map(Comeback::value).collect();
            let systems: Vec<_> = columns.iter().map(value).collect();
            json!({ "load": load, "systems": systems, "comebacks": comebacks })
        },
    );
    Ok(ratios(&columns, arguments.bytes))
}

async fn all(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Column>> {
    let node = arguments.server()?;
    let console = &context.console;
    let mut columns = Vec::new();
    console.progress(|| "ours".to_owned());
    let place = room()?;
    let set = Ours::start(&node, place.path()).await?;
    let (mut cells, mut reads) = (Vec::new(), Vec::new());
    let processes = set.processes();
    prepare(set.clients(1).await?, arguments).await?;
    for &clients in &arguments.clients {
        cells.push(row(set.clients(clients).await?, &puts(clients, arguments), &processes).await?);
    }
    for &clients in &arguments.clients {
        reads.push(row(set.clients(clients).await?, &gets(arguments), &processes).await?);
    }
    drop(set);
    let mut silences = Vec::new();
    for _ in 0..arguments.silences {
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        set.set_election_timeout(SILENCE_TIMEOUT).await?;
        measure(set.clients(16).await?, &puts(16, arguments)).await?;
        let (survivors, since, silenced) = set.silence_leader().await?;
        silences.push(time_to_first_write(survivors, since).await?);
        drop(silenced);
    }
    let mut failovers = Vec::new();
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        measure(set.clients(16).await?, &puts(16, arguments)).await?;
        let (survivors, killed) = set.kill_leader().await?;
        failovers.push(time_to_first_write(survivors, killed).await?);
    }
    columns.push(Column {
        system: "node",
        cells,
        reads,
        failovers,
        silences,
    });
    match find_program("etcd") {
        None => console.warn("etcd is not installed (deploy/bench-peers.sh): not measured"),
        Some(program) => columns.push(etcd(&program, arguments, context).await?),
    }
    match find_program("initdb") {
        None => console.warn("PostgreSQL is not installed (deploy/bench-peers.sh): not measured"),
        Some(program) => {
            console.progress(|| "PostgreSQL".to_owned());
            let place = room()?;
            let home = place.path().join("postgres");
            fs::create_dir(&home)?;
            // Where it really lies its companions are, too.
            let program = fs::canonicalize(program)?;
            let programs = program.parent().context("initdb lies nowhere")?;
            let server = Postgres::start(programs, &home).await?;
            let (mut cells, mut reads) = (Vec::new(), Vec::new());
            let processes = server.processes();
            prepare(server.clients(1).await?, arguments).await?;
            for &clients in &arguments.clients {
                let task = puts(clients, arguments);
                cells.push(row(server.clients(clients).await?, &task, &processes).await?);
            }
            for &clients in &arguments.clients {
                reads.push(row(server.clients(clients).await?, &gets(arguments), &processes).await?);
            }
            // It has no failover of its own.
            columns.push(Column {
                system: "PostgreSQL",
                cells,
                reads,
                failovers: Vec::new(),
                silences: Vec::new(),
            });
        }
    }
    Ok(columns)
}

async fn comebacks(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Comeback>> {
    let node = arguments.server()?;
    let mut comebacks = Vec::new();
    for &documents in &arguments.documents {
        context
            .console
            .progress(|| format!("comebacks with {documents} documents"));
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        set.fill(documents, arguments.bytes).await?;
        comebacks.push(Comeback {
            documents,
            restart: set.time_to_return(Data::Kept, documents).await?,
            copy: set.time_to_return(Data::Gone, documents).await?,
        });
    }
    Ok(comebacks)
}

async fn etcd(program: &Path, arguments: &Arguments, context: &Context) -> anyhow::Result<Column> {
    context.console.progress(|| "etcd".to_owned());
    let place = room()?;
    let cluster = Etcd::start(program, place.path()).await?;
    let (mut cells, mut reads) = (Vec::new(), Vec::new());
    let processes = cluster.processes();
    prepare(cluster.clients(1).await?, arguments).await?;
    for &clients in &arguments.clients {
        let task = puts(clients, arguments);
        cells.push(row(cluster.clients(clients).await?, &task, &processes).await?);
    }
    for &clients in &arguments.clients {
        reads.push(row(cluster.clients(clients).await?, &gets(arguments), &processes).await?);
    }
    drop(cluster);
    let mut silences = Vec::new();
    for _ in 0..arguments.silences {
        let place = room()?;
        let mut cluster = Etcd::start(program, place.path()).await?;
        measure(cluster.clients(16).await?, &puts(16, arguments)).await?;
        let (survivors, since, silenced) = cluster.silence_leader().await?;
        silences.push(time_to_first_write(survivors, since).await?);
        drop(silenced);
    }
    let mut failovers = Vec::new();
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut cluster = Etcd::start(program, place.path()).await?;
        measure(cluster.clients(16).await?, &puts(16, arguments)).await?;
        let (survivors, killed) = cluster.kill_leader().await?;
        failovers.push(time_to_first_write(survivors, killed).await?);
    }
    failovers.sort_unstable();
    Ok(Column {
        system: "etcd",
        cells,
        reads,
        failovers,
        silences,
    })
}

/// Keys are new for each number of clients.
fn puts(clients: usize, arguments: &Arguments) -> Task {
    Task {
        name: format!("c{clients}"),
        verb: Verb::Put,
        bytes: arguments.bytes,
        time: Duration::from_secs(arguments.seconds),
    }
}

fn gets(arguments: &Arguments) -> Task {
    Task {
        name: "read".to_owned(),
        verb: Verb::Get(READ_KEYS),
        ..puts(0, arguments)
    }
}

/// Puts the keys that are read later.
async fn prepare<C: Client>(mut clients: Vec<C>, arguments: &Arguments) -> anyhow::Result<()> {
    let client = clients.first_mut().context("no client")?;
    let value = vec![b'x'; arguments.bytes];
    for turn in 0..READ_KEYS {
        client.put(&key(&gets(arguments).name, 0, turn), &value).await?;
    }
    Ok(())
}

async fn row<C: Client>(clients: Vec<C>, task: &Task, servers: &[i32]) -> anyhow::Result<Row> {
    let before = Usage::of(servers);
    let cell = measure(clients, task).await?;
    let after = Usage::of(servers);
    Ok(Row {
        cpu_us: (after.cpu_seconds - before.cpu_seconds) * 1e6 / cell.count as f64,
        memory_mb: after.memory_mb / SERVERS,
        cell,
    })
}

fn room() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("checker-bench-").tempdir()?)
}

fn table(columns: &[Column], load: &str) -> String {
    let mut text = format!(
        "closed loop, three members each on this machine (load {load}); CPU of all servers, memory of one"
    );
    rows(&mut text, "majority-durable inserts", columns, |column| {
        &column.cells
    });
    rows(
        &mut text,
        "linearizable reads by key (PostgreSQL: plain reads of its primary)",
        columns,
        |column| &column.reads,
    );
    text.push_str("\nkill -9 of the leader to the first write acknowledged that was sent since");
    times(&mut text, columns, |column| &column.failovers);
    text.push_str("\nthe leader falls silent, its connections stay (election timeout of ours 500 ms)");
    times(&mut text, columns, |column| &column.silences);
    text
}

fn rows(text: &mut String, title: &str, columns: &[Column], of: fn(&Column) -> &Vec<Row>) {
    text.push_str(&format!(
        "\n{title}\n{:<12} {:>7} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6}",
        "system", "clients", "per s", "p50 ms", "p95 ms", "p99 ms", "ratio", "CPU us", "MB"
    ));
    for column in columns {
        for (row, ours) in of(column).iter().zip(of(&columns[0])) {
            text.push_str(&format!(
                "\n{:<12} {:>7} {:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>7.0} {:>6.0}",
                column.system,
                row.cell.clients,
                row.cell.per_second,
                row.cell.p50_ms,
                row.cell.p95_ms,
                row.cell.p99_ms,
                ours.cell.per_second / row.cell.per_second,
                row.cpu_us,
                row.memory_mb,
            ));
        }
    }
}

fn times(text: &mut String, columns: &[Column], of: fn(&Column) -> &Vec<Duration>) {
    for column in columns.iter().filter(|column| !of(column).is_empty()) {
        let times: Vec<String> = of(column)
            .iter()
            .map(|time| format!("{:.0}", time.as_secs_f64() * 1e3))
            .collect();
        text.push_str(&format!("\n{:<12} {} ms", column.system, times.join(", ")));
    }
}

fn value(column: &Column) -> serde_json::Value {
    let row = |row: &Row| {
        json!({
            "clients": row.cell.clients,
            "per_second": row.cell.per_second,
            "p50_ms": row.cell.p50_ms,
            "p95_ms": row.cell.p95_ms,
            "p99_ms": row.cell.p99_ms,
            "servers_cpu_us": row.cpu_us,
            "server_memory_mb": row.memory_mb,
        })
    };
    let millis =
        |times: &[Duration]| -> Vec<f64> { times.iter().map(|time| time.as_secs_f64() * 1e3).collect() };
    json!({
        "system": column.system,
        "writes": column.cells.iter().map(row).collect::<Vec<_>>(),
        "reads": column.reads.iter().map(row).collect::<Vec<_>>(),
        "failover_ms": millis(&column.failovers),
        "silence_ms": millis(&column.silences),
    })
}

fn words(comebacks: &[Comeback]) -> String {
    let mut text = String::new();
    if !comebacks.is_empty() {
        text.push_str("\nfrom the start of a killed secondary until it is one again");
    }
    for comeback in comebacks {
        text.push_str(&format!(
            "\n{:>9} documents: {:.0} ms with its data, {:.0} ms to copy them",
            comeback.documents,
            comeback.restart.as_secs_f64() * 1e3,
            comeback.copy.as_secs_f64() * 1e3
        ));
    }
    text
}

/// How many times as many operations ours does in the same time.
fn ratios(columns: &[Column], bytes: usize) -> Vec<Ratio> {
    let ours = &columns[0];
    let of = |column: &Column, what: &str, rows: fn(&Column) -> &Vec<Row>| {
        let pairs = rows(column).iter().zip(rows(ours));
        let ratio = |(theirs, ours): (&Row, &Row)| Ratio {
            name: format!("{what} of {bytes} bytes, {} clients", ours.cell.clients),
            peer: column.system.to_owned(),
            ratio: ours.cell.per_second / theirs.cell.per_second,
        };
        pairs.map(ratio).collect::<Vec<_>>()
    };
    let both = |column: &Column| {
        let mut both = of(column, "inserts", |column| &column.cells);
        both.extend(of(column, "reads", |column| &column.reads));
        both
    };
    columns[1..].iter().flat_map(both).collect()
}
