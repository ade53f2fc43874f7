//! What a fault did, in numbers.

use std::collections::BTreeMap;

/// The measured effect of one fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// The counters, by name.
    pub(super) counts: BTreeMap<String, u64>,
    /// They prove that it struck.
    pub(super) struck: bool,
    /// What there is to say besides the fault itself.
    pub(super) remarks: Vec<String>,
}

impl Effects {
    /// Adds to a counter.
    pub(super) fn add(&mut self, name: &str, amount: u64) {
        *self.counts.entry(name.to_owned()).or_default() += amount;
    }

    /// A counter's value.
    pub(super) fn get(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}
