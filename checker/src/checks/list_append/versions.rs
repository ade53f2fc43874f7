//! Version orders, and everything that is wrong before any graph is drawn.

use std::collections::BTreeMap;

use workloads::operation::{Key, Value};

use super::input::{End, Input, Micro, Txn};
use crate::checks::{
    Anomaly,
    budget::{Exhausted, Meter},
    linearizable::{FastMap, FastSet},
    watch::Watch,
};

/// Who appended a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    pub(super) txn: u32,
    /// The transaction appended more to the same key later.
    pub(super) intermediate: bool,
}

/// Bytes for each append or read: as a transaction, by key, and in the table of writers.
const MICRO_BYTES: usize = size_of::<Txn>() + size_of::<Micro<'_>>() + size_of::<((Key, Value), Writer)>();

/// One key.
#[derive(Debug, Default)]
pub(super) struct Versions<'a> {
    /// The longest read, and who made it.
    pub(super) order: &'a [Value],
    pub(super) longest_reader: Option<u32>,
    /// Every read that is a prefix of the longest: who, and how many elements. (What contradicts it has no place in the
    /// order.)
    pub(super) reads: Vec<(u32, u32)>,
    /// Appends, in order of call.
    pub(super) appends: Vec<(u32, Value)>,
}

/// All keys.
#[derive(Debug, Default)]
pub(super) struct AllVersions<'a> {
    pub(super) keys: BTreeMap<Key, Versions<'a>>,
    pub(super) writers: FastMap<(Key, Value), Writer>,
    pub(super) elements_read: u64,
    pub(super) anomalies: Vec<Anomaly>,
}

impl<'a> AllVersions<'a> {
    /// All that the input says, or as much of it as the budget allowed: what was found by then stands.
    pub(super) fn of(input: &Input<'a>, meter: &Meter) -> (Self, Result<(), Exhausted>) {
        let mut all = Self::default();
        let ended = all.judge(input, meter);
        (all, ended)
    }

    fn judge(&mut self, input: &Input<'a>, meter: &Meter) -> Result<(), Exhausted> {
        // What each append and read takes here, and in the input.
        let mut watch = Watch::of(meter, input.micros.len() * MICRO_BYTES);
        watch.look()?;
        self.writers.reserve(input.micros.len() / 2);
        self.gather(input, &mut watch)?;
        let keys = std::mem::take(&mut self.keys);
        for (key, versions) in &keys {
            watch.steps(versions.order.len())?;
            self.judge_order(input, *key, versions);
        }
        self.keys = keys;
        self.judge_reads(input, &mut watch)
    }

    fn gather(&mut self, input: &Input<'a>, watch: &mut Watch) -> Result<(), Exhausted> {
        for txn in 0..input.txns.len() as u32 {
            for micro in input.micros(txn) {
                watch.step()?;
                match *micro {
                    Micro::Append(key, value) => {
                        let before = self.writers.insert(
                            (key, value),
                            Writer {
                                txn,
                                intermediate: false,
                            },
                        );
                        if let Some(before) = before {
                            let words = format!(
                                "{value} was appended to list {key} by both #{} and #{}: values must be unique",
                                input.txns[before.txn as usize].number, input.txns[txn as usize].number
                            );
                            self.anomaly(input, "duplicate-append", key, words, &[before.txn, txn]);
                        }
                        let versions = self.keys.entry(key).or_default();
                        if let Some((last, value)) = versions.appends.last()
                            && *last == txn
                            && let Some(writer) = self.writers.get_mut(&(key, *value))
                        {
                            writer.intermediate = true;
                        }
                        versions.appends.push((txn, value));
                    }
                    Micro::Read(key, found) => {
                        self.elements_read += found.len() as u64;
                        let versions = self.keys.entry(key).or_default();
                        if versions.longest_reader.is_none() || found.len() > versions.order.len() {
                            (versions.order, versions.longest_reader) = (found, Some(txn));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The longest read of a key: each element once, each appended by someone.
    fn judge_order(&mut self, input: &Input<'a>, key: Key, versions: &Versions<'a>) {
        let Some(reader) = versions.longest_reader else {
            return;
        };
        let mut seen: FastSet<Value> = FastSet::default();
        for value in versions.order {
            let number = input.txns[reader as usize].number;
            if !seen.insert(*value) {
                let words = format!("#{number} found {value} twice in list {key}");
                let writer = self.writers.get(&(key, *value)).map(|writer| writer.txn);
                let involved: Vec<u32> = writer.into_iter().chain([reader]).collect();
                self.anomaly(input, "duplicate-elements", key, words, &involved);
            }
            match self.writers.get(&(key, *value)).copied() {
                None => {
                    let words = format!("#{number} found {value} in list {key}, which nobody appended");
                    self.anomaly(input, "phantom-element", key, words, &[reader]);
                }
                Some(writer) if input.txns[writer.txn as usize].end == End::Refused => {
                    let words = format!(
                        "#{number} found {value} in list {key}, which #{} appended, but that did not happen",
                        input.txns[writer.txn as usize].number
                    );
                    self.anomaly(input, "G1a", key, words, &[writer.txn, reader]);
                }
                Some(_) => {}
            }
        }
    }

    /// Each read: a prefix of the longest, ending where a transaction ended, and right about its own appends.
    fn judge_reads(&mut self, input: &Input<'a>, watch: &mut Watch) -> Result<(), Exhausted> {
        for txn in 0..input.txns.len() as u32 {
            let micros = input.micros(txn);
            for (position, micro) in micros.iter().enumerate() {
                let Micro::Read(key, found) = *micro else { continue };
                // Elements are compared many at a time.
                watch.steps(1 + found.len() / 16)?;
                let number = input.txns[txn as usize].number;
                let versions = &self.keys[&key];
                if !versions.order.starts_with(found) {
                    let longest = versions.longest_reader.unwrap_or(txn);
                    let at = found
                        .iter()
                        .zip(versions.order)
                        .take_while(|(one, other)| one == other)
                        .count();
                    let words = format!(
                        "#{number} and #{} read list {key} in orders that contradict each other, from element {at} on: \
                         {:?} and {:?}",
                        input.txns[longest as usize].number,
                        found.get(at),
                        versions.order.get(at)
                    );
                    let writer = |value: Option<&Value>| {
                        let writer = value.and_then(|value| self.writers.get(&(key, *value)));
                        writer.map(|writer| writer.txn)
                    };
                    let writers = [writer(found.get(at)), writer(versions.order.get(at))];
                    let mut involved: Vec<u32> = writers.into_iter().flatten().collect();
                    involved.extend([txn, longest]);
                    self.anomaly(input, "incompatible-order", key, words, &involved);
                    self.judge_contradicting(input, key, txn, found);
                } else if let Some(versions) = self.keys.get_mut(&key) {
                    versions.reads.push((txn, found.len() as u32));
                }
                if let Some(last) = found.last()
                    && let Some(writer) = self.writers.get(&(key, *last)).copied()
                    && writer.intermediate
                    && writer.txn != txn
                {
                    let words = format!(
                        "#{number} found list {key} ending in {last}, in the middle of #{}",
                        input.txns[writer.txn as usize].number
                    );
                    self.anomaly(input, "G1b", key, words, &[writer.txn, txn]);
                }
                if contradicts_itself(&micros[..position], key, found) {
                    let words = format!("#{number} read list {key} otherwise than it left it itself");
                    let mut involved = vec![txn];
                    for micro in &micros[..=position] {
                        if let Micro::Read(of, found) = *micro
                            && of == key
                        {
                            let writers = found.iter().filter_map(|value| self.writers.get(&(key, *value)));
                            involved.extend(writers.map(|writer| writer.txn));
                        }
                    }
                    self.anomaly(input, "internal", key, words, &involved);
                }
            }
        }
        Ok(())
    }

    /// A read that is no prefix of the longest is looked at on its own.
    fn judge_contradicting(&mut self, input: &Input<'a>, key: Key, txn: u32, found: &'a [Value]) {
        let alone = Versions {
            order: found,
            longest_reader: Some(txn),
            ..Versions::default()
        };
        self.judge_order(input, key, &alone);
    }

    fn anomaly(&mut self, input: &Input<'a>, kind: &str, key: Key, words: String, involved: &[u32]) {
        let mut operations: Vec<u64> = Vec::with_capacity(involved.len());
        for txn in involved {
            let number = input.txns[*txn as usize].number;
            if !operations.contains(&number) {
                operations.push(number);
            }
        }
        self.anomalies.push(Anomaly {
            kind: kind.to_owned(),
            key: Some(key),
            words,
            operations,
        });
    }
}

/// Whether a read contradicts what its own transaction read and appended before.
fn contradicts_itself(before: &[Micro<'_>], key: Key, found: &[Value]) -> bool {
    if before.is_empty() {
        return false;
    }
    let mut base: Option<&[Value]> = None;
    let mut appended: Vec<Value> = Vec::new();
    for micro in before {
        match *micro {
            Micro::Append(of, value) if of == key => appended.push(value),
            Micro::Read(of, found) if of == key => {
                base = Some(found);
                appended.clear();
            }
            _ => {}
        }
    }
    match base {
        Some(base) => {
            found.len() != base.len() + appended.len()
                || !found.starts_with(base)
                || !found.ends_with(&appended)
        }
        None => !found.ends_with(&appended),
    }
}
