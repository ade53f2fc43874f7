//! Writes the history while the run goes.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use workloads::operation::{Completion, Operation};

use super::{Event, Header, HistoryError, Phase, SCHEMA};

/// Appends events to a file from many client tasks. Cheap to call (one short lock, one buffered line).
///
/// The place of an event in the file is the order that checks trust: [`Recorder::invoke`] must be called
/// *before* the request is sent and [`Recorder::complete`] *after* the reply came. The other way around, an
/// operation would look shorter than it was, and a correct server would be accused.
#[derive(Debug)]
pub struct Recorder {
    start: Instant,
    path: PathBuf,
    inner: Mutex<Inner>,
}

impl Recorder {
    /// Makes the file (an existing one is replaced) and writes its header. `start` is the zero of all times.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, start: Instant) -> Result<Self, HistoryError> {
        let file = File::create(path).map_err(|source| file_error(path, source))?;
        let inner = Inner {
            file: BufWriter::with_capacity(1 << 16, file),
            next_index: 0,
            next_operation: 0,
            open: HashMap::new(),
            line: Vec::new(),
        };
        let recorder = Self {
            start,
            path: path.to_owned(),
            inner: Mutex::new(inner),
        };
        recorder
            .lock()
            .append(&Header {
                history_schema: SCHEMA,
            })
            .map_err(recorder.error())?;
        recorder.flush()?;
        Ok(recorder)
    }

    /// Records that `process` is about to send `request`. Gives the operation's number: the unique mark that a
    /// write carries.
    ///
    /// # Errors
    /// When the process has an operation open, or the disk refuses.
    pub fn invoke(&self, process: u32, request: Operation, last: bool) -> Result<u64, HistoryError> {
        let mut inner = self.lock();
        let operation = inner.next_operation;
        if let Some(open) = inner.open.get(&process) {
            let (line, open) = (inner.next_index + 1, *open);
            return Err(HistoryError::TwoOpen {
                line,
                process,
                operation,
                open,
            });
        }
        inner.next_operation += 1;
        inner.open.insert(process, operation);
        let phase = Phase::Invoke { request, last };
        self.append(&mut inner, process, operation, phase)?;
        Ok(operation)
    }

    /// Records how the operation ended. After `Completion::Info` the client goes on under a new process number.
    ///
    /// # Errors
    /// When the process has not this operation open, or the disk refuses.
    pub fn complete(
        &self,
        process: u32,
        operation: u64,
        completion: Completion,
        member: Option<u8>,
    ) -> Result<(), HistoryError> {
        let mut inner = self.lock();
        if inner.open.get(&process) != Some(&operation) {
            let line = inner.next_index + 1;
            return Err(HistoryError::CompletionWithoutInvocation {
                line,
                process,
                operation,
            });
        }
        inner.open.remove(&process);
        let phase = match completion {
            Completion::Ok(observed) => Phase::Ok { observed, member },
            Completion::Fail(error) => Phase::Fail { error },
            Completion::Info(error) => Phase::Info { error },
        };
        self.append(&mut inner, process, operation, phase)
    }

    /// Nanoseconds since the start of the run, on the clock of this history.
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Number of events so far.
    pub fn events(&self) -> u64 {
        self.lock().next_index
    }

    /// Hands the lines to the operating system: they survive the death of this process.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&self) -> Result<(), HistoryError> {
        self.lock().file.flush().map_err(self.error())
    }

    /// Puts the lines on the disk: they survive a power loss. Called at the border of a phase.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), HistoryError> {
        let mut inner = self.lock();
        inner.file.flush().map_err(self.error())?;
        inner.file.get_ref().sync_data().map_err(self.error())
    }

    fn append(
        &self,
        inner: &mut Inner,
        process: u32,
        operation: u64,
        phase: Phase,
    ) -> Result<(), HistoryError> {
        let index = inner.next_index;
        inner.next_index += 1;
        // Read under the lock, so that times rise with places.
        let time_ns = self.now_ns();
        let event = Event {
            index,
            time_ns,
            process,
            operation,
            phase,
        };
        inner.append(&event).map_err(self.error())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A client task that panicked while it held the lock left at worst an unflushed line.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self) -> impl FnOnce(std::io::Error) -> HistoryError + '_ {
        |source| file_error(&self.path, source)
    }
}

fn file_error(path: &Path, source: std::io::Error) -> HistoryError {
    HistoryError::File {
        path: path.to_owned(),
        source,
    }
}

#[derive(Debug)]
struct Inner {
    file: BufWriter<File>,
    next_index: u64,
    next_operation: u64,
    open: HashMap<u32, u64>,
    line: Vec<u8>,
}

impl Inner {
    fn append<T: serde::Serialize>(&mut self, value: &T) -> std::io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}
