//! How long one seed may take: a wrong core may turn in circles for ever, and a hunt must go on to the next seed.

use std::time::{Duration, Instant};

use super::options::Options;

/// The limits of one run.
#[derive(Clone, Debug)]
pub struct Limit {
    steps_max: u64,
    real_time_max: Duration,
    begun: Instant,
    events: u64,
}

/// The clock is asked once in so many events.
const EVENTS_PER_LOOK: u64 = 1 << 8;

impl Limit {
    /// The limits that `options` set, from now on.
    pub fn new(options: &Options) -> Self {
        Self {
            steps_max: options.steps_max,
            real_time_max: options.real_time_max,
            begun: Instant::now(),
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
        (look && self.begun.elapsed() >= self.real_time_max).then(|| {
            format!(
                "did not end within {} s of real time",
                self.real_time_max.as_secs_f64()
            )
        })
    }
}
