//! A disk of a member's own, of either kind.

use super::{disk_image::DiskImage, error::ClusterError, fuse_disk::FuseDisk, power::Loss};

/// A file system that only this member writes to.
#[derive(Debug)]
pub(super) enum OwnDisk {
    /// On a loop device.
    Image(DiskImage),
    /// In this process's memory.
    Fuse(FuseDisk),
}

impl OwnDisk {
    /// The power goes; nobody may have files open on the disk. What had reached an image is the file system's own affair:
    /// there neither share nor seed say anything.
    pub(super) fn lose_power(&self, keep_permille: u32, seed: u64) -> Result<Loss, ClusterError> {
        match self {
            OwnDisk::Image(image) => image.lose_power(),
            OwnDisk::Fuse(disk) => disk.lose_power(keep_permille, seed),
        }
    }
}
