//! The load adapts to the faults: one that meets nobody's request proves little.
//!
//! 1. Clients ask 200 things a second, each is answered within 2 ms;
//! 2. a member is killed;
//! 3. two times out of three no request was under way, and what the fault could have done to one is not known.
//!
//! So before a fault strikes, clients are called to ask out of their turn, as many as are missing, until as many requests as
//! aimed at are under way.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::tally::Tally;
use crate::{
    history::Op,
    record::{fault::FaultRecord, run::LoadRecord},
};

/// How long a fault waits for requests to be under way. Nobody may be able to ask: then it strikes all the same.
const GATHERING: Duration = Duration::from_millis(250);

/// Between two looks at how many are.
const LOOK: Duration = Duration::from_millis(2);

/// Under this name a fault's record tells how many operations were in flight when it struck.
const IN_FLIGHT: &str = "operations_in_flight";

/// The load of one run. Cheap to share.
#[derive(Clone, Debug)]
pub struct Load {
    tally: Arc<Tally>,
    calls: Arc<Notify>,
    aim: u64,
}

impl Load {
    /// The load of so many client processes together.
    pub fn new(tally: Arc<Tally>, processes: u32) -> Self {
        Self {
            tally,
            calls: Arc::default(),
            aim: aim(processes),
        }
    }

    /// A client waits for its turn, or until it is called.
    pub async fn turn(&self, turn: impl Future) {
        tokio::select! {
            _ = turn => {}
            () = self.calls.notified() => {}
        }
    }

    /// Does a deed while as many operations as aimed at are in flight, as far as there are clients who can ask.
    pub async fn meet<T>(&self, deed: impl Future<Output = T>) -> T {
        let began = Instant::now();
        while self.call_missing() && began.elapsed() < GATHERING {
            tokio::time::sleep(LOOK).await;
        }
        tokio::pin!(deed);
        loop {
            tokio::select! {
                biased;
                done = &mut deed => return done,
                () = tokio::time::sleep(LOOK) => {
                    self.call_missing();
                }
            }
        }
    }

    /// Calls as many clients as there are operations missing; whether there were any.
    fn call_missing(&self) -> bool {
        let missing = self.aim.saturating_sub(self.tally.open());
        for _ in 0..missing {
            self.calls.notify_one();
        }
        missing > 0
    }
}

/// How many operations ought to be in flight: half of the clients, who then fill the time of the fault as well.
fn aim(processes: u32) -> u64 {
    u64::from(processes).div_ceil(2)
}

/// What the faults met, from the history; each fault's record is told its own number.
pub fn met(processes: u32, faults: &mut [FaultRecord], ops: &[Op]) -> LoadRecord {
    let mut numbers = Vec::new();
    for fault in faults {
        if fault.applied_ns.is_none() {
            continue;
        }
        // By the time that it is known to be in force, the operations that it cut off may have ended.
        let struck_ns = fault.planned_ns;
        let is_open = |op: &&Op| (op.call_ns..op.return_ns).contains(&struck_ns);
        let open = ops.iter().filter(is_open).count() as u64;
        fault.effect.insert(IN_FLIGHT.to_owned(), open);
        numbers.push(open);
    }
    numbers.sort_unstable();
    LoadRecord {
        aim: aim(processes),
        faults: numbers.len() as u64,
        met_some: numbers.iter().filter(|number| **number > 0).count() as u64,
        median: numbers.get(numbers.len() / 2).copied().unwrap_or(0),
        least: numbers.first().copied().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{nemesis::fault::Fault, record::fault::Recovery};
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicBool, Ordering},
    };
    use workloads::operation::{Action, Completion, Concerns, Observed, Operation};

    /// Clients whose turn comes once an hour, and whose requests are answered when the fault has struck.
    #[tokio::test]
    async fn a_fault_meets_as_many_operations_as_aimed_at() {
        let tally = Arc::new(Tally::default());
        let load = Load::new(tally.clone(), 10);
        let struck = Arc::new(AtomicBool::new(false));
        for _ in 0..10 {
            let (load, tally, struck) = (load.clone(), tally.clone(), struck.clone());
            tokio::spawn(async move {
                loop {
                    load.turn(tokio::time::sleep(Duration::from_secs(3_600))).await;
                    tally.begin();
                    while !struck.load(Ordering::Relaxed) {
                        tokio::time::sleep(LOOK).await;
                    }
                    tally.end(&Completion::Ok(Observed::Done), LOOK);
                }
            });
        }
        tokio::task::yield_now().await;
        assert_eq!(tally.open(), 0);
        let met = load.meet(async { tally.open() }).await;
        assert_eq!(met, 5);
        struck.store(true, Ordering::Relaxed);
        // Answered, they wait for their turns again.
        let quiet = async {
            while tally.open() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), quiet)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_fault_does_not_wait_for_clients_who_cannot_ask() {
        let load = Load::new(Arc::default(), 4);
        let met = tokio::time::timeout(Duration::from_secs(60), load.meet(async { 7 })).await;
        assert_eq!(met, Ok(7));
    }

    #[test]
    fn what_was_met_is_counted_from_the_history() {
        let mut faults = [fault(Some(10)), fault(Some(100)), fault(None)];
        let record = met(
            5,
            &mut faults,
            &[op(5, 11), op(10, 60), op(9, u64::MAX), op(11, 12)],
        );
        let expected = LoadRecord {
            aim: 3,
            faults: 2,
            met_some: 2,
            median: 3,
            least: 1,
        };
        assert_eq!(record, expected);
        let told = faults.map(|fault| fault.effect.get(IN_FLIGHT).copied());
        assert_eq!(told, [Some(3), Some(1), None]);
        assert_eq!(met(5, &mut [], &[]).faults, 0);
    }

    fn fault(applied_ns: Option<u64>) -> FaultRecord {
        FaultRecord {
            index: 0,
            nemesis: String::new(),
            fault: Fault::Kill { members: vec![0] },
            planned_ns: applied_ns.unwrap_or(9),
            applied_ns: applied_ns.map(|planned_ns| planned_ns + 5),
            healed_ns: None,
            took_effect: true,
            effect: BTreeMap::new(),
            words: String::new(),
            recovery: Recovery::default(),
        }
    }

    fn op(call_ns: u64, return_ns: u64) -> Op {
        Op {
            number: 0,
            process: 0,
            last: false,
            member: None,
            call: 0,
            returned: 0,
            call_ns,
            return_ns,
            request: Operation {
                action: Action::Write { key: 1, value: 2 },
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            },
            completion: Completion::Ok(Observed::Done),
        }
    }
}
