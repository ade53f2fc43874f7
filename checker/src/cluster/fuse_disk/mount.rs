//! The disk, mounted: a thread of this process serves it, and it is nowhere when that is gone.
//!
//! It is mounted in a mount namespace of the checker's own only (see `switch::inside`): whatever kills the checker, the
//! mount ends with the namespace, and nobody outside has ever seen it.

use std::{
    io,
    path::{Path, PathBuf},
};

use fuser::{BackgroundSession, Config, INodeNo, MountOption};
use nix::{
    mount::{MntFlags, umount2},
    unistd::{getegid, geteuid},
};

use super::{disk::MemoryDisk, inode::Owner, names::NamesLaw, rules::Rules, server::Server, state::Shared};
use crate::{
    cluster::{error::ClusterError, power::Loss, shim_layout::page::OPERATION_READ, shim_page::DiskOrder},
    nemesis::dice::Dice,
};

/// The size of a disk; only what is written takes room, of the checker's memory.
pub const DISK_BYTES: u64 = 1 << 30;

/// A mounted disk. Dropping it takes it out, with all that is on it.
#[derive(Debug)]
pub struct FuseDisk {
    shared: Shared,
    mount: PathBuf,
    session: Option<BackgroundSession>,
}

impl FuseDisk {
    /// A new empty disk with room for so many bytes, mounted at the directory `mount`. The process needs `/dev/fuse`, and the right to
    /// mount in its namespace. Which calls later rules will strike is drawn from `seed`.
    pub fn create(mount: &Path, law: NamesLaw, bytes: u64, seed: u64) -> Result<Self, ClusterError> {
        let owner = Owner {
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
        };
        let shared = Shared::new(MemoryDisk::new(law, bytes, owner), Rules::new(seed));
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("checker-disk".to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoAtime,
        ];
        let session = fuser::spawn_mount(Server::new(shared.clone()), mount, &config);
        let session = session.map_err(|source| ClusterError::Power {
            path: mount.to_owned(),
            source: io::Error::new(source.kind(), format!("no FUSE disk: {source}")),
        })?;
        Ok(Self {
            shared,
            mount: mount.to_owned(),
            session: Some(session),
        })
    }

    /// First half of a power loss, when the signal that kills has been sent: nothing reaches the disk any more.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// It was not so: nobody lost power.
    pub fn restore(&self) {
        self.shared.lock().off = false;
    }

    /// The power goes; whoever had files open is dead. What was not synced is gone, save for what chance has kept: each
    /// unsynced sector with probability `keep_permille`/1000, and of the unsynced changes of names some first ones.
    pub fn lose_power(&self, keep_permille: u32, seed: u64) -> Result<Loss, ClusterError> {
        self.shared.cut();
        let numbers = self.shared.lock().disk.numbers();
        // The kernel's own copies first; what it writes back for that is swallowed.
        let forgotten = self.forget_cached(&numbers);
        let mut state = self.shared.lock();
        let loss = state
            .disk
            .lose_power(keep_permille, &mut Dice::new(seed, "power loss"));
        state.off = false;
        drop(state);
        forgotten.map(|()| loss)
    }

    /// Everything on it is durable: what was done to it from outside, no power loss takes back.
    pub fn settle(&self) {
        self.shared.lock().disk.settle();
    }

    /// Puts a rule into a slot (numbered as those of the preload library), or clears it. Its counts start at zero. Reads
    /// that the kernel answers from its cache never come here: so the cache is emptied for a rule about them.
    pub fn set_rule(&self, slot: usize, order: Option<DiskOrder>) -> Result<(), ClusterError> {
        let mut state = self.shared.lock();
        state.rules.set(slot, order);
        let numbers = state.disk.numbers();
        drop(state);
        match order {
            Some(order) if order.operations & OPERATION_READ != 0 => self.forget_cached(&numbers),
            _ => Ok(()),
        }
    }

    /// Calls that matched the rule in a slot, and those it struck, since it was set.
    pub fn rule_counts(&self, slot: usize) -> (u64, u64) {
        self.shared.lock().rules.counts(slot)
    }

    /// Not under the lock: the kernel may have to write back first, and asks for that here.
    fn forget_cached(&self, numbers: &[u64]) -> Result<(), ClusterError> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let notifier = session.notifier();
        for number in numbers {
            let forgotten = notifier.inval_inode(INodeNo(*number), 0, 0);
            forgotten.map_err(|source| ClusterError::Power {
                path: self.mount.clone(),
                source,
            })?;
        }
        Ok(())
    }
}

impl Drop for FuseDisk {
    fn drop(&mut self) {
        // Lazily: somebody may still stand in it. The thread ends when the last of them is gone.
        let _ = umount2(&self.mount, MntFlags::MNT_DETACH);
        drop(self.session.take());
    }
}

#[cfg(test)]
#[path = "mount_tests.rs"]
pub(super) mod tests;
