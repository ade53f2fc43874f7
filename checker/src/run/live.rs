//! One live run, start to finish: this file is its story.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tempfile::TempDir;

use super::{
    admin::Admin,
    arena::Arena,
    disturb::Disturbance,
    environment,
    error::RunError,
    final_reads::final_reads,
    interrupt::{Interrupt, Wish},
    judging,
    left_out::left_out,
    load,
    phases::{self, Borders},
    processes::Processes,
    recovery, replicas,
    scenario::{Cast, Places, Scenario, System, quoted},
    settle, shortfalls,
    standstill::{self, Sleeper},
    start::{self, Binaries, SET},
    tally::Tally,
    tempo, traces,
    traffic::{Asking, Desk, Traffic, processes},
    watch::{self, Watch},
};
use crate::{
    checks::{self, Verdict},
    cluster::rig::PowerBackend,
    console::Console,
    history::{Marks, Op, Recorder},
    record::{
        directory::{RunDirectory, RunFile},
        model::ModelRecord,
        reproduction::write_reproduction,
        run::{Commands, MemberRecord, NemesisRecord, RunId, RunRecord, WorkloadRecord},
        verdict::VerdictRecord,
    },
    report::{write_index, write_report},
};

/// How long members may take to stop in the end.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// The word over it, and why.
    pub verdict: VerdictRecord,
    /// What was run.
    pub run: RunRecord,
    /// Where everything lies.
    pub directory: PathBuf,
    /// The page for people.
    pub report: PathBuf,
    /// How many faults struck.
    pub struck: u64,
}

/// A run about to begin.
pub struct Live {
    /// Members, clients, time, seed.
    pub scenario: Scenario,
    /// Who asks what, who disturbs.
    pub cast: Cast,
    /// Where things lie.
    pub places: Places,
    /// What the models found, for the report.
    pub model: Option<ModelRecord>,
    /// Tells how it goes.
    pub console: Console,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

impl Live {
    /// Plays the scenario and judges what the clients saw.
    ///
    /// # Errors
    /// When the checker itself fails. A broken promise is an [`Outcome`], not an error.
    pub async fn play(self) -> Result<Outcome, RunError> {
        let binaries = self.build().await?;
        let data = start::directory()?;
        let id = RunId::new(SystemTime::now(), self.scenario.seed);
        let directory = RunDirectory::create(&self.places.results, &id)?;
        let mut run = self.begin(&directory, &binaries);
        directory.write(RunFile::Run, &run)?;
        write_reproduction(&directory, &run)?;
        if let Some(model) = &self.model {
            directory.write(RunFile::Model, model)?;
        }

        let began = Instant::now();
        let mut rig = start::start(
            &self.scenario,
            &self.cast,
            self.places.system,
            &binaries,
            data.path(),
        )?;
        run.members = rig.seats().iter().map(member_record).collect();
        let admin = Admin::connect(
            &rig.members().iter().map(|seat| seat.listen).collect::<Vec<_>>(),
            self.scenario.arbiters,
        )?;
        self.console
            .say(format!("{} members started", self.scenario.voters()));
        if let Err(error) = start::initiate(&mut rig, &admin).await {
            keep_logs(
                &rig.seats()
                    .iter()
                    .map(|seat| seat.log.clone())
                    .collect::<Vec<_>>(),
                &directory,
            )?;
            return Err(error);
        }
        directory.write(RunFile::Run, &run)?;

        let watch = Watch::new(self.scenario.voters());
        let arena = Arena::new(rig, began, &directory, watch, self.scenario.budget)?;
        let sleeper = Sleeper::start(began).map_err(RunError::Thread)?;
        let played = self.perform(&arena, &admin, &sleeper, &directory, began).await;
        // Whatever happened, the logs are kept and nobody stays behind.
        let (logs, traces) = {
            let mut stage = arena.lock().await;
            stage.rig.stop(STOP_GRACE).await;
            (stage.logs(), stage.traces())
        };
        keep_logs(&logs, &directory)?;
        let mut steps = None;
        if let Ok(played) = &played {
            steps = self.retrace(traces, &played.turns, &directory).await?;
        }
        self.keep_data(data, &directory)?;
        let played = played?;
        run.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut played = played;
        played.verdicts.extend(steps);
        run.standstills = sleeper.noted();
        if let Some(words) = standstill::words(&run.standstills) {
            self.console.warn(format!("not checked: {words}"));
            run.not_checked.push(words);
        }
        self.judge(run, &directory, &arena, played).await
    }

    /// Builds in a thread of its own: cargo takes minutes.
    async fn build(&self) -> Result<Binaries, RunError> {
        let (cast, places, console) = (self.cast.clone(), self.places.clone(), self.console.clone());
        let building = tokio::task::spawn_blocking(move || start::build(&cast, &places, &console));
        let binaries = building
            .await
            .map_err(|crash| RunError::Crashed(crash.to_string()))??;
        if self.interrupt.wish() >= Wish::Finish {
            return Err(RunError::Stopped);
        }
        Ok(binaries)
    }

    /// Clients ask while nemeses disturb; then the quiet end.
    async fn perform(
        &self,
        arena: &Arena,
        admin: &Admin,
        sleeper: &Sleeper,
        directory: &RunDirectory,
        began: Instant,
    ) -> Result<Played, RunError> {
        let now_ns = || u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let desk = Desk {
            recorder: Arc::new(Recorder::create(&directory.path(RunFile::History), began)?),
            tally: Arc::new(Tally::default()),
            set: SET.to_owned(),
            members: arena
                .lock()
                .await
                .rig
                .members()
                .iter()
                .map(|seat| seat.advertised)
                .collect(),
            processes: Arc::default(),
        };
        let asking: Vec<Asking> = self
            .cast
            .workloads
            .iter()
            .map(|workload| Asking::new(workload, &self.scenario))
            .collect();
        let watching = watch::start(
            arena.clone(),
            admin.clone(),
            directory,
            began,
            self.console.clone(),
        )?;
        let progress = tokio::spawn(show(
            arena.clone(),
            desk.tally.clone(),
            self.console.clone(),
            self.title(),
        ));

        let mut borders = Borders {
            traffic_ns: now_ns(),
            ..Borders::default()
        };
        let traffic = Traffic::start(&desk, &asking, &self.scenario)?;
        self.sleep(self.scenario.calm()).await;

        borders.faults_ns = now_ns();
        let disturbance = Disturbance {
            arena: arena.clone(),
            load: traffic.load.clone(),
            seed: self.scenario.seed,
            redraws: self.scenario.redraws,
            until: Instant::now() + self.scenario.faulted(),
            interrupt: self.interrupt.clone(),
            console: self.console.clone(),
        };
        let turns = disturbance.run(&self.cast.nemeses).await?;
        for turn in self.scenario.redraws.beyond(turns.len()) {
            self.console.warn(format!(
                "turn {turn} of --redraw never came: there were {} turns, and nothing was drawn anew there",
                turns.len()
            ));
        }
        if self.cast.nemeses.is_empty() {
            self.sleep(self.scenario.faulted()).await;
        }

        borders.healed_ns = now_ns();
        self.console.say("all faults are healed");
        let crashed = settle::crashes(arena).await?;
        // Also after Ctrl-C: without traffic after the faults nothing is known of the healing.
        tokio::time::sleep(self.scenario.calm()).await;
        traffic.stop().await?;
        desk.recorder.sync()?;

        borders.quiet_ns = now_ns();
        self.console
            .say("clients have stopped; waiting until all members are equal");
        let settled = settle::settle(arena, admin, sleeper, crashed).await?;
        let not_read = final_reads(&desk, &asking).await?;
        borders.end_ns = now_ns();
        self.console.say("comparing what the members hold");
        let compared = replicas::compare(admin, &settled.looks).await;
        directory.write(RunFile::Replicas, &compared.difference)?;
        if let Some(marks) = &compared.marks {
            directory.write(RunFile::Marks, marks)?;
        }
        drop(watching);
        progress.abort();
        self.console.progress_done();
        Ok(Played {
            borders,
            processes: desk.processes,
            turns,
            not_read,
            verdicts: vec![settled.verdict, compared.verdict],
            marks: compared.marks,
            interrupted: self.interrupt.wish() >= Wish::Finish,
        })
    }

    /// The members' steps through the core again; nothing when they wrote none down.
    async fn retrace(
        &self,
        written: Vec<PathBuf>,
        turns: &[Instant],
        directory: &RunDirectory,
    ) -> Result<Option<Verdict>, RunError> {
        let wall = |turn: &Instant| unix_secs(SystemTime::now() - turn.elapsed());
        let turns: Vec<u64> = turns.iter().map(wall).collect();
        self.console.say("replaying the members' steps");
        let (directory, rules) = (directory.clone(), self.cast.rules());
        let before = self.model.clone();
        let replaying = tokio::task::spawn_blocking(move || {
            traces::keep(&written, &directory)?;
            let Some(replayed) = traces::replay_stored(&directory, &rules)? else {
                return Ok(None);
            };
            directory.write(RunFile::Coverage, &traces::coverage(&replayed, before.as_ref()))?;
            directory.write(RunFile::Situations, &traces::situations(&replayed, &turns))?;
            Ok(Some(traces::verdict(&replayed)))
        });
        let replayed = replaying.await;
        replayed.map_err(|crash| RunError::Crashed(crash.to_string()))?
    }

    /// The checks, the verdict, the pages.
    async fn judge(
        &self,
        mut run: RunRecord,
        directory: &RunDirectory,
        arena: &Arena,
        played: Played,
    ) -> Result<Outcome, RunError> {
        self.console.say("checking the history");
        let mut history = judging::read(directory)?;
        let mut faults = arena.records().await;
        phases::fill_recovery(&mut faults, &history.ops);
        let clients = processes(&self.scenario, self.cast.workloads.len());
        run.load = Some(load::met(clients, &mut faults, &history.ops));
        arena.finish(&faults).await?;
        run.phases = played.borders.phases(&history.ops);
        for (place, record) in run.workloads.iter_mut().enumerate() {
            let own = |op: &&Op| played.processes.belongs(op.process, place);
            record.counts = phases::count(history.ops.iter().filter(own));
        }
        let told = arena.told().await;
        run.shortfalls = shortfalls::shortfalls(&self.scenario, &self.cast, &faults, &told, &run.phases);
        run.shortfalls.extend(played.not_read);
        if played.interrupted {
            run.shortfalls
                .insert(0, "stopped by a signal before its time".to_owned());
        }
        let struck = faults.iter().filter(|fault| fault.took_effect).count() as u64;
        let mut verdicts = played.verdicts;
        if let Some(marks) = &played.marks
            && self.places.system == System::Node
        {
            let judged = judging::with_marks(&mut history, marks);
            if judging::is_forgotten(&judged, marks, &faults) {
                run.not_checked.push(judging::FORGOTTEN.to_owned());
            } else {
                verdicts.push(judged);
            }
        }
        directory.write(RunFile::Run, &run)?;
        let names = judging::checks(&self.cast.workloads);
        // In a thread of its own: checks count, and Ctrl-C must be heard meanwhile.
        let owed = recovery::disturbances(&faults, &run.standstills, &self.scenario, played.borders.quiet_ns);
        verdicts.push(checks::recovery(&history, &owed, recovery::limit()));
        verdicts.extend(self.model.as_ref().map(ModelRecord::verdict));
        let (kept, shortfalls) = (directory.clone(), run.shortfalls.clone());
        let judged = tokio::task::spawn_blocking(move || {
            judging::verdict(&kept, &history, &names, verdicts, &shortfalls, &faults)
        });
        let verdict = judged
            .await
            .map_err(|crash| RunError::Crashed(crash.to_string()))??;
        directory.write(RunFile::Verdict, &verdict)?;
        let report = write_report(directory)?;
        write_index(&self.places.results)?;
        Ok(Outcome {
            verdict,
            run,
            directory: directory.root().to_owned(),
            report,
            struck,
        })
    }

    fn begin(&self, directory: &RunDirectory, binaries: &Binaries) -> RunRecord {
        let commands = Commands {
            repeat: self.scenario.command(&self.cast, &self.places),
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
        let nemeses = self.cast.nemeses.iter().map(|nemesis| NemesisRecord {
            name: nemesis.name.to_owned(),
            about: nemesis.about.to_owned(),
        });
        run.nemeses = nemeses.collect();
        run.timing = tempo::record();
        run.planted_bug.clone_from(&self.cast.planted_bug);
        run.versions = environment::versions(&binaries.node);
        run.environment =
            environment::environment(self.scenario.network, start::power(&self.scenario, &self.cast));
        if self.places.system == System::Mongod {
            let words = "the members' steps: a mongod does not write them down";
            run.not_checked.push(words.to_owned());
        }
        if start::power(&self.scenario, &self.cast) == PowerBackend::None {
            let words = "power loss: this run's members keep what the operating system holds";
            run.not_checked.push(words.to_owned());
        }
        run.not_checked.extend(left_out(&self.cast));
        run
    }

    fn keep_data(&self, data: TempDir, directory: &RunDirectory) -> Result<(), RunError> {
        if self.places.keep_data {
            let kept = data.keep();
            self.console
                .say(format!("data directories kept in {}", kept.display()));
            let note = directory.root().join("data-directories");
            fs::write(&note, format!("{}\n", kept.display()))
                .map_err(|source| RunError::Directory { path: note, source })?;
        }
        Ok(())
    }

    fn title(&self) -> String {
        let workloads: Vec<&str> = self.cast.workloads.iter().map(|workload| workload.name).collect();
        format!("seed {}  {}", self.scenario.seed, workloads.join("+"))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.interrupt.until(Wish::Finish) => {}
        }
    }
}

/// What the performance gave, besides the files.
struct Played {
    borders: Borders,
    processes: Arc<Processes>,
    /// When each turn of the nemeses began.
    turns: Vec<Instant>,
    not_read: Vec<String>,
    verdicts: Vec<Verdict>,
    marks: Option<Marks>,
    interrupted: bool,
}

/// Shows how things stand until it is aborted.
async fn show(arena: Arena, tally: Arc<Tally>, console: Console, title: String) {
    loop {
        let view = arena.view().await;
        console.progress(|| format!("{title}\nops {}\n{}", tally.line(), arena.watch().line(&view)));
        tokio::time::sleep(tempo::STATUS_PERIOD).await;
    }
}

fn unix_secs(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn member_record(seat: &crate::cluster::rig::Seat) -> MemberRecord {
    MemberRecord {
        index: seat.member,
        name: format!("n{}", seat.member),
        address: seat.advertised.to_string(),
    }
}

fn keep_logs(logs: &[PathBuf], directory: &RunDirectory) -> Result<(), RunError> {
    for (member, log) in (0..).zip(logs) {
        directory.node(member)?;
        let kept = directory.node_log(member);
        fs::copy(log, &kept).map_err(|source| RunError::Directory { path: kept, source })?;
    }
    Ok(())
}
