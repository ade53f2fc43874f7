//! Counters of one collection or index, exact under rollback.

use serde::{Deserialize, Serialize};

/// How much there is. 64 bits: 1.4 billion documents and 1.4 TB were seen (S3-24).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents, or entries of an index.
    pub objects: i64,
    /// Bytes of documents, or of index keys.
    pub bytes: i64,
}

impl Counts {
    /// The change when `old` bytes become `new` bytes; `None` stands for absence.
    pub(super) fn change(old: Option<usize>, new: Option<usize>) -> Self {
        Self {
            objects: i64::from(new.is_some()) - i64::from(old.is_some()),
            bytes: new.unwrap_or(0) as i64 - old.unwrap_or(0) as i64,
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

impl std::ops::SubAssign for Counts {
    fn sub_assign(&mut self, other: Self) {
        self.objects -= other.objects;
        self.bytes -= other.bytes;
    }
}
