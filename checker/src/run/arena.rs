//! The cluster as the nemeses' lanes, the watch and the run share it: one lock, held for one deed at a time.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::{error::RunError, watch::Watch};
use crate::{
    cluster::{
        rig::{Rig, Seat},
        suffer::{Ongoing, Sufferer},
    },
    nemesis::{
        fault::{Fault, Member},
        view::{QuorumBudget, View},
    },
    record::{
        directory::{RunDirectory, RunFile},
        fault::FaultRecord,
        lines::LineWriter,
    },
};

/// The suffering cluster, and the file of what it suffered.
#[derive(Clone)]
pub struct Arena {
    stage: Arc<Mutex<Stage>>,
    watch: Watch,
    budget: QuorumBudget,
}

/// What the lock guards.
pub struct Stage {
    /// Processes, network, clocks.
    pub rig: Rig,
    sufferer: Sufferer,
    file: LineWriter<FaultRecord>,
    records: Vec<FaultRecord>,
    told: BTreeMap<String, u64>,
}

impl Arena {
    /// An arena over a running cluster. `start`: the zero of all recorded times.
    ///
    /// # Errors
    /// When the file of faults cannot be made.
    pub fn new(
        rig: Rig,
        start: Instant,
        directory: &RunDirectory,
        watch: Watch,
        budget: QuorumBudget,
    ) -> Result<Self, RunError> {
        let stage = Stage {
            rig,
            sufferer: Sufferer::new(start),
            file: directory.append(RunFile::Faults)?,
            records: Vec::new(),
            told: BTreeMap::new(),
        };
        Ok(Self {
            stage: Arc::new(Mutex::new(stage)),
            watch,
            budget,
        })
    }

    /// What the members last said, and what the rig knows.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// What a nemesis may see now.
    pub async fn view(&self) -> View {
        let roles = self.watch.roles();
        self.lock().await.rig.view(&roles, self.budget)
    }

    /// Applies a fault and records it.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn apply(&self, nemesis: &str, fault: Fault) -> Result<Ongoing, RunError> {
        let mut stage = self.lock().await;
        let Stage { rig, sufferer, .. } = &mut *stage;
        let ongoing = sufferer.apply(rig, nemesis, fault).await;
        stage.keep(ongoing.record().clone())?;
        Ok(ongoing)
    }

    /// Whether the effect of every fault that could be applied shows by now.
    pub async fn have_struck(&self, faults: &[Ongoing]) -> bool {
        let mut stage = self.lock().await;
        let mut applied = faults.iter().filter(|fault| !fault.is_vain());
        applied.all(|fault| fault.has_struck(&mut stage.rig))
    }

    /// Replaces members that refuse to serve what is left of their damaged files; gives their numbers.
    ///
    /// # Errors
    /// When a directory cannot be emptied, or a process not be started.
    pub async fn replace_damaged(&self) -> Result<Vec<Member>, RunError> {
        Ok(self.lock().await.rig.replace_damaged()?)
    }

    /// A story was told to its end.
    pub async fn was_told(&self, nemesis: &str) {
        *self.lock().await.told.entry(nemesis.to_owned()).or_default() += 1;
    }

    /// How often each story was told to its end.
    pub async fn told(&self) -> BTreeMap<String, u64> {
        self.lock().await.told.clone()
    }

    /// Ends a fault and records what it did.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn heal(&self, ongoing: Ongoing) -> Result<FaultRecord, RunError> {
        let mut stage = self.lock().await;
        let Stage { rig, sufferer, .. } = &mut *stage;
        let record = sufferer.heal(rig, ongoing).await;
        stage.keep(record.clone())?;
        Ok(record)
    }

    /// The cluster itself.
    pub async fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().await
    }

    /// Every fault so far, with its last record.
    pub async fn records(&self) -> Vec<FaultRecord> {
        self.lock().await.records.clone()
    }

    /// Writes the records again, with what is known of them now, and puts the file on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn finish(&self, records: &[FaultRecord]) -> Result<(), RunError> {
        let mut stage = self.lock().await;
        for record in records {
            stage.file.append(record)?;
        }
        stage.file.sync()?;
        Ok(())
    }
}

impl Stage {
    /// Where the members keep their logs.
    pub fn logs(&self) -> Vec<PathBuf> {
        self.rig.seats().iter().map(|seat| seat.log.clone()).collect()
    }

    /// Where the members write down their steps.
    pub fn traces(&self) -> Vec<PathBuf> {
        self.rig.seats().iter().map(Seat::trace).collect()
    }

    fn keep(&mut self, record: FaultRecord) -> Result<(), RunError> {
        self.file.append(&record)?;
        self.file.flush()?;
        match self.records.iter_mut().find(|kept| kept.index == record.index) {
            Some(kept) => *kept = record,
            None => self.records.push(record),
        }
        Ok(())
    }
}
