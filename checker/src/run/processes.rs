//! The numbers of client processes, and whose they are.

use std::sync::{Mutex, PoisonError};

/// Hands out process numbers.
///
/// A process that does not know how its operation ended is over: what its client asks next comes from a new
/// process, because two open operations of one process would make no sense.
#[derive(Debug, Default)]
pub struct Processes {
    /// Process number to the place of its workload in the cast.
    owners: Mutex<Vec<usize>>,
}

impl Processes {
    /// A new process of the workload at `place`.
    pub fn enroll(&self, place: usize) -> u32 {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.push(place);
        u32::try_from(owners.len() - 1).unwrap_or(u32::MAX)
    }

    /// Whether the process is one of the workload at `place`.
    pub fn belongs(&self, process: u32, place: usize) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(process as usize) == Some(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_know_their_workload() {
        let processes = Processes::default();
        assert_eq!([0, 1, 0].map(|place| processes.enroll(place)), [0, 1, 2]);
        assert!(processes.belongs(1, 1) && processes.belongs(2, 0));
        assert!(!processes.belongs(2, 1) && !processes.belongs(3, 0));
    }
}
