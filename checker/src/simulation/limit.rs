//! How long one seed may take: a wrong core may turn in circles for ever, and a hunt must go on to the next seed.
//!
//! The time is the processor's: a machine that does something else meanwhile is no reason to give a seed up.

use std::time::{Duration, Instant};

use nix::time::ClockId;

use super::options::Options;

/// The limits of one run.
#[derive(Clone, Debug)]
pub struct Limit {
    steps_max: u64,
    processor_time_max: Duration,
    begun: Stopwatch,
    events: u64,
}

/// The clock is asked once in so many events.
const EVENTS_PER_LOOK: u64 = 1 << 8;

impl Limit {
    /// The limits that `options` set, from now on.
    pub fn new(options: &Options) -> Self {
        Self {
            steps_max: options.steps_max,
            processor_time_max: options.processor_time_max,
            begun: Stopwatch::start(),
            events: 0,
        }
    }

    /// Asked before each event, of a cluster that has done so many steps: why the run goes on no longer.
    pub fn reached(&mut self, steps: u64) -> Option<String> {
        if steps >= self.steps_max {
            return Some(format!("did not end within {} steps", self.steps_max));
        }
        self.events += 1;
        let look = self.events.is_multiple_of(EVENTS_PER_LOOK);
        (look && self.begun.elapsed() >= self.processor_time_max).then(|| {
            format!(
                "did not end within {} s of processor time",
                self.processor_time_max.as_secs_f64()
            )
        })
    }
}

/// Processor time of this thread, which alone plays the run; real time where the system does not tell it.
#[derive(Clone, Debug)]
struct Stopwatch {
    processor: Option<Duration>,
    real: Instant,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            processor: processor_time(),
            real: Instant::now(),
        }
    }

    fn elapsed(&self) -> Duration {
        let processor = self.processor.zip(processor_time());
        processor.map_or_else(|| self.real.elapsed(), |(begun, now)| now.saturating_sub(begun))
    }
}

fn processor_time() -> Option<Duration> {
    let time = ClockId::CLOCK_THREAD_CPUTIME_ID.now();
    time.ok().map(Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_does_something_else_takes_no_time_from_a_seed() {
        let options = Options {
            processor_time_max: Duration::from_millis(200),
            ..Options::default()
        };
        let mut limit = Limit::new(&options);
        std::thread::sleep(Duration::from_millis(300));
        assert!((0..2 * EVENTS_PER_LOOK).all(|_| limit.reached(0).is_none()));
        let begun = Instant::now();
        while limit.reached(0).is_none() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "a busy run has its end"
            );
        }
    }
}
