//! `replSetGetStatus.initialSyncStatus`: the seven steps as the books tell them (S2-23, S4-05…S4-11).

use std::time::Instant;

use bson::{Bson, DateTime, Document, Timestamp, doc};
use protocol::initial_sync::{InitialSync, SyncStage};
use protocol::optime::OpTime;
use protocol::rules::initial_sync::ATTEMPTS_MAX;

/// What a clone has come to.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// When it began, monotonic.
    pub started: Instant,
    /// When it began.
    pub started_at: DateTime,
    /// Collections named.
    pub collections: u64,
    /// Secondary indexes named.
    pub indexes: u64,
    /// Documents copied.
    pub documents: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Oplog entries applied to the clone.
    pub applied: u64,
}

impl Tally {
    /// A clone that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            started: Instant::now(),
            started_at: DateTime::now(),
            collections: 0,
            indexes: 0,
            documents: 0,
            bytes: 0,
            applied: 0,
        }
    }
}

/// The seven steps. Indexes are built along with the clone, so the fifth is done with the second.
pub const STEPS: [&str; 7] = [
    "choose a source and drop all databases",
    "clone",
    "first oplog step: fetch what was done during the clone",
    "second oplog step: apply it to the clone",
    "build indexes (along with the clone)",
    "last oplog step: catch up before becoming a secondary",
    "normal sync",
];

/// The document, while the member syncs.
#[must_use]
pub fn sync_status(sync: &InitialSync, tally: Option<Tally>, begin: OpTime) -> Document {
    let tally = tally.unwrap_or_else(Tally::begin);
    let (step, stop) = match sync.stage {
        SyncStage::Marking | SyncStage::Waiting => (1, None),
        SyncStage::Cloning { .. } => (2, None),
        SyncStage::Fetching(stop) => (3, Some(stop)),
        SyncStage::Applying(stop) => (4, Some(stop)),
        SyncStage::Settling => (6, None),
        SyncStage::Finishing => (7, None),
    };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let millis = tally.started.elapsed().as_millis();
    let mut body = doc! {
        "step": step,
        "stepName": STEPS[usize::try_from(step - 1).unwrap_or(0)],
        "steps": STEPS.iter().map(|step| Bson::from(*step)).collect::<Vec<_>>(),
        "failedInitialSyncAttempts": i32::from(sync.failed),
        "maxFailedInitialSyncAttempts": i32::from(ATTEMPTS_MAX),
        "initialSyncStart": tally.started_at,
        "totalInitialSyncElapsedMillis": i64::try_from(millis).unwrap_or(i64::MAX),
        "initialSyncOplogStart": timestamp(begin),
        "collections": number(tally.collections),
        "indexes": number(tally.indexes),
        "documentsCopied": number(tally.documents),
        "bytesCopied": number(tally.bytes),
        "appliedOps": number(tally.applied),
        "mustHearFromAllVoters": sync.forgot,
    };
    if let Some(stop) = stop {
        body.insert("initialSyncOplogEnd", timestamp(stop));
    }
    body
}

fn timestamp(optime: OpTime) -> Timestamp {
    Timestamp {
        time: optime.ts.secs,
        increment: optime.ts.inc,
    }
}

#[cfg(test)]
mod tests {
    use protocol::initial_sync::Unsynced;

    use super::*;

    /// Row S2-23 of the notes.
    #[test]
    fn each_stage_is_one_of_the_seven_steps() {
        let point = OpTime::new(1, 1, 1);
        let cloning = SyncStage::Cloning {
            begin: point,
            number: 1,
            cursor: Vec::new(),
            read: point,
        };
        let stages = [
            (SyncStage::Marking, 1, "choose a source"),
            (SyncStage::Waiting, 1, "choose a source"),
            (cloning, 2, "clone"),
            (SyncStage::Fetching(point), 3, "first oplog step"),
            (SyncStage::Applying(point), 4, "second oplog step"),
            (SyncStage::Settling, 6, "last oplog step"),
            (SyncStage::Finishing, 7, "normal sync"),
        ];
        let flag = Unsynced {
            target: OpTime::NULL,
            forgot: false,
            whole: false,
        };
        for (stage, step, name) in stages {
            let status = sync_status(&InitialSync::new(flag, stage), None, point);
            assert_eq!(status.get_i32("step").ok(), Some(step));
            assert!(status.get_str("stepName").unwrap().starts_with(name), "{status}");
            assert_eq!(status.get_array("steps").unwrap().len(), 7);
        }
    }
}
