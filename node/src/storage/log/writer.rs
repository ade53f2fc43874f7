//! The log thread: takes what is pending, writes it, syncs it, says so.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::error::LogError;
use super::file::{create_zero_filled, remove, rename};
use super::queue::{Durability, Part, Pending, Queue};
use super::segment::{SegmentHeader, SegmentNumber, free_path, segment_path, spare_path};
use crate::storage::background::stand_back;

/// Retired segments kept for reuse.
const FREE_FILES_MAX: usize = 2;

/// State of the log thread.
pub(super) struct Writer {
    directory: PathBuf,
    segment_bytes: u64,
    queue: Arc<Queue>,
    durable: watch::Sender<Durability>,
    current: Option<(SegmentNumber, File)>,
    free: Vec<PathBuf>,
    spare: Option<JoinHandle<Result<PathBuf, LogError>>>,
}

impl Writer {
    pub(super) fn new(
        directory: PathBuf,
        segment_bytes: u64,
        free: Vec<PathBuf>,
        queue: Arc<Queue>,
        durable: watch::Sender<Durability>,
    ) -> Self {
        Self {
            directory,
            segment_bytes,
            queue,
            durable,
            current: None,
            free,
            spare: None,
        }
    }

    /// Runs until the queue stops or the disk fails.
    pub(super) fn run(mut self) {
        while let Some(pending) = self.queue.take() {
            let up_to = pending.up_to;
            let state = match self.write(pending) {
                Ok(()) => Durability::UpTo(up_to),
                Err(error) => Durability::Failed {
                    reason: error.to_string(),
                },
            };
            let failed = matches!(state, Durability::Failed { .. });
            self.durable.send_replace(state);
            if failed {
                break;
            }
        }
        if let Some(spare) = self.spare.take() {
            // The file stays for the next start; an error there will be met again by whoever needs the file.
            drop(spare.join());
        }
    }

    fn write(&mut self, pending: Pending) -> Result<(), LogError> {
        self.queue.count_batch();
        for part in pending.parts {
            self.write_part(&part)?;
        }
        for segment in pending.retire {
            self.retire(segment)?;
        }
        Ok(())
    }

    fn write_part(&mut self, part: &Part) -> Result<(), LogError> {
        if let Some(header) = part.create {
            self.create(header)?;
        }
        let path = segment_path(&self.directory, part.segment);
        let file = match &self.current {
            Some((number, file)) if *number == part.segment => file,
            _ => {
                let file = open(&path)?;
                &self.current.insert((part.segment, file)).1
            }
        };
        file.write_all_at(&part.bytes, part.offset as u64)
            .map_err(LogError::io("write to", &path))?;
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(&crate::bugs::answers_fsync_without_doing_it::BUG) {
            return Ok(());
        }
        file.sync_data().map_err(LogError::io("sync", &path))?;
        self.queue.count_sync(part.bytes.len());
        Ok(())
    }

    /// Makes a segment: its header is durable before the file gets its name in the log.
    fn create(&mut self, header: SegmentHeader) -> Result<(), LogError> {
        let source = self.take_free(header)?;
        let file = open(&source)?;
        file.write_all_at(&header.encode(), 0)
            .map_err(LogError::io("write to", &source))?;
        file.sync_data().map_err(LogError::io("sync", &source))?;
        rename(
            &self.directory,
            &source,
            &segment_path(&self.directory, header.number),
        )?;
        self.current = Some((header.number, file));
        self.prepare_spare(header.number.next());
        Ok(())
    }

    fn take_free(&mut self, header: SegmentHeader) -> Result<PathBuf, LogError> {
        if let Some(spare) = self.spare.take() {
            let path = spare.join().unwrap_or_else(|_| {
                Err(LogError::Stopped {
                    reason: "the zero-filling thread panicked".to_owned(),
                })
            })?;
            self.free.push(path);
        }
        while let Some(path) = self.free.pop() {
            let bytes = std::fs::metadata(&path)
                .map_err(LogError::io("look at", &path))?
                .len();
            if bytes == header.bytes {
                return Ok(path);
            }
            if header.bytes == self.segment_bytes {
                // Left from a start with another segment size.
                remove(&self.directory, &path)?;
            } else {
                // An oversize segment is asked for: the free file serves the next ordinary one.
                self.free.push(path);
                break;
            }
        }
        let unfinished = segment_path(&self.directory, header.number).with_extension("tmp");
        create_zero_filled(&unfinished, header.bytes)?;
        Ok(unfinished)
    }

    /// Zero-fills the file for `next` beside the log's own work, so that a change of segments costs no pause.
    fn prepare_spare(&mut self, next: SegmentNumber) {
        if !self.free.is_empty() || self.spare.is_some() {
            return;
        }
        let directory = self.directory.clone();
        let bytes = self.segment_bytes;
        self.spare = std::thread::Builder::new()
            .name("oplog-zero".to_owned())
            .spawn(move || {
                stand_back();
                spare(&directory, next, bytes)
            })
            .ok();
    }

    fn retire(&mut self, segment: SegmentHeader) -> Result<(), LogError> {
        let path = segment_path(&self.directory, segment.number);
        if segment.bytes == self.segment_bytes && self.free.len() < FREE_FILES_MAX {
            let free = free_path(&self.directory, segment.number);
            rename(&self.directory, &path, &free)?;
            self.free.push(free);
            Ok(())
        } else {
            remove(&self.directory, &path)
        }
    }
}

fn spare(directory: &Path, number: SegmentNumber, bytes: u64) -> Result<PathBuf, LogError> {
    let path = spare_path(directory, number);
    let unfinished = path.with_extension("tmp");
    create_zero_filled(&unfinished, bytes)?;
    rename(directory, &unfinished, &path)?;
    Ok(path)
}

fn open(path: &Path) -> Result<File, LogError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(LogError::io("open", path))
}
