//! One machine: a member's process, its disk, its documents.

use protocol::optime::OpTime;
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
        self.state = State::recover(self.disk.durable().clone());
        self.tip = self.state.last_written();
        self.load(contents);
    }

    fn load(&mut self, contents: &Contents) {
        self.store = Store::default();
        for optime in self.state.oplog.iter() {
            if let Some(change) = contents.get(optime).and_then(|written| written.change) {
                self.store.apply(optime, change);
            }
        }
    }
}
