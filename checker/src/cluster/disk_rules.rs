//! Who makes a member's disk calls go wrong: its own disk where there is one that can, else its preload library.

use super::{error::ClusterError, fuse_disk::FuseDisk, own_disk::OwnDisk, rig::Rig, shim_page::DiskOrder};
use crate::nemesis::fault::Member;

impl Rig {
    /// Puts a rule into a slot of a member's disk, or clears the slot. Its counts start at zero.
    pub(super) fn set_disk_rule(
        &mut self,
        member: Member,
        slot: usize,
        order: Option<DiskOrder>,
    ) -> Result<(), ClusterError> {
        if let Some(OwnDisk::Fuse(disk)) = self.disks.get(&member) {
            return disk.set_rule(slot, order);
        }
        let page = self.page_mut(member)?;
        if order.is_some() && page.counters()?.starts == 0 {
            return Err(ClusterError::ShimUnused { member });
        }
        page.set_disk(slot, order)
    }

    /// Calls that matched the rule in a slot, and those it struck, since it was set.
    pub(super) fn disk_rule_counts(&self, member: Member, slot: usize) -> Result<(u64, u64), ClusterError> {
        if let Some(OwnDisk::Fuse(disk)) = self.disks.get(&member) {
            return Ok(disk.rule_counts(slot));
        }
        let page = self.page(member).ok_or(ClusterError::NoShim { member })?;
        page.disk_counts(slot)
    }

    /// The power of these members goes: what their processes, already killed, have under way is not done. Only disks in
    /// memory can tell; elsewhere it ends with the process.
    pub(super) fn cut_power(&self, members: &[Member]) {
        self.own_disks(members).for_each(FuseDisk::cut);
    }

    /// They had not lost it.
    pub(super) fn restore_power(&self, members: &[Member]) {
        self.own_disks(members).for_each(FuseDisk::restore);
    }

    /// What was done to a member's files from outside stays, whatever power is lost later.
    pub(super) fn settle_disk(&self, member: Member) {
        self.own_disks(&[member]).for_each(FuseDisk::settle);
    }

    fn own_disks(&self, members: &[Member]) -> impl Iterator<Item = &FuseDisk> {
        let disks = members.iter().filter_map(|member| self.disks.get(member));
        disks.filter_map(|disk| match disk {
            OwnDisk::Fuse(disk) => Some(disk),
            OwnDisk::Image(_) => None,
        })
    }
}
