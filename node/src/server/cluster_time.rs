//! Cluster time: the newest time that anybody has told us. Whoever saw an effect carries its time along, so that
//! nothing that follows is named earlier (R-118; the clients' `$clusterTime`).

use bson::{RawBsonRef, Timestamp};

use crate::commands::CommandError;
use crate::wire::Request;

/// How far ahead of the own clock a told time may be: nothing signs it, and a time near the end of all times would
/// leave no names for entries. As MongoDB's `maxAcceptableLogicalClockDriftSecs`.
const AHEAD_MAX_SECS: u32 = 365 * 24 * 3600;

/// The newest time heard of.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClusterTime(Timestamp);

impl Default for ClusterTime {
    fn default() -> Self {
        Self(Timestamp {
            time: 0,
            increment: 0,
        })
    }
}

impl ClusterTime {
    /// Takes note of the time that a request carries.
    ///
    /// # Errors
    /// 205 for a time too far ahead, 14 for none.
    pub(super) fn hear(&mut self, request: &Request, wall_secs: u32) -> Result<(), CommandError> {
        let told = match request.body.get("$clusterTime") {
            Ok(Some(RawBsonRef::Document(told))) => told.get("clusterTime"),
            _ => return Ok(()),
        };
        let Ok(Some(RawBsonRef::Timestamp(told))) = told else {
            return Err(CommandError::new(
                14,
                "$clusterTime.clusterTime must be a timestamp",
            ));
        };
        if told.time > wall_secs.saturating_add(AHEAD_MAX_SECS) {
            let text = format!(
                "the cluster time {} is too far from this server's clock",
                told.time
            );
            return Err(CommandError::new(205, text));
        }
        self.0 = self.0.max(told);
        Ok(())
    }

    /// The newest time, `own` included.
    pub(super) fn newest(self, own: Timestamp) -> Timestamp {
        self.0.max(own)
    }

    /// The second by which the next entry is to be named: the wall clock's, unless an entry of that second could be
    /// older than what was told.
    pub(super) fn naming_secs(self, own: Timestamp, wall_secs: u32) -> u32 {
        if self.0 > own {
            wall_secs.max(self.0.time.saturating_add(1))
        } else {
            wall_secs
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;
    use crate::wire::RequestKind;

    fn at(time: u32, increment: u32) -> Timestamp {
        Timestamp { time, increment }
    }

    fn telling(time: Timestamp) -> Request {
        Request {
            id: 1,
            kind: RequestKind::Msg,
            database: "a".to_owned(),
            name: "ping".to_owned(),
            body: rawdoc! { "ping": 1, "$clusterTime": { "clusterTime": time } }.into(),
            sequences: Vec::new(),
            more_to_come: false,
            exhaust_allowed: false,
        }
    }

    #[test]
    fn what_was_told_never_gets_older_and_names_come_after_it() {
        let mut time = ClusterTime::default();
        time.hear(&telling(at(100, 7)), 90).unwrap();
        time.hear(&telling(at(99, 9)), 90).unwrap();
        assert_eq!(time.newest(at(95, 1)), at(100, 7));
        assert_eq!(time.naming_secs(at(95, 1), 90), 101);
        assert_eq!(
            time.naming_secs(at(100, 7), 90),
            90,
            "the own newest entry names on by itself"
        );
    }

    #[test]
    fn a_time_of_another_age_is_refused() {
        let mut time = ClusterTime::default();
        let error = time.hear(&telling(at(u32::MAX, 1)), 1_000).unwrap_err();
        assert_eq!(error.code.number(), 205);
        assert_eq!(time.newest(at(1, 1)), at(1, 1));
    }
}
