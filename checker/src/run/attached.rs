//! Workloads and checks on a set that somebody else runs: nothing is started, nothing is disturbed.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use mongodb::{
    Client,
    bson::{Bson, doc},
    options::{ClientOptions, ServerAddress},
};

use super::{
    environment,
    error::RunError,
    final_reads::final_reads,
    interrupt::{Interrupt, Wish},
    judging,
    live::Outcome,
    phases::{self, Borders},
    scenario::{Cast, Scenario, quoted},
    shortfalls,
    tally::Tally,
    traffic::{Asking, Desk, Traffic},
};
use crate::{
    client::places,
    cluster::rig::PowerBackend,
    console::Console,
    history::Recorder,
    record::{
        directory::{RunDirectory, RunFile},
        reproduction::write_reproduction,
        run::{Commands, MemberRecord, RunId, RunRecord, WorkloadRecord},
    },
    report::{write_index, write_report},
};

/// How long the set may take to say who its members are.
const SELECTION: Duration = Duration::from_secs(10);

/// What is asked of which set.
pub struct Attached {
    /// `mongodb://…` of any of its members.
    pub uri: String,
    /// Length, seed, rate. The number of members is the set's.
    pub scenario: Scenario,
    /// The workloads; nobody disturbs.
    pub cast: Cast,
    /// Below it the run makes its directory.
    pub results: PathBuf,
    /// Whether the workloads' own database may be dropped first.
    pub drop_first: bool,
    /// Tells how it goes.
    pub console: Console,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

/// The set as it tells of itself.
struct Found {
    set: String,
    members: Vec<SocketAddr>,
    version: String,
}

impl Attached {
    /// Asks, reads what is there in the end, and judges what the clients saw.
    ///
    /// # Errors
    /// When the set cannot be reached or used, or the checker itself fails.
    pub async fn play(mut self) -> Result<Outcome, RunError> {
        let found = self.find().await?;
        self.scenario.members = u8::try_from(found.members.len()).unwrap_or(u8::MAX);
        let id = RunId::new(SystemTime::now(), self.scenario.seed);
        let directory = RunDirectory::create(&self.results, &id)?;
        let mut run = self.begin(&directory, &found);
        directory.write(RunFile::Run, &run)?;
        write_reproduction(&directory, &run)?;
        let began = Instant::now();
        let now_ns = || u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let desk = Desk {
            recorder: Arc::new(Recorder::create(&directory.path(RunFile::History), began)?),
            tally: Arc::new(Tally::default()),
            set: found.set,
            members: found.members,
            processes: Arc::default(),
        };
        let workloads = self.cast.workloads.iter();
        let asking: Vec<Asking> = workloads
            .map(|workload| Asking::new(workload, &self.scenario))
            .collect();
        let mut borders = Borders {
            traffic_ns: now_ns(),
            ..Borders::default()
        };
        let traffic = Traffic::start(&desk, &asking, &self.scenario)?;
        self.sleep(self.scenario.calm()).await;
        borders.faults_ns = now_ns();
        self.sleep(self.scenario.faulted()).await;
        borders.healed_ns = now_ns();
        self.sleep(self.scenario.calm()).await;
        traffic.stop().await?;
        desk.recorder.sync()?;
        borders.quiet_ns = now_ns();
        self.console
            .say(format!("clients have stopped: {}", desk.tally.line()));
        let not_read = final_reads(&desk, &asking).await?;
        borders.end_ns = now_ns();

        run.duration_ms = now_ns() / 1_000_000;
        let history = judging::read(&directory)?;
        run.phases = borders.phases(&history.ops);
        for (place, record) in run.workloads.iter_mut().enumerate() {
            let own = history
                .ops
                .iter()
                .filter(|op| desk.processes.belongs(op.process, place));
            record.counts = phases::count(own);
        }
        run.shortfalls =
            shortfalls::shortfalls(&self.scenario, &self.cast, &[], &Default::default(), &run.phases);
        run.shortfalls.extend(not_read);
        directory.write(RunFile::Run, &run)?;
        let names = judging::checks(&self.cast.workloads);
        let (kept, sentences) = (directory.clone(), run.shortfalls.clone());
        let judged = tokio::task::spawn_blocking(move || {
            judging::verdict(&kept, &history, &names, Vec::new(), &sentences, &[])
        });
        let verdict = judged
            .await
            .map_err(|crash| RunError::Crashed(crash.to_string()))??;
        directory.write(RunFile::Verdict, &verdict)?;
        let report = write_report(&directory)?;
        write_index(&self.results)?;
        Ok(Outcome {
            verdict,
            run,
            directory: directory.root().to_owned(),
            report,
            struck: 0,
        })
    }

    /// Who the members are, and whether the workloads' database is free.
    async fn find(&self) -> Result<Found, RunError> {
        let mut options = ClientOptions::parse(&self.uri).await?;
        if options.credential.is_some() || options.tls.is_some() {
            let words = "the clients of the workloads speak without credentials and without TLS";
            return Err(RunError::Unusable(words.to_owned()));
        }
        options.server_selection_timeout = Some(SELECTION);
        let client = Client::with_options(options)?;
        let hello = client.database("admin").run_command(doc! {"hello": 1}).await?;
        let Ok(set) = hello.get_str("setName") else {
            let words = format!("{} is no member of a replica set", self.uri);
            return Err(RunError::Unusable(words));
        };
        let hosts = ["hosts", "passives"]
            .into_iter()
            .filter_map(|part| hello.get_array(part).ok())
            .flatten();
        let mut members = Vec::new();
        for host in hosts.filter_map(Bson::as_str) {
            members.push(resolve(host).await?);
        }
        let info = client.database("admin").run_command(doc! {"buildInfo": 1}).await;
        let found = Found {
            set: set.to_owned(),
            members,
            version: info
                .ok()
                .and_then(|info| info.get_str("version").map(str::to_owned).ok())
                .unwrap_or_default(),
        };
        // Of the whole set, not of whoever answered: only the primary can drop.
        let whole = crate::client::replica_set(&found.set, &found.members, "checker attach")?;
        let database = whole.database(places::DATABASE);
        if self.drop_first {
            database.drop().await?;
        } else if !database.list_collection_names().await?.is_empty() {
            let words = format!(
                "the database {} is not empty, and workloads start from nothing; allow to drop it with --drop",
                places::DATABASE
            );
            return Err(RunError::Unusable(words));
        }
        Ok(found)
    }

    fn begin(&self, directory: &RunDirectory, found: &Found) -> RunRecord {
        let repeat = format!(
            "cargo run -p checker -- attach '{}' --seed {} --drop",
            self.uri.replace('\'', ""),
            self.scenario.seed
        );
        let commands = Commands {
            repeat,
            recheck: format!("cargo run -p checker -- judge {}", quoted(directory.root())),
            open_counterexample: String::new(),
        };
        let mut run = RunRecord::begin(SystemTime::now(), self.scenario.seed, commands);
        let workloads = self.cast.workloads.iter().map(|workload| WorkloadRecord {
            name: workload.name.to_owned(),
            about: workload.about.to_owned(),
            concerns: workload.concerns,
            processes: self.scenario.processes,
            checks: workload.checks.iter().map(ToString::to_string).collect(),
            counts: Default::default(),
        });
        run.workloads = workloads.collect();
        let members = (0..).zip(&found.members).map(|(index, address)| MemberRecord {
            index,
            name: format!("n{index}"),
            address: address.to_string(),
        });
        run.members = members.collect();
        run.versions.git = environment::git();
        run.versions.node.clone_from(&found.version);
        run.environment = environment::environment(Default::default(), PowerBackend::None);
        run.not_checked = [
            "faults: the set was not disturbed",
            "the members' steps: they belong to somebody else",
            "whether all members hold the same",
        ]
        .map(str::to_owned)
        .to_vec();
        run
    }

    async fn sleep(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.interrupt.until(Wish::Finish) => {}
        }
    }
}

/// The address of `host:port`.
async fn resolve(host: &str) -> Result<SocketAddr, RunError> {
    let unknown = |why: String| RunError::Unusable(format!("the member {host} has no address: {why}"));
    let address = ServerAddress::parse(host)?.to_string();
    let mut found = tokio::net::lookup_host(address)
        .await
        .map_err(|error| unknown(error.to_string()))?;
    found.next().ok_or_else(|| unknown("none is known".to_owned()))
}
