//! Random values against a comparison that knows nothing of keys.

use std::cmp::Ordering;

use bson::{Bson, Document, RawDocumentBuf, doc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Direction, encode};

#[test]
fn keys_compare_as_the_values_do() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(1));
    let mut seen = [0; 3];
    for _ in 0..60_000 {
        let left = dice.value(2);
        let right = if dice.roll(3) == 0 {
            dice.neighbour(&left)
        } else {
            dice.value(2)
        };
        let order = compare(&left, &right);
        seen[(order as i8 + 1) as usize] += 1;
        let [up_left, up_right] = [&left, &right].map(|value| key(value, Direction::Ascending));
        assert_eq!(up_left.cmp(&up_right), order, "{left:?} and {right:?}");
        let [down_left, down_right] = [&left, &right].map(|value| key(value, Direction::Descending));
        assert_eq!(
            down_left.cmp(&down_right),
            order.reverse(),
            "{left:?} and {right:?}"
        );
    }
    assert!(
        seen.iter().all(|count| *count > 1000),
        "{seen:?}: hardly any of one order"
    );
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0.next_u32() as usize % below
    }

    fn value(&mut self, depth: usize) -> Bson {
        match self.roll(if depth == 0 { 9 } else { 11 }) {
            0..=4 => self.number(),
            5 => Bson::String(self.text()),
            6 => self.small(),
            7 => Bson::Timestamp(bson::Timestamp {
                time: self.roll(3) as u32,
                increment: self.roll(3) as u32,
            }),
            8 => Bson::DateTime(bson::DateTime::from_millis(self.roll(5) as i64 - 2)),
            9 => Bson::Array((0..self.roll(3)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let mut document = Document::new();
                for _ in 0..self.roll(3) {
                    let name = ["a", "b", "ab"][self.roll(3)];
                    document.insert(name, self.value(depth - 1));
                }
                Bson::Document(document)
            }
        }
    }

    fn small(&mut self) -> Bson {
        let bytes: Vec<u8> = (0..self.roll(3)).map(|_| [0, 1, 255][self.roll(3)]).collect();
        match self.roll(6) {
            0 => Bson::MinKey,
            1 => Bson::MaxKey,
            2 => Bson::Null,
            3 => Bson::Boolean(self.roll(2) == 0),
            4 => Bson::ObjectId(bson::oid::ObjectId::from_bytes([self.roll(3) as u8; 12])),
            _ => Bson::Binary(bson::Binary {
                subtype: [0_u8, 4][self.roll(2)].into(),
                bytes,
            }),
        }
    }

    fn text(&mut self) -> String {
        (0..self.roll(4))
            .map(|_| ['\0', '\u{1}', 'a', 'é', '\u{10ffff}'][self.roll(5)])
            .collect()
    }

    fn number(&mut self) -> Bson {
        match self.roll(4) {
            0 => Bson::Int32(self.0.next_u32() as i32 >> self.roll(32)),
            1 => Bson::Int64(self.0.next_u64() as i64 >> self.roll(64)),
            2 => Bson::Double(self.double()),
            _ => {
                let coefficient = (u128::from(self.0.next_u64()) << 49 | 1) >> self.roll(113);
                let exponent = [self.roll(40) as i32 - 20, self.roll(12_000) as i32 - 6_000][self.roll(2)];
                let sign = ["", "-"][self.roll(2)];
                decimal(&format!("{sign}{}E{exponent}", coefficient % 10_u128.pow(34)))
            }
        }
    }

    fn double(&mut self) -> f64 {
        match self.roll(3) {
            0 => f64::from_bits(self.0.next_u64()),
            1 => (self.roll(2000) as f64 - 1000.0) / 8.0,
            _ => (self.0.next_u64() as i64 >> self.roll(64)) as f64,
        }
    }

    /// The same number in another type, or one close to it.
    fn neighbour(&mut self, value: &Bson) -> Bson {
        let step = self.roll(3) as i64 - 1;
        match value {
            Bson::Int32(number) => match self.roll(3) {
                0 => Bson::Int64(i64::from(*number) + step),
                1 => Bson::Double(f64::from(*number)),
                _ => decimal(&format!("{}.{}", number, self.roll(2))),
            },
            Bson::Int64(number) => match self.roll(3) {
                0 => Bson::Int64(number.saturating_add(step)),
                1 => Bson::Double(*number as f64),
                _ => decimal(&number.saturating_add(step).to_string()),
            },
            Bson::Double(number) if number.is_finite() => match self.roll(3) {
                0 => Bson::Double(number.next_up()),
                // Sixteen digits: just above or below the double, seldom the same.
                1 => decimal(&format!("{number:.15e}")),
                _ => decimal(&format!("{number:.30e}")),
            },
            Bson::Decimal128(number) => number.to_string().parse().map_or(Bson::Null, Bson::Double),
            same => same.clone(),
        }
    }
}

fn compare(left: &Bson, right: &Bson) -> Ordering {
    class(left).cmp(&class(right)).then_with(|| match (left, right) {
        (Bson::String(left), Bson::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Bson::Boolean(left), Bson::Boolean(right)) => left.cmp(right),
        (Bson::ObjectId(left), Bson::ObjectId(right)) => left.bytes().cmp(&right.bytes()),
        (Bson::DateTime(left), Bson::DateTime(right)) => {
            left.timestamp_millis().cmp(&right.timestamp_millis())
        }
        (Bson::Timestamp(left), Bson::Timestamp(right)) => {
            (left.time, left.increment).cmp(&(right.time, right.increment))
        }
        (Bson::Binary(left), Bson::Binary(right)) => {
            let parts =
                |binary: &bson::Binary| (binary.bytes.len(), u8::from(binary.subtype), binary.bytes.clone());
            parts(left).cmp(&parts(right))
        }
        (Bson::Array(left), Bson::Array(right)) => {
            let pairs = left.iter().zip(right).map(|(left, right)| compare(left, right));
            pairs
                .fold(Ordering::Equal, Ordering::then)
                .then(left.len().cmp(&right.len()))
        }
        (Bson::Document(left), Bson::Document(right)) => {
            let pairs = left
                .iter()
                .zip(right)
                .map(|((left_name, left), (right_name, right))| {
                    class(left)
                        .cmp(&class(right))
                        .then(left_name.cmp(right_name))
                        .then(compare(left, right))
                });
            pairs
                .fold(Ordering::Equal, Ordering::then)
                .then(left.len().cmp(&right.len()))
        }
        _ => Number::of(left).compare(&Number::of(right)),
    })
}

fn class(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Null => 1,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 2,
        Bson::String(_) => 3,
        Bson::Document(_) => 4,
        Bson::Array(_) => 5,
        Bson::Binary(_) => 6,
        Bson::ObjectId(_) => 7,
        Bson::Boolean(_) => 8,
        Bson::DateTime(_) => 9,
        Bson::Timestamp(_) => 10,
        Bson::MaxKey => 11,
        other => panic!("{other:?} is never drawn"),
    }
}

/// A number as its decimal digits. Every double has finitely many.
#[derive(Debug)]
enum Number {
    NaN,
    Infinite(i8),
    /// Sign, digits without zeros at either end, and the power of ten of the first digit.
    Finite(i8, String, i32),
}

impl Number {
    fn of(value: &Bson) -> Self {
        match value {
            Bson::Int32(number) => Self::parse(&number.to_string()),
            Bson::Int64(number) => Self::parse(&number.to_string()),
            Bson::Double(number) if number.is_finite() => Self::parse(&format!("{number:.1100}")),
            Bson::Double(number) if number.is_nan() => Self::NaN,
            Bson::Double(number) => Self::Infinite(number.signum() as i8),
            Bson::Decimal128(number) => Self::parse(&number.to_string()),
            _ => Self::NaN,
        }
    }

    fn parse(text: &str) -> Self {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (mantissa, exponent) = text.split_once('E').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Self::Finite(0, String::new(), 0);
        }
        let leading_zeros = (digits.len() - significant.len()) as i32;
        let power = exponent.parse::<i32>().unwrap() + whole.len() as i32 - 1 - leading_zeros;
        Self::Finite(sign, significant.trim_end_matches('0').to_owned(), power)
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::NaN, Self::NaN) => Ordering::Equal,
            (Self::NaN, _) => Ordering::Less,
            (_, Self::NaN) => Ordering::Greater,
            (Self::Infinite(left), Self::Infinite(right)) => left.cmp(right),
            (Self::Infinite(left), _) => left.cmp(&0),
            (_, Self::Infinite(right)) => 0.cmp(right),
            (Self::Finite(left_sign, left, left_power), Self::Finite(right_sign, right, right_power)) => {
                let size = (left_power, left).cmp(&(right_power, right));
                let size = if *left_sign < 0 { size.reverse() } else { size };
                left_sign.cmp(right_sign).then(size)
            }
        }
    }
}

fn key(value: &Bson, direction: Direction) -> Vec<u8> {
    let document = RawDocumentBuf::try_from(&doc! { "value": value.clone() }).unwrap();
    let mut key = Vec::new();
    encode(document.get("value").unwrap().unwrap(), direction, &mut key).unwrap();
    key
}

fn decimal(text: &str) -> Bson {
    text.parse().map_or(Bson::Null, Bson::Decimal128)
}
