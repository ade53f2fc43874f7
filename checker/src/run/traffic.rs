//! The client processes of a run: each asks one thing after the other, and writes down what it saw.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use workloads::{
    operation::{Completion, Operation},
    workload::{Generator, Parameters, Workload},
};

use super::{error::RunError, load::Load, processes::Processes, scenario::Scenario, tally::Tally};
use crate::{client::ProcessClient, history::Recorder};

/// What all client processes share.
#[derive(Clone)]
pub struct Desk {
    /// Writes the history.
    pub recorder: Arc<Recorder>,
    /// Counts for the terminal.
    pub tally: Arc<Tally>,
    /// Name of the replica set.
    pub set: String,
    /// Addresses of the members, as clients reach them.
    pub members: Vec<SocketAddr>,
    /// Numbers of client processes.
    pub processes: Arc<Processes>,
}

/// One workload of the run: its generator is shared by its processes, and used once more at the end.
pub struct Asking {
    /// The catalogue's entry.
    pub workload: &'static Workload,
    generator: Arc<Mutex<Box<dyn Generator>>>,
}

/// The running clients.
pub struct Traffic {
    /// Lets faults meet requests.
    pub load: Load,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), RunError>>,
}

impl Asking {
    /// The generator of `workload` for this scenario.
    pub fn new(workload: &'static Workload, scenario: &Scenario) -> Self {
        let generator = (workload.generator)(Parameters {
            seed: scenario.seed,
            processes: scenario.processes,
            members: scenario.members,
            concerns: workload.concerns,
        });
        Self {
            workload,
            generator: Arc::new(Mutex::new(generator)),
        }
    }

    /// What is asked when everything is quiet.
    pub fn final_reads(&self) -> Vec<Operation> {
        self.lock().final_reads()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Box<dyn Generator>> {
        self.generator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traffic {
    /// Starts all processes of all workloads.
    ///
    /// # Errors
    /// When the driver refuses its options.
    pub fn start(desk: &Desk, asking: &[Asking], scenario: &Scenario) -> Result<Self, RunError> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let pause = pause(scenario, asking.len());
        let load = Load::new(desk.tally.clone(), processes(scenario, asking.len()));
        for (place, asked) in asking.iter().enumerate() {
            for turn in 0..scenario.processes {
                let process = desk.processes.enroll(place);
                let client = ProcessClient::connect(process, &desk.set, &desk.members)?;
                let worker = Worker {
                    desk: desk.clone(),
                    generator: asked.generator.clone(),
                    place,
                    turn,
                    process,
                    client,
                    pause,
                    load: load.clone(),
                };
                tasks.spawn(worker.run(stopped.clone()));
            }
        }
        Ok(Self { load, stop, tasks })
    }

    /// Lets every process end the operation that it has open, and waits for that.
    ///
    /// # Errors
    /// When the history could not be written.
    pub async fn stop(mut self) -> Result<(), RunError> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|crash| RunError::Crashed(crash.to_string()))??;
        }
        Ok(())
    }
}

/// One client process after the other, on one driver.
struct Worker {
    desk: Desk,
    generator: Arc<Mutex<Box<dyn Generator>>>,
    place: usize,
    turn: u32,
    process: u32,
    client: ProcessClient,
    pause: Option<Duration>,
    load: Load,
}

impl Worker {
    async fn run(mut self, stopped: watch::Receiver<bool>) -> Result<(), RunError> {
        let mut ticks = self.pause.map(|pause| {
            let mut ticks = interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        while !*stopped.borrow() {
            if let Some(ticks) = &mut ticks {
                self.load.turn(ticks.tick()).await;
            }
            let operation = {
                let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
                generator.next(self.turn)
            };
            let end = ask(&self.desk, &mut self.client, self.process, operation, false).await?;
            if matches!(end, Completion::Info(_)) {
                self.process = self.desk.processes.enroll(self.place);
            }
        }
        self.client.close().await;
        Ok(())
    }
}

/// Asks one thing: on record before it is sent, and after its answer came.
///
/// # Errors
/// When the history could not be written.
pub async fn ask(
    desk: &Desk,
    client: &mut ProcessClient,
    process: u32,
    operation: Operation,
    last: bool,
) -> Result<Completion, RunError> {
    let mark = desk.recorder.invoke(process, operation.clone(), last)?;
    desk.tally.begin();
    let asked = Instant::now();
    let answer = client.execute(mark, &operation).await;
    desk.tally.end(&answer.completion, asked.elapsed());
    let (completion, member) = (answer.completion, answer.member);
    desk.recorder
        .complete(process, mark, completion.clone(), member)?;
    Ok(completion)
}

/// Between two requests of one process, so that all together keep the rate (but for what [`Load`] asks before a fault).
fn pause(scenario: &Scenario, workloads: usize) -> Option<Duration> {
    let rate = scenario.rate.filter(|rate| *rate > 0)?;
    Some(Duration::from_secs(1) * processes(scenario, workloads).max(1) / rate)
}

/// Client processes of so many workloads together.
pub fn processes(scenario: &Scenario, workloads: usize) -> u32 {
    scenario.processes * u32::try_from(workloads).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_processes_together_keep_the_rate() {
        let scenario = |rate| Scenario {
            seed: 1,
            members: 3,
            time_limit: Scenario::TIME_LIMIT,
            processes: 5,
            rate,
            ..Scenario::default()
        };
        assert_eq!(pause(&scenario(Some(200)), 2), Some(Duration::from_millis(50)));
        assert_eq!(pause(&scenario(Some(0)), 2), None);
        assert_eq!(pause(&scenario(None), 2), None);
    }
}
