//! Every check on a long history that is right by construction, and on the same with one flaw that breaks what the
//! check is for: time, memory, verdict.

use std::fmt::Write;

use super::{
    family_world::generate_family,
    meter::{Measured, measured},
};
use crate::{
    checks::{Budget, CHECKS, Validity},
    history::History,
};

/// What the clients of a history ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Appends and whole reads of short lists.
    Lists,
    /// Adds and whole reads of sets.
    Sets,
    /// Increments and reads of counters.
    Counters,
    /// Writes and reads of registers in causal sessions.
    Sessions,
    /// Jobs put into a queue and taken out, until it is empty.
    Queues,
    /// Claims of names, each by several clients.
    Names,
    /// Writes that learn their operation time.
    Times,
}

/// What is wrong with a history that is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoiled {
    /// A reply at about 70 % is one of an older state: a look that forgot something, a job or a name given once more, a
    /// time from before.
    Reply,
    /// A final look lacks what was seen before.
    LastLook,
}

/// Each family with the checks that judge it, and the flaw that each of them must find.
pub const FAMILIES: [(Family, &[(&str, Spoiled)]); 7] = [
    (
        Family::Lists,
        &[
            ("list-append", Spoiled::Reply),
            ("no-lost-write", Spoiled::LastLook),
            ("no-dirty-read", Spoiled::LastLook),
        ],
    ),
    (
        Family::Sets,
        &[
            ("subset-chain", Spoiled::Reply),
            ("causal-order", Spoiled::Reply),
            ("no-lost-write", Spoiled::LastLook),
            ("no-dirty-read", Spoiled::LastLook),
        ],
    ),
    (Family::Counters, &[("counter", Spoiled::Reply)]),
    (
        Family::Sessions,
        &[
            ("linearizable", Spoiled::Reply),
            ("causal-order", Spoiled::Reply),
            ("session-guarantees", Spoiled::Reply),
        ],
    ),
    (Family::Queues, &[("queue", Spoiled::Reply)]),
    (Family::Names, &[("unique-claims", Spoiled::Reply)]),
    (Family::Times, &[("monotonic-timestamps", Spoiled::Reply)]),
];

/// How one check did on one history.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Name of the check.
    pub check: &'static str,
    /// What was asked, or looked at.
    pub about: String,
    /// Number of operations (of documents, where members are compared).
    pub operations: u32,
    /// On the history that is right.
    pub right: Measured,
    /// On the same with the flaw.
    pub flawed: Measured,
}

impl CheckRow {
    /// Whether the right one was accepted, and the flaw was found.
    pub fn is_right(&self) -> bool {
        self.right.validity == Validity::Valid && self.flawed.validity == Validity::Invalid
    }
}

/// Measures all checks of a family.
pub fn measure_family(family: Family, operations: u32, seed: u64) -> Vec<CheckRow> {
    let judged = FAMILIES
        .iter()
        .find(|(known, _)| *known == family)
        .map_or(&[][..], |(_, judged)| judged);
    // One history at a time: a long one takes hundreds of megabytes.
    let measure = |spoiled: Option<Spoiled>| -> Vec<Measured> {
        let asked = |(_, flaw): &&(&'static str, Spoiled)| spoiled.is_none_or(|spoiled| *flaw == spoiled);
        let asked: Vec<_> = judged.iter().filter(asked).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let history = generate_family(family, operations, seed, spoiled);
        asked
            .into_iter()
            .map(|(check, _)| measured(|| verdict(check, &history)))
            .collect()
    };
    let right = measure(None);
    let mut replies = measure(Some(Spoiled::Reply)).into_iter();
    let mut last_looks = measure(Some(Spoiled::LastLook)).into_iter();
    let rows = judged.iter().zip(right).filter_map(|((check, flaw), right)| {
        let flawed = match flaw {
            Spoiled::Reply => replies.next()?,
            Spoiled::LastLook => last_looks.next()?,
        };
        Some(CheckRow {
            check,
            about: format!("{family:?}"),
            operations,
            right,
            flawed,
        })
    });
    rows.collect()
}

fn verdict(check: &str, history: &History) -> Validity {
    let found = CHECKS.iter().find(|known| known.name == check);
    found.map_or(Validity::Unknown, |known| {
        (known.run)(history, &Budget::default()).validity
    })
}

/// Rows as a table.
pub fn check_table(rows: &[CheckRow]) -> String {
    let mut text = String::from(
        "| check | history | operations | CPU s | bytes/op | verdict | with a flaw: CPU s | verdict |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let bytes = row.right.peak_bytes.map_or_else(
            || "?".to_owned(),
            |bytes| (bytes / u64::from(row.operations.max(1))).to_string(),
        );
        writeln!(
            text,
            "| {} | {} | {} | {:.3} | {bytes} | {:?} | {:.3} | {:?} |",
            row.check,
            row.about,
            row.operations,
            row.right.cpu_seconds,
            row.right.validity,
            row.flawed.cpu_seconds,
            row.flawed.validity
        )
        .expect("a string takes every text");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn right_histories_are_accepted_and_each_check_finds_its_flaw() {
        for (family, _) in FAMILIES {
            for row in measure_family(family, 6_000, 3) {
                assert!(row.is_right(), "{row:?}");
            }
        }
    }

    #[test]
    fn every_check_has_a_long_history() {
        let measured: BTreeSet<&str> = FAMILIES
            .iter()
            .flat_map(|(_, judged)| judged.iter().map(|(check, _)| *check))
            .collect();
        let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(measured, all);
    }
}
