//! What a probe is, and what it finds.

use std::{future::Future, pin::Pin};

use super::{ground::Ground, stage::StageError};
use crate::checks::{Anomaly, Verdict};

/// A dialogue with a set of its own, from its start to its end.
#[derive(Clone, Copy)]
pub struct Probe {
    /// Name on the command line; `probe:NAME` is its oracle.
    pub name: &'static str,
    /// The guarantee that it asks for, in one sentence.
    pub promise: &'static str,
    /// Holds the dialogue.
    pub hold: for<'a> fn(&'a Ground) -> Dialogue<'a>,
}

/// A dialogue under way.
pub type Dialogue<'a> = Pin<Box<dyn Future<Output = Result<Finding, StageError>> + 'a>>;

/// What came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The guarantee was kept; what was seen, in a sentence.
    Kept(String),
    /// It was broken; how, in a sentence.
    Broken(String),
}

impl Probe {
    /// The probe of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        super::PROBES.iter().copied().find(|probe| probe.name == name)
    }

    /// How it is named among the oracles.
    pub fn oracle(&self) -> String {
        format!("probe:{}", self.name)
    }

    /// Asks; a dialogue that could not be held proves nothing.
    pub async fn ask(&self, ground: &Ground) -> Verdict {
        match (self.hold)(ground).await {
            Ok(Finding::Kept(words)) => Verdict::valid(self.name, 1, words),
            Ok(Finding::Broken(words)) => {
                let anomaly = Anomaly {
                    kind: self.name.to_owned(),
                    key: None,
                    words,
                    operations: Vec::new(),
                };
                Verdict::invalid(self.name, 1, vec![anomaly])
            }
            Err(error) => Verdict::unknown(self.name, 0, error.to_string()),
        }
    }
}

impl Finding {
    /// Kept with these words, unless something was found to be broken.
    pub fn unless(broken: Option<String>, kept: &str) -> Self {
        broken.map_or_else(|| Self::Kept(kept.to_owned()), Self::Broken)
    }
}

#[cfg(test)]
mod tests {
    use crate::probes::PROBES;

    #[test]
    fn names_are_in_order_and_each_there_once() {
        let names: Vec<&str> = PROBES.iter().map(|probe| probe.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
