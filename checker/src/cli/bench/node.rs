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
        Contest, Data, Entrant, Etcd, Number, Ours, Postgres, Spread, System, Task, Verb, contest,
        find_program, measure, time_to_first_write,
    },
    cli::context::Context,
};

/// Etcd and PostgreSQL are measured if they are installed; `deploy/bench-peers.sh` installs Debian's packages.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Clients at once, one cell each.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    clients: Vec<usize>,

    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    bytes: usize,

    /// Seconds of each system with each number of clients, all rounds together.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,

    /// Rounds in which the systems take turns; what is printed are the rounds' medians.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,

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

    /// Another build of the server, which takes part beside the first.
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
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

/// What was measured of all systems.
struct Findings {
    /// Their names; the first is the one that the others are compared with.
    systems: Vec<&'static str>,
    writes: Vec<Contest>,
    reads: Vec<Contest>,
    failovers: Vec<Times>,
    silences: Vec<Times>,
}

/// How long a system took for something, each time.
struct Times(&'static str, Vec<Duration>);

/// Keys that reads choose from.
const READ_KEYS: u64 = 2_000;
/// Election timeout of ours for leaders that fall silent.
const SILENCE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a member was away.
struct Comeback {
    documents: usize,
    restart: Duration,
    copy: Duration,
}

/// Measures the systems in turns and prints the table.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (found, comebacks) = LocalSet::new().block_on(&runtime, async {
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
        || format!("{}{}", table(&found, arguments, &load), words(&comebacks)),
        || {
            let comebacks: Vec<_> = comebacks.iter().map(Comeback::value).collect();
            let systems: Vec<_> = (0..found.systems.len())
                .map(|place| value(&found, place))
                .collect();
            json!({ "load": load, "rounds": arguments.rounds, "systems": systems, "comebacks": comebacks })
        },
    );
    Ok(ratios(&found, arguments.bytes))
}

async fn all(arguments: &Arguments, context: &Context) -> anyhow::Result<Findings> {
    let etcd = find_program("etcd");
    if etcd.is_none() {
        let words = "etcd is not installed (deploy/bench-peers.sh): not measured";
        context.console.warn(words);
    }
    let (systems, writes, reads) = contests(arguments, context, etcd.as_deref()).await?;
    let node = arguments.server()?;
    context.console.progress(|| "failovers".to_owned());
    let mut silences = vec![Times("node", Vec::new())];
    let mut failovers = vec![Times("node", Vec::new())];
    for _ in 0..arguments.silences {
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        set.set_election_timeout(SILENCE_TIMEOUT).await?;
        measure(set.clients(16).await?, &puts(arguments)).await?;
        let (survivors, since, silenced) = set.silence_leader().await?;
        silences[0].1.push(time_to_first_write(survivors, since).await?);
        drop(silenced);
    }
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        measure(set.clients(16).await?, &puts(arguments)).await?;
        let (survivors, killed) = set.kill_leader().await?;
        failovers[0].1.push(time_to_first_write(survivors, killed).await?);
    }
    if let Some(program) = etcd {
        silences.push(Times("etcd", etcd_silences(&program, arguments).await?));
        failovers.push(Times("etcd", etcd_failovers(&program, arguments).await?));
    }
    Ok(Findings {
        systems,
        writes,
        reads,
        failovers,
        silences,
    })
}

/// The systems' names, their writes, and their reads.
async fn contests(
    arguments: &Arguments,
    context: &Context,
    etcd: Option<&Path>,
) -> anyhow::Result<(Vec<&'static str>, Vec<Contest>, Vec<Contest>)> {
    // Dropped after the systems that live in them.
    let mut rooms = Vec::new();
    let entrants = entrants(arguments, context, etcd, &mut rooms).await?;
    for entrant in &entrants {
        entrant.prepare(&gets(arguments)).await?;
    }
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for (what, task, contests) in [
        ("writes", puts(arguments), &mut writes),
        ("reads", gets(arguments), &mut reads),
    ] {
        for &clients in &arguments.clients {
            context
                .console
                .progress(|| format!("{what} of {clients} clients"));
            contests.push(contest(&entrants, clients, &task, arguments.rounds.into()).await?);
        }
    }
    Ok((
        entrants.iter().map(|entrant| entrant.name).collect(),
        writes,
        reads,
    ))
}

async fn entrants(
    arguments: &Arguments,
    context: &Context,
    etcd: Option<&Path>,
    rooms: &mut Vec<TempDir>,
) -> anyhow::Result<Vec<Entrant>> {
    context.console.progress(|| "starting the systems".to_owned());
    let mut another = || -> anyhow::Result<PathBuf> {
        rooms.push(room()?);
        Ok(rooms.last().context("a room")?.path().to_owned())
    };
    let mut entrants = vec![Entrant {
        name: "node",
        system: System::Ours(Ours::start(&arguments.server()?, &another()?).await?),
    }];
    if let Some(other) = &arguments.against {
        entrants.push(Entrant {
            name: "other node",
            system: System::Ours(Ours::start(other, &another()?).await?),
        });
    }
    if let Some(program) = etcd {
        entrants.push(Entrant {
            name: "etcd",
            system: System::Etcd(Etcd::start(program, &another()?).await?),
        });
    }
    match find_program("initdb") {
        None => context
            .console
            .warn("PostgreSQL is not installed (deploy/bench-peers.sh): not measured"),
        Some(program) => {
            let home = another()?.join("postgres");
            fs::create_dir(&home)?;
            // Where it really lies its companions are, too.
            let program = fs::canonicalize(program)?;
            let programs = program.parent().context("initdb lies nowhere")?;
            entrants.push(Entrant {
                name: "PostgreSQL",
                system: System::Postgres(Postgres::start(programs, &home).await?),
            });
        }
    }
    Ok(entrants)
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

async fn etcd_silences(program: &Path, arguments: &Arguments) -> anyhow::Result<Vec<Duration>> {
    let mut silences = Vec::new();
    for _ in 0..arguments.silences {
        let place = room()?;
        let mut cluster = Etcd::start(program, place.path()).await?;
        measure(cluster.clients(16).await?, &puts(arguments)).await?;
        let (survivors, since, silenced) = cluster.silence_leader().await?;
        silences.push(time_to_first_write(survivors, since).await?);
        drop(silenced);
    }
    Ok(silences)
}

async fn etcd_failovers(program: &Path, arguments: &Arguments) -> anyhow::Result<Vec<Duration>> {
    let mut failovers = Vec::new();
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut cluster = Etcd::start(program, place.path()).await?;
        measure(cluster.clients(16).await?, &puts(arguments)).await?;
        let (survivors, killed) = cluster.kill_leader().await?;
        failovers.push(time_to_first_write(survivors, killed).await?);
    }
    failovers.sort_unstable();
    Ok(failovers)
}

fn puts(arguments: &Arguments) -> Task {
    Task {
        name: "put".to_owned(),
        verb: Verb::Put,
        bytes: arguments.bytes,
        time: Duration::from_secs(arguments.seconds) / u32::from(arguments.rounds),
    }
}

fn gets(arguments: &Arguments) -> Task {
    Task {
        name: "read".to_owned(),
        verb: Verb::Get(READ_KEYS),
        ..puts(arguments)
    }
}

fn room() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("checker-bench-").tempdir()?)
}

/// Numbers of a turn, as tables and records call them.
const NUMBERS: [(&str, Number); 6] = [
    ("per_second", |turn| turn.cell.per_second),
    ("p50_ms", |turn| turn.cell.p50_ms),
    ("p95_ms", |turn| turn.cell.p95_ms),
    ("p99_ms", |turn| turn.cell.p99_ms),
    ("servers_cpu_us", |turn| turn.cpu_us),
    ("server_memory_mb", |turn| turn.memory_mb),
];

fn table(found: &Findings, arguments: &Arguments, load: &str) -> String {
    let mut text = format!(
        "closed loop, three members each on this machine (load {load}); CPU of all servers for one operation, memory of one\n\
         medians of {} rounds in which the systems took turns; ratios of node's numbers to the other's, least and most in \
         brackets",
        arguments.rounds
    );
    rows(&mut text, "majority-durable inserts", found, &found.writes);
    rows(
        &mut text,
        "linearizable reads by key (PostgreSQL: plain reads of its primary)",
        found,
        &found.reads,
    );
    text.push_str("\nkill -9 of the leader to the first write acknowledged that was sent since");
    times(&mut text, &found.failovers);
    text.push_str("\nthe leader falls silent, its connections stay (election timeout of ours 500 ms)");
    times(&mut text, &found.silences);
    text
}

fn rows(text: &mut String, title: &str, found: &Findings, contests: &[Contest]) {
    text.push_str(&format!(
        "\n{title}\n{:<12} {:>7} {:>9} {:>8} {:>8} {:>8} {:>7} {:>6}  {:<18} {:<18} {}",
        "system",
        "clients",
        "per s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "CPU us",
        "MB",
        "ratio per s",
        "p50",
        "p99"
    ));
    for (place, system) in found.systems.iter().enumerate() {
        for contest in contests {
            let [per_second, p50, p95, p99, cpu, memory] =
                NUMBERS.map(|(_, number)| contest.of(place, number).median);
            text.push_str(&format!(
                "\n{system:<12} {:>7} {per_second:>9.0} {p50:>8.2} {p95:>8.2} {p99:>8.2} {cpu:>7.0} {memory:>6.0}",
                contest.clients,
            ));
            if place > 0 {
                let ratio = |number: Number| spread(contest.ratio(place, number));
                let [per_second, p50, _, p99, ..] = NUMBERS.map(|(_, number)| ratio(number));
                text.push_str(&format!("  {per_second:<18} {p50:<18} {p99}"));
            }
        }
    }
}

fn spread(of: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", of.median, of.least, of.most)
}

fn times(text: &mut String, all: &[Times]) {
    for Times(system, times) in all.iter().filter(|Times(_, times)| !times.is_empty()) {
        let times: Vec<String> = times
            .iter()
            .map(|time| format!("{:.0}", time.as_secs_f64() * 1e3))
            .collect();
        text.push_str(&format!("\n{system:<12} {} ms", times.join(", ")));
    }
}

fn value(found: &Findings, place: usize) -> serde_json::Value {
    let row = |contest: &Contest| {
        let mut row = serde_json::Map::from_iter([("clients".to_owned(), json!(contest.clients))]);
        for (name, number) in NUMBERS {
            row.insert(name.to_owned(), json!(contest.of(place, number).median));
            let ratio = contest.ratio(place, number);
            row.insert(
                format!("ratio_{name}"),
                json!([ratio.least, ratio.median, ratio.most]),
            );
        }
        row
    };
    let millis = |all: &[Times]| -> Vec<f64> {
        let own = all
            .iter()
            .filter(|Times(system, _)| *system == found.systems[place]);
        own.flat_map(|Times(_, times)| times)
            .map(|time| time.as_secs_f64() * 1e3)
            .collect()
    };
    json!({
        "system": found.systems[place],
        "writes": found.writes.iter().map(row).collect::<Vec<_>>(),
        "reads": found.reads.iter().map(row).collect::<Vec<_>>(),
        "failover_ms": millis(&found.failovers),
        "silence_ms": millis(&found.silences),
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
fn ratios(found: &Findings, bytes: usize) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for (place, peer) in found.systems.iter().enumerate().skip(1) {
        for (what, contests) in [("inserts", &found.writes), ("reads", &found.reads)] {
            for contest in contests {
                ratios.push(Ratio {
                    name: format!("{what} of {bytes} bytes, {} clients", contest.clients),
                    peer: (*peer).to_owned(),
                    ratio: contest.ratio(place, |turn| turn.cell.per_second).median,
                });
            }
        }
    }
    ratios
}
