//! Senseless commands: made of the language's own words, in any order and of any type. No panic and no hang, whatever
//! the answer is; what sense there is in the store stays readable.
//!
//! `NODE_SOAK_SECS=3600 cargo test -p node senseless` goes on for an hour, with another seed each round.

use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use nix::time::{ClockId, clock_gettime};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::harness::Member;

/// Commands of one round.
const COMMANDS: usize = 1_500;
/// No command of these small ones may take more of a processor: its own time, for a loaded machine, or a stopped process, is
/// no hang.
const ANSWER_MAX: Duration = Duration::from_secs(10);

const NAMES: &[&str] = &[
    "a", "b", "a.b", "a.0", "a.$[]", "a.$", "_id", "", "$a", "x.y.z", "$$ROOT", "$a.b", "a.$[i]",
];
const FILTERS: &[&str] = &[
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$and",
    "$or",
    "$nor",
    "$not",
    "$exists",
    "$type",
    "$regex",
    "$options",
    "$mod",
    "$all",
    "$size",
    "$elemMatch",
    "$expr",
    "$bitsAllSet",
    "$bitsAnyClear",
];
const UPDATES: &[&str] = &[
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$addToSet",
    "$pull",
    "$pullAll",
    "$pop",
    "$bit",
    "$each",
    "$slice",
    "$sort",
    "$position",
];
const EXPRESSIONS: &[&str] = &[
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$mod",
    "$concat",
    "$substrCP",
    "$toString",
    "$toInt",
    "$cond",
    "$ifNull",
    "$map",
    "$filter",
    "$reduce",
    "$let",
    "$arrayElemAt",
    "$size",
    "$slice",
    "$range",
    "$dateToString",
    "$mergeObjects",
    "$objectToArray",
    "$arrayToObject",
    "$setUnion",
    "$indexOfArray",
    "$split",
    "$pow",
    "$round",
];
const STAGES: &[&str] = &[
    "$match",
    "$group",
    "$sort",
    "$limit",
    "$skip",
    "$project",
    "$count",
    "$unwind",
    "$addFields",
    "$unset",
    "$replaceRoot",
    "$sortByCount",
    "$facet",
    "$lookup",
    "$sample",
    "$out",
    "$merge",
    "$documents",
];

#[test]
fn senseless_commands_are_answered() {
    let until = Instant::now() + soak();
    for seed in 1.. {
        round(seed);
        if Instant::now() >= until {
            println!("{seed} rounds of {COMMANDS} commands");
            return;
        }
    }
}

/// How long to go on after the first round.
pub(super) fn soak() -> Duration {
    let given = std::env::var("NODE_SOAK_SECS").ok();
    Duration::from_secs(given.and_then(|secs| secs.parse().ok()).unwrap_or(0))
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("every Linux has it")
        .into()
}

fn round(seed: u64) {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let mut member = Member::new();
    let (mut answered, mut refused) = (0, 0);
    for number in 0..COMMANDS {
        let command = dice.command();
        let begun = processor_time();
        match member.try_command("d", command.clone()) {
            Ok(_) => answered += 1,
            Err(_) => refused += 1,
        }
        assert!(
            processor_time().saturating_sub(begun) < ANSWER_MAX,
            "seed {seed}, command {number}: {command}"
        );
    }
    // Both, or the words are badly chosen.
    assert!(
        answered > COMMANDS / 50 && refused > COMMANDS / 50,
        "seed {seed}: {answered} and {refused}"
    );
    let valid = member.try_command("d", doc! { "validate": "c" });
    let fine = valid.is_ok_and(|reply| reply.get_bool("valid").unwrap_or(false));
    let empty = member
        .try_command("d", doc! { "count": "c" })
        .is_ok_and(|reply| reply.get_i32("n").is_ok_and(|n| n == 0));
    assert!(fine || empty, "seed {seed}: the collection is damaged");
}

pub(super) struct Dice(pub(super) ChaCha8Rng);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0.next_u32() as usize % sides
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    pub(super) fn command(&mut self) -> Document {
        let filter = self.document(FILTERS, 3);
        match self.roll(9) {
            0 | 1 => {
                let documents: Vec<Bson> = (0..=self.roll(3))
                    .map(|_| self.document(NAMES, 3).into())
                    .collect();
                doc! { "insert": "c", "documents": documents, "ordered": false }
            }
            2 => {
                let update = self.update();
                let (multi, upsert) = (self.roll(2) == 0, self.roll(3) == 0);
                doc! { "update": "c", "updates": [{ "q": filter, "u": update, "multi": multi, "upsert": upsert }] }
            }
            3 => doc! { "delete": "c", "deletes": [{ "q": filter, "limit": self.roll(2) as i32 }] },
            4 => {
                doc! { "find": "c", "filter": filter, "sort": self.document(NAMES, 1), "projection": self.document(EXPRESSIONS, 2) }
            }
            5 => {
                doc! { "findAndModify": "c", "query": filter, "update": self.update(), "upsert": self.roll(2) == 0 }
            }
            6 | 7 => {
                let stages: Vec<Bson> = (0..=self.roll(3))
                    .map(|_| {
                        let stage = self.of(STAGES);
                        let words = if self.roll(2) == 0 { FILTERS } else { EXPRESSIONS };
                        Bson::Document(doc! { stage: self.value(words, 3) })
                    })
                    .collect();
                doc! { "aggregate": "c", "pipeline": stages, "cursor": {} }
            }
            _ => {
                let key = self.document(NAMES, 1);
                doc! { "createIndexes": "c", "indexes": [{ "key": key, "name": format!("i{}", self.roll(4)), "unique": self.roll(4) == 0 }] }
            }
        }
    }

    fn update(&mut self) -> Bson {
        match self.roll(4) {
            0 => self.document(NAMES, 2).into(),
            1 => vec![Bson::Document(doc! { "$set": self.document(EXPRESSIONS, 3) })].into(),
            _ => {
                let operator = self.of(UPDATES);
                let mut fields = Document::new();
                for _ in 0..=self.roll(2) {
                    fields.insert(self.of(NAMES), self.value(UPDATES, 2));
                }
                doc! { operator: fields }.into()
            }
        }
    }

    /// Fields and operators mixed.
    fn document(&mut self, words: &[&str], depth: usize) -> Document {
        let mut document = Document::new();
        for _ in 0..self.roll(3) {
            let name = if self.roll(2) == 0 {
                self.of(NAMES)
            } else {
                self.of(words)
            };
            let value = self.value(words, depth);
            document.insert(name, value);
        }
        document
    }

    fn value(&mut self, words: &[&str], depth: usize) -> Bson {
        let nested = if depth > 0 { 16 } else { 12 };
        match self.roll(nested) {
            0 => Bson::Null,
            1 => Bson::Boolean(self.roll(2) == 0),
            2 => Bson::Int32(self.0.next_u32() as i32),
            3 => Bson::Int64(self.0.next_u64() as i64),
            4 => Bson::Double(f64::from_bits(self.0.next_u64())),
            5 => Bson::Int32(self.roll(4) as i32 - 1),
            6 => Bson::String(self.of(NAMES).to_owned()),
            7 => Bson::String("(((a+)+)+$".to_owned()),
            8 => Bson::DateTime(bson::DateTime::from_millis(self.0.next_u64() as i64)),
            9 => Bson::ObjectId(bson::oid::ObjectId::from_bytes([self.roll(256) as u8; 12])),
            10 => Bson::MinKey,
            11 => Bson::Decimal128(bson::Decimal128::from_bytes([self.roll(256) as u8; 16])),
            12 | 13 => self.document(words, depth - 1).into(),
            _ => (0..self.roll(3))
                .map(|_| self.value(words, depth - 1))
                .collect::<Vec<_>>()
                .into(),
        }
    }
}
