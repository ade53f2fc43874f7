//! Every step of the core as one JSON line: what `checker replay` feeds to the core again.

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
    /// Begins a trace with what the disk held; appends when the file exists (one file over several lives).
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn begin(path: &Path, recovered: &Durable) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let mut trace = Self {
            file: BufWriter::new(file),
            started: Instant::now(),
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
        })
    }

    /// Hands everything to the operating system: it survives the process, not the machine.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, value)?;
        self.file.write_all(b"\n")
    }
}
