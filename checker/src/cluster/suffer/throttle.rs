//! A slow machine: SIGSTOP and SIGCONT in turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::task::JoinHandle;

use super::effects::Effects;
use crate::{
    cluster::{
        error::ClusterError,
        proc_state::{ProcState, state},
        rig::Rig,
    },
    nemesis::fault::Member,
};

/// Members under a duty cycle.
#[derive(Debug)]
pub(super) struct Throttles {
    running: Vec<Throttle>,
    since: Instant,
}

#[derive(Debug)]
struct Throttle {
    member: Member,
    pid: i32,
    over: Arc<AtomicBool>,
    stops: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Throttles {
    /// Somebody has stood still by now.
    pub(super) fn have_struck(&self) -> bool {
        self.running
            .iter()
            .any(|throttle| throttle.stops.load(Ordering::Relaxed) > 0)
    }
}

/// Starts the cycle of `run_ms` and `stop_ms` on each member.
pub(super) fn start(
    rig: &mut Rig,
    members: &[Member],
    run_ms: u64,
    stop_ms: u64,
) -> Result<Throttles, ClusterError> {
    let mut running = Vec::new();
    for member in members {
        // A member that is down is not slow: it is left out, and the counters tell.
        let Some(pid) = rig.pid(*member) else { continue };
        let (over, stops) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let turns = (
            Duration::from_millis(run_ms),
            Duration::from_millis(stop_ms.max(1)),
        );
        let task = tokio::spawn(cycle(pid, turns, Arc::clone(&over), Arc::clone(&stops)));
        running.push(Throttle {
            member: *member,
            pid,
            over,
            stops,
            task,
        });
    }
    if running.is_empty() {
        return Err(ClusterError::NotRunning {
            what: "nobody to slow down".to_owned(),
        });
    }
    Ok(Throttles {
        running,
        since: Instant::now(),
    })
}

/// Ends the cycle; the members run on.
pub(super) async fn end(rig: &mut Rig, throttles: Throttles) -> (Effects, Result<(), ClusterError>) {
    let mut effects = Effects::default();
    let mut healed = Ok(());
    effects.add("lasted_ms", throttles.since.elapsed().as_millis() as u64);
    for throttle in throttles.running {
        throttle.over.store(true, Ordering::Relaxed);
        // The task ends after its turn, the process continued; it cannot panic.
        let _ = throttle.task.await;
        effects.add("stops", throttle.stops.load(Ordering::Relaxed));
        if rig.pid(throttle.member) != Some(throttle.pid) {
            healed = Err(ClusterError::NotRunning {
                what: format!("member {} ended while it was slow", throttle.member),
            });
        }
    }
    effects.struck = effects.get("stops") > 0;
    (effects, healed)
}

async fn cycle(pid: i32, (run, stop): (Duration, Duration), over: Arc<AtomicBool>, stops: Arc<AtomicU64>) {
    let group = Pid::from_raw(pid);
    while !over.load(Ordering::Relaxed) {
        if killpg(group, Signal::SIGSTOP).is_err() {
            return;
        }
        tokio::time::sleep(stop).await;
        // Counted only when the kernel says that it stood still.
        stops.fetch_add(u64::from(state(pid) == ProcState::Stopped), Ordering::Relaxed);
        if killpg(group, Signal::SIGCONT).is_err() {
            return;
        }
        tokio::time::sleep(run).await;
    }
}
