//! The plain shape that most checks share: collect anomalies, then say so.

use workloads::operation::Key;

use super::{Anomaly, Verdict};
use crate::history::Op;

/// How many anomalies are worked out before a check stops collecting; a broken run has thousands.
const COLLECTED_MAX: usize = Anomaly::LIMIT * 64;

/// Anomalies of one check.
#[derive(Default)]
pub(super) struct Anomalies(Vec<Anomaly>);

impl Anomalies {
    /// Adds one, with its witness in the order of the story.
    pub(super) fn add(&mut self, kind: &str, key: Key, words: String, involved: &[&Op]) {
        if self.0.len() < COLLECTED_MAX {
            let operations = involved.iter().map(|op| op.number).collect();
            self.0.push(Anomaly {
                kind: kind.to_owned(),
                key: Some(key),
                words,
                operations,
            });
        }
    }

    /// Invalid with the anomalies, which are taken; or valid with `praise`.
    pub(super) fn verdict(
        &mut self,
        check: &str,
        operations: u64,
        praise: impl FnOnce() -> String,
    ) -> Verdict {
        if self.is_empty() {
            Verdict::valid(check, operations, praise())
        } else {
            Verdict::invalid(check, operations, std::mem::take(&mut self.0))
        }
    }

    /// Those of this kind first.
    pub(super) fn worst(&mut self, kind: &str) {
        self.0.sort_by_key(|anomaly| anomaly.kind != kind);
    }

    /// Whether no more are collected.
    pub(super) const fn is_full(&self) -> bool {
        self.0.len() >= COLLECTED_MAX
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
