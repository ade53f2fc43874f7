//! Every step of the core as one JSON line: what `checker replay` feeds to the core again.
//!
//! A trace grows without end while the disk does not: with a limit, the trace says `{"ended":"limit"}` when it is
//! reached, and is silent for the rest of that life.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use protocol::input::Input;
use protocol::member::Fired;
use protocol::output::Output;
use protocol::state::Durable;
use serde::Serialize;

/// The trace of one life of the process.
pub struct Trace {
    file: BufWriter<File>,
    started: Instant,
    /// Bytes that may still be written; nothing once the trace has ended.
    left: Option<u64>,
    line: Vec<u8>,
}

/// Why a trace ends before its process does.
#[derive(Serialize)]
struct Ended {
    ended: &'static str,
}

#[derive(Serialize)]
struct Recovered<'a> {
    recovered: &'a Durable,
}

#[derive(Serialize)]
struct Line<'a> {
    at_ms: u128,
    wall_secs: u32,
    input: &'a Input,
    fired: Vec<&'static str>,
    outputs: &'a [Output],
}

impl Trace {
    /// Begins a trace with what the disk held; appends when the file exists (one file over several lives). All
    /// lives together write `limit_bytes`, and each at most one short line more.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn begin(path: &Path, limit_bytes: u64, recovered: &Durable) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let left = limit_bytes
            .checked_sub(file.metadata()?.len())
            .filter(|left| *left > 0);
        let mut trace = Self {
            file: BufWriter::new(file),
            started: Instant::now(),
            left,
            line: Vec::new(),
        };
        trace.line(&Recovered { recovered })?;
        trace.file.flush()?;
        Ok(trace)
    }

    /// Adds one step.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn step(
        &mut self,
        wall_secs: u32,
        input: &Input,
        fired: Fired,
        outputs: &[Output],
    ) -> std::io::Result<()> {
        let at_ms = self.started.elapsed().as_millis();
        self.line(&Line {
            at_ms,
            wall_secs,
            input,
            fired: fired.names().collect(),
            outputs,
        })?;
        // Killed between a rollback and the next flush, the next life would seem to have lost what it rolled back.
        if outputs
            .iter()
            .any(|output| matches!(output, Output::RollBack { .. }))
        {
            self.file.flush()?;
        }
        Ok(())
    }

    /// Hands everything to the operating system: it survives the process, not the machine.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        let Some(left) = self.left else {
            return Ok(());
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.left = left.checked_sub(self.line.len() as u64);
        if self.left.is_none() {
            self.line.clear();
            serde_json::to_writer(&mut self.line, &Ended { ended: "limit" })?;
            self.line.push(b'\n');
        }
        self.file.write_all(&self.line)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::config::{Config, MemberId};
    use protocol::oplog::Oplog;
    use protocol::output::Vote;

    use super::*;

    #[test]
    fn a_full_trace_says_so_once_in_each_life_and_is_silent() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("trace");
        let durable = Durable {
            me: MemberId(0),
            config: Arc::new(Config::none()),
            vote: Vote::NONE,
            oplog: Oplog::default(),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        };
        let first = serde_json::to_vec(&Recovered { recovered: &durable }).expect("it serializes");
        let limit = first.len() as u64 + 120;
        for _ in 0..3 {
            let mut trace = Trace::begin(&path, limit, &durable).expect("it is writable");
            for _ in 0..9 {
                trace
                    .step(0, &Input::TurnEnd, Fired(0), &[])
                    .expect("it is writable");
            }
            trace.flush().expect("it is writable");
        }
        let text = std::fs::read_to_string(&path).expect("it was written");
        let ended = text.lines().filter(|line| line.contains("ended")).count();
        assert_eq!(ended, 3, "{text}");
        assert!(text.len() as u64 <= limit + 3 * 20, "{text}");
    }
}
