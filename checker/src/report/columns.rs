//! Operations as columns: what makes 100,000 of them fit into a page.
//!
//! Every column is a stream of variable-length integers, most of them differences to the value before. Texts
//! are split into a template, kept once, and the numbers in it, kept as differences to the last numbers of the
//! same template: `cas k3 41→42` is the template `cas k# #→#` and three small integers.
//!
//! `assets/decode.js` reads it: change both.

use std::collections::{BTreeMap, HashMap};

use super::operations::{Outcome, Played};

/// Stands for a number in a template. [`super::text::visible`] lets no such character through.
const PLACE: char = '\u{1}';

/// Longest run of digits that JavaScript's numbers hold exactly, with room for a difference.
const DIGITS: usize = 15;

/// Bit of the flags column: part of the quiet final phase.
const FLAG_LAST: u64 = 4;
/// Bit of the flags column: stands for several operations (see `super::sample`).
const FLAG_SAMPLED: u64 = 8;
/// First bit of the member's index plus one in the flags column.
const FLAG_MEMBER_SHIFT: u32 = 4;

/// Operations as columns.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Operations written.
    pub(crate) count: u64,
    /// Templates, by their number.
    pub(crate) templates: Vec<String>,
    /// Each column's name and bytes.
    pub(crate) columns: Vec<(&'static str, Vec<u8>)>,
}

/// Writes the operations that `keep` names (with whether each is a sample) as columns.
pub(crate) fn write(operations: &[Played], keep: &[(usize, bool)], lanes: &BTreeMap<u32, u32>) -> Columns {
    let mut texts = Texts::default();
    let [
        mut numbers,
        mut processes,
        mut lane,
        mut starts,
        mut lengths,
        mut flags,
        mut keys,
    ] = std::array::from_fn(|_| Vec::new());
    let [mut requests, mut results] = std::array::from_fn(|_| Vec::new());
    let (mut number_before, mut start_before) = (0i64, 0u64);
    for (place, sampled) in keep {
        let operation = &operations[*place];
        let number = i64::try_from(operation.number).unwrap_or(i64::MAX);
        signed(&mut numbers, number - number_before);
        number_before = number;
        unsigned(&mut processes, u64::from(operation.process));
        unsigned(
            &mut lane,
            u64::from(lanes.get(&operation.process).copied().unwrap_or(0)),
        );
        let start_us = operation.start_ns / 1_000;
        unsigned(&mut starts, start_us - start_before);
        start_before = start_us;
        unsigned(
            &mut lengths,
            operation.end_ns.map_or(0, |end_ns| end_ns / 1_000 - start_us + 1),
        );
        unsigned(&mut keys, operation.key.map_or(0, |key| u64::from(key) + 1));
        unsigned(&mut flags, flags_of(operation, *sampled));
        texts.write(&operation.request, &mut requests);
        texts.write(&operation.result, &mut results);
    }
    Columns {
        count: keep.len() as u64,
        templates: texts.templates,
        columns: vec![
            ("number", numbers),
            ("process", processes),
            ("lane", lane),
            ("start", starts),
            ("length", lengths),
            ("key", keys),
            ("flags", flags),
            ("request", requests),
            ("result", results),
        ],
    }
}

fn flags_of(operation: &Played, sampled: bool) -> u64 {
    let outcome = match operation.outcome {
        Outcome::Ok => 0,
        Outcome::Info => 1,
        Outcome::Fail => 2,
    };
    let last = if operation.last { FLAG_LAST } else { 0 };
    let sampled = if sampled { FLAG_SAMPLED } else { 0 };
    let member = operation.member.map_or(0, |member| u64::from(member) + 1);
    outcome | last | sampled | member << FLAG_MEMBER_SHIFT
}

/// The templates seen so far, and the last numbers of each.
#[derive(Default)]
struct Texts {
    templates: Vec<String>,
    known: HashMap<String, usize>,
    before: Vec<Vec<i64>>,
}

impl Texts {
    fn write(&mut self, text: &str, column: &mut Vec<u8>) {
        let (template, numbers) = split(text);
        let id = *self.known.entry(template).or_insert_with_key(|template| {
            self.templates.push(template.clone());
            self.before.push(vec![0; numbers.len()]);
            self.before.len() - 1
        });
        unsigned(column, id as u64);
        for (number, before) in numbers.into_iter().zip(&mut self.before[id]) {
            signed(column, number - *before);
            *before = number;
        }
    }
}

/// Takes the numbers out of a text. A run of digits that would not come back the same (leading zero, too long)
/// stays in the template.
fn split(text: &str) -> (String, Vec<i64>) {
    let (mut template, mut numbers) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        template.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        match digits.parse() {
            Ok(number) if digits.len() <= DIGITS && (digits == "0" || !digits.starts_with('0')) => {
                template.push(PLACE);
                numbers.push(number);
            }
            _ => template.push_str(digits),
        }
        rest = &rest[end..];
    }
    template.push_str(rest);
    (template, numbers)
}

/// Seven bits a byte, lowest first.
fn unsigned(column: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        column.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    column.push(value.to_le_bytes()[0]);
}

/// Sign in the lowest bit, so that small negative numbers stay short.
fn signed(column: &mut Vec<u8>, value: i64) {
    unsigned(column, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_and_regain_their_numbers() {
        for (text, template, numbers) in [
            ("cas k3 41→42", "cas k\u{1} \u{1}→\u{1}", vec![3, 41, 42]),
            ("write k0 -5", "write k\u{1} -\u{1}", vec![0, 5]),
            (
                "code 007 of 1234567890123456",
                "code 007 of 1234567890123456",
                vec![],
            ),
            ("", "", vec![]),
        ] {
            assert_eq!(split(text), (template.to_owned(), numbers), "{text}");
        }
    }

    #[test]
    fn integers_are_short() {
        let mut column = Vec::new();
        unsigned(&mut column, 127);
        unsigned(&mut column, 300);
        signed(&mut column, -1);
        signed(&mut column, 64);
        assert_eq!(column, [127, 0xac, 0x02, 1, 0x80, 0x01]);
        let mut widest = Vec::new();
        unsigned(&mut widest, u64::MAX);
        assert_eq!(widest.len(), 10);
    }

    #[test]
    fn equal_texts_share_a_template() {
        let mut texts = Texts::default();
        let mut column = Vec::new();
        texts.write("write k1 100", &mut column);
        texts.write("write k1 101", &mut column);
        assert_eq!(texts.templates, ["write k\u{1} \u{1}"]);
        assert_eq!(column, [0, 2, 0xc8, 0x01, 0, 0, 2]);
    }
}
