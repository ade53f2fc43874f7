//! One machine: a member's process, its disk, its documents.

use std::sync::Arc;

use protocol::config::{Config, MemberId};
use protocol::oplog::Oplog;
use protocol::optime::OpTime;
use protocol::output::Vote;
use protocol::state::{Durable, State};

use super::contents::{Contents, Store};
use super::disk::{Disk, Survival};

/// A member and what it runs on.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The member. While the process is down: as it was when it died.
    pub state: State,
    /// The process runs.
    pub up: bool,
    /// How often the process was started.
    pub life: u32,
    /// The disk.
    pub disk: Disk,
    /// The documents.
    pub store: Store,
    /// The newest entry asked of the disk, in the order of the outputs.
    pub tip: OpTime,
    /// Its documents are being cloned: the oplog is not applied to them yet.
    pub cloning: bool,
    /// Its documents were cloned, are those of one moment from here on, and are not on disk yet.
    pub cloned: Option<OpTime>,
    /// The member has given up, and its process ends.
    pub gave_up: bool,
}

impl Machine {
    /// A machine whose disk holds `durable`; its process is up.
    #[must_use]
    pub fn new(durable: Durable, contents: &Contents) -> Self {
        let mut machine = Self {
            tip: durable.oplog.last(),
            state: State::recover(durable.clone()),
            up: true,
            life: 1,
            disk: Disk::new(durable),
            store: Store::default(),
            cloning: false,
            cloned: None,
            gave_up: false,
        };
        machine.load(contents);
        machine
    }

    /// The process dies; of what was asked of the disk, as much as `survival` says is kept.
    pub fn crash(&mut self, survival: Survival) {
        self.up = false;
        self.disk.crash(survival);
    }

    /// The process starts again from its disk.
    pub fn restart(&mut self, contents: &Contents) {
        self.up = true;
        self.life += 1;
        self.state = State::recover(self.disk.start(self.life));
        (self.cloning, self.cloned, self.gave_up) = (false, None, false);
        self.tip = self.state.last_written();
        self.load(contents);
    }

    /// What the cap would drop to keep `kept` entries: never what is not committed and on disk here.
    #[must_use]
    pub fn cap(&self, kept: usize) -> Option<OpTime> {
        let oplog = &self.state.oplog;
        let settled = self.state.commit_point.min(self.state.durable);
        let excess = oplog.len().checked_sub(kept.max(1))?;
        let droppable = oplog.iter().take(excess).take_while(|entry| *entry < settled);
        droppable.last().filter(|_| self.state.initial_sync.is_none())
    }

    /// Somebody empties the data directory of the dead process.
    pub fn empty(&mut self) {
        self.disk = Disk::new(Durable {
            me: MemberId(u8::MAX),
            config: Arc::new(Config::none()),
            vote: Vote::NONE,
            oplog: Oplog::default(),
            rollback_id: 0,
            unsynced: None,
            life: 0,
        });
    }

    fn load(&mut self, contents: &Contents) {
        self.store = self.disk.kept().clone();
        for optime in self.state.oplog.iter() {
            if let Some(change) = contents.get(optime).and_then(|written| written.change) {
                self.store.apply(optime, change);
            }
        }
    }
}
