//! How the clients fare, while they do: counts and latencies for the lines on the terminal.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use workloads::operation::Completion;

use crate::record::run::OperationCounts;

/// How many latencies are remembered: the recent ones are what people look at.
const RECENT: usize = 1_000;

/// Counts of one run so far. Shared by all client processes.
#[derive(Debug, Default)]
pub struct Tally {
    ok: AtomicU64,
    fail: AtomicU64,
    info: AtomicU64,
    open: AtomicU64,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    microseconds: Vec<u64>,
    next: usize,
}

impl Tally {
    /// A request leaves.
    pub fn begin(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// A request ended.
    pub fn end(&self, completion: &Completion, took: Duration) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let count = match completion {
            Completion::Ok(_) => &self.ok,
            Completion::Fail(_) => &self.fail,
            Completion::Info(_) => &self.info,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if matches!(completion, Completion::Ok(_)) {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Ends so far.
    pub fn counts(&self) -> OperationCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        OperationCounts {
            ok: get(&self.ok),
            fail: get(&self.fail),
            info: get(&self.info),
        }
    }

    /// Requests under way.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// `18402 ok  311 fail  97 info  p50 1.1ms p99 9.8ms  open 10`.
    pub fn line(&self) -> String {
        let OperationCounts { ok, fail, info } = self.counts();
        let open = self.open();
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = |share| {
            recent
                .quantile_ms(share)
                .map_or("-".to_owned(), |ms| format!("{ms:.1}ms"))
        };
        let (p50, p99) = (latency(50), latency(99));
        format!("{ok} ok  {fail} fail  {info} info  p50 {p50} p99 {p99}  open {open}")
    }
}

impl Recent {
    fn push(&mut self, microseconds: u64) {
        if self.microseconds.len() < RECENT {
            self.microseconds.push(microseconds);
        } else {
            self.microseconds[self.next] = microseconds;
            self.next = (self.next + 1) % RECENT;
        }
    }

    fn quantile_ms(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.microseconds.clone();
        sorted.sort_unstable();
        let place = sorted.len().checked_sub(1)? * percent / 100;
        Some(sorted[place] as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workloads::operation::Observed;

    #[test]
    fn counts_ends_and_forgets_old_latencies() {
        let tally = Tally::default();
        assert!(tally.line().contains("p50 - p99 -"));
        for millis in 0..2 * RECENT as u64 {
            tally.begin();
            let took = if millis < RECENT as u64 { 1_000 } else { 2 };
            tally.end(&Completion::Ok(Observed::Done), Duration::from_millis(took));
        }
        tally.begin();
        tally.end(&Completion::Info("lost".to_owned()), Duration::from_secs(5));
        tally.begin();
        assert_eq!(
            tally.line(),
            "2000 ok  0 fail  1 info  p50 2.0ms p99 2.0ms  open 1"
        );
    }
}
