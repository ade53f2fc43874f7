//! Notes when the machine gave this process no processor for long: busy with others, suspended, or its host was.
//!
//! A thread that only sleeps is the first that is woken when there is time for anybody. When even that one wakes a second
//! late, the members were as late, or worse; then a set that took long to recover is no finding. What a set owes while
//! the machine moves, it still owes: see [`super::recovery`].

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::tempo;
use crate::record::standstill::StandstillRecord;

/// How long the thread sleeps at a time.
const NAP: Duration = Duration::from_millis(100);

/// How late it must wake. For what is shorter than the set's own patience, the limits have room.
const LATE: Duration = Duration::from_millis(tempo::ELECTION_TIMEOUT_MS);

/// A thread that sleeps, and what it noted. It ends when this is dropped.
#[derive(Debug)]
pub struct Sleeper {
    noted: Arc<Mutex<Vec<StandstillRecord>>>,
    // In this order: the thread ends when the sender is gone.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sleeper {
    /// Begins to sleep. `began`: the zero of all recorded times.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(began: Instant) -> io::Result<Self> {
        Self::with(began, NAP, LATE)
    }

    fn with(began: Instant, nap: Duration, late: Duration) -> io::Result<Self> {
        let noted: Arc<Mutex<Vec<StandstillRecord>>> = Arc::default();
        let (stop, stopped) = mpsc::channel::<()>();
        let notes = noted.clone();
        let thread = thread::Builder::new().name("sleeper".to_owned()).spawn(move || {
            let mut due = Instant::now() + nap;
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(nap) {
                let woke = Instant::now();
                if let Some(standstill) = standstill(began, due, woke, late) {
                    notes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(standstill);
                }
                due = woke + nap;
            }
        })?;
        Ok(Self {
            noted,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The standstills so far, in their order.
    pub fn noted(&self) -> Vec<StandstillRecord> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long the machine has stood still, all times together.
    pub fn total(&self) -> Duration {
        total(&self.noted())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends within the nap; that it panicked would cost the notes, which are behind a lock, nothing.
            let _ = thread.join();
        }
    }
}

/// The standstill that a sleeper met which was to wake at `due` and woke at `woke`.
fn standstill(began: Instant, due: Instant, woke: Instant, late: Duration) -> Option<StandstillRecord> {
    let since = |moment: Instant| {
        u64::try_from(moment.saturating_duration_since(began).as_nanos()).unwrap_or(u64::MAX)
    };
    (woke.saturating_duration_since(due) >= late).then(|| StandstillRecord {
        from_ns: since(due),
        until_ns: since(woke),
    })
}

fn total(standstills: &[StandstillRecord]) -> Duration {
    Duration::from_nanos(standstills.iter().map(|one| one.length_ns()).sum())
}

/// What a run says of them; `None` when the machine never stood still.
pub fn words(standstills: &[StandstillRecord]) -> Option<String> {
    let first = standstills.first()?;
    let times = match standstills.len() {
        1 => String::new(),
        many => format!("{many} times, together "),
    };
    Some(format!(
        "how soon clients succeed while the machine stood still and gave this checker no processor: {times}for {:.1} s, first \
         {:.1} s after the begin; from each end on it is owed anew",
        total(standstills).as_secs_f64(),
        Duration::from_nanos(first.from_ns).as_secs_f64(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_wakes_late_has_met_a_standstill() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let met = |woke| standstill(began, at(100), at(woke), Duration::from_millis(1_000));
        assert_eq!(met(90), None, "clocks are read in any order");
        assert_eq!(met(1_099), None);
        let noted = met(14_100).expect("14 s late");
        assert_eq!((noted.from_ns, noted.until_ns), (100_000_000, 14_100_000_000));
        assert_eq!(total(&[noted, noted]), Duration::from_secs(28));
    }

    #[test]
    fn a_sleeper_that_is_always_late_notes_every_nap_and_ends() {
        let nap = Duration::from_millis(1);
        let sleeper = Sleeper::with(Instant::now(), nap, Duration::ZERO).expect("a thread");
        while sleeper.noted().len() < 3 {
            thread::yield_now();
        }
        let noted = sleeper.noted();
        assert!(
            noted.windows(2).all(|pair| pair[0].until_ns <= pair[1].from_ns),
            "{noted:?}"
        );
        let notes = sleeper.noted.clone();
        drop(sleeper);
        assert_eq!(Arc::strong_count(&notes), 1, "the thread is gone");
    }

    #[test]
    fn a_standstill_is_told_and_none_is_not() {
        assert_eq!(words(&[]), None);
        let one = StandstillRecord {
            from_ns: 12_300_000_000,
            until_ns: 25_500_000_000,
        };
        let told = words(&[one]).expect("one is told");
        assert!(
            told.contains("no processor: for 13.2 s, first 12.3 s after"),
            "{told}"
        );
        assert!(
            words(&[one, one])
                .expect("two are told")
                .contains("2 times, together for 26.4 s")
        );
    }
}
