//! Keys of other tools: whatever EDN can write. Ours are numbers.

use workloads::operation::Key;

use super::edn::Edn;

/// Keys that are no small numbers are called by numbers from here on, in the order in which they come.
const FIRST_NAMED: Key = 1_000_000_000;

/// So many of them are told in the notes.
const TOLD_MAX: usize = 20;

/// The numbers that keys go by.
#[derive(Debug, Default)]
pub(super) struct Keys {
    named: std::collections::HashMap<String, Key>,
    told: Vec<String>,
}

impl Keys {
    /// The key's number: itself, if it is a small one.
    pub(super) fn number(&mut self, key: &Edn) -> Key {
        let small = key.int().and_then(|key| Key::try_from(key).ok());
        small.filter(|key| *key < FIRST_NAMED).unwrap_or_else(|| {
            let fresh = FIRST_NAMED + self.named.len() as Key;
            let number = *self.named.entry(key.to_string()).or_insert(fresh);
            if number == fresh && self.told.len() < TOLD_MAX {
                self.told.push(format!("{key} = {fresh}"));
            }
            number
        })
    }

    /// Which key goes by which number, for people.
    pub(super) fn note(&self) -> Option<String> {
        let (all, told) = (self.named.len(), self.told.join(", "));
        let rest = if all > self.told.len() { ", ..." } else { "" };
        (all > 0).then(|| format!("keys that are no small numbers go by numbers here: {told}{rest}"))
    }
}
