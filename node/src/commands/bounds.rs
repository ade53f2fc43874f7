//! Which values of an indexed field a filter allows: as ranges of keys, and as `explain` shows them.

use std::cmp::Ordering;
use std::ops::Bound;

use bson::{Bson, RawBson};

use crate::query::compare::{compare, type_class};
use crate::query::matcher::Comparison;
use crate::storage::key::{Direction, encode, encode_type};
use crate::storage::store::KeyRange;

/// An end of an interval, in the order of values.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The least or greatest value of all.
    Open,
    /// The least or greatest value of this value's type: comparisons stay within one type.
    Type(Bson),
    /// This value, which belongs to the interval.
    At(Bson),
    /// This value, which does not belong to it.
    Beside(Bson),
}

/// Neighbouring values.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    lower: End,
    upper: End,
}

/// What is allowed for one field of an index.
#[derive(Clone, Debug)]
pub struct FieldBounds {
    /// The field's path.
    pub path: String,
    /// Its order in the index.
    pub direction: Direction,
    /// In the order of values, none overlapping another.
    pub intervals: Vec<Interval>,
}

impl FieldBounds {
    /// Everything.
    #[must_use]
    pub fn all(path: &str, direction: Direction) -> Self {
        Self {
            path: path.to_owned(),
            direction,
            intervals: vec![Interval::all()],
        }
    }

    /// Are all of them single values?
    #[must_use]
    pub fn are_points(&self) -> bool {
        self.intervals.iter().all(Interval::is_point)
    }

    /// Is it one single value?
    #[must_use]
    pub fn is_point(&self) -> bool {
        matches!(self.intervals.as_slice(), [only] if only.is_point())
    }

    /// Is nothing excluded?
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self.intervals.as_slice(), [only] if *only == Interval::all())
    }

    /// The intervals in words, in the order in which they are read.
    #[must_use]
    pub fn texts(&self, is_backward: bool) -> Vec<String> {
        let is_reversed = (self.direction == Direction::Descending) != is_backward;
        let mut texts: Vec<String> = self
            .intervals
            .iter()
            .map(|interval| interval.text(is_reversed))
            .collect();
        if is_reversed {
            texts.reverse();
        }
        texts
    }
}

impl Interval {
    /// All values.
    #[must_use]
    pub fn all() -> Self {
        Self {
            lower: End::Open,
            upper: End::Open,
        }
    }

    /// Just this value.
    #[must_use]
    pub fn point(value: &Bson) -> Self {
        Self {
            lower: End::At(value.clone()),
            upper: End::At(value.clone()),
        }
    }

    /// What one comparison allows.
    #[must_use]
    pub fn of(comparison: Comparison, value: &Bson) -> Self {
        let edge = || End::Type(value.clone());
        let (at, beside) = (|| End::At(value.clone()), || End::Beside(value.clone()));
        let (lower, upper) = match comparison {
            Comparison::Equal => (at(), at()),
            Comparison::Less => (edge(), beside()),
            Comparison::LessOrEqual => (edge(), at()),
            Comparison::Greater => (beside(), edge()),
            Comparison::GreaterOrEqual => (at(), edge()),
        };
        Self { lower, upper }
    }

    /// One value only?
    #[must_use]
    pub fn is_point(&self) -> bool {
        matches!((&self.lower, &self.upper), (End::At(lower), End::At(upper)) if compare(lower, upper).is_eq())
    }

    /// Ends that leave something out.
    #[must_use]
    pub fn sides(&self) -> usize {
        let bounds = |end: &End| usize::from(matches!(end, End::At(_) | End::Beside(_)));
        bounds(&self.lower) + bounds(&self.upper)
    }

    /// Bytes of the longer end's key.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        let bytes = |end: &End| match end {
            End::At(value) | End::Beside(value) => {
                value_key(&[], value, Direction::Ascending).map_or(0, |key| key.len())
            }
            End::Open | End::Type(_) => 1,
        };
        bytes(&self.lower).max(bytes(&self.upper))
    }

    /// `prefix`, then the key of a single value.
    #[must_use]
    pub fn key(&self, prefix: &[u8], direction: Direction) -> Option<Vec<u8>> {
        match &self.lower {
            End::At(value) => value_key(prefix, value, direction),
            _ => None,
        }
    }

    /// What both allow; `None` when they share no value.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let lower = inner(self.lower, other.lower, Ordering::Greater)?;
        let upper = inner(self.upper, other.upper, Ordering::Less)?;
        let is_empty = match (&lower, &upper) {
            (End::At(low), End::At(high)) => compare(low, high).is_gt(),
            (End::At(low) | End::Beside(low), End::At(high) | End::Beside(high)) => {
                compare(low, high).is_ge()
            }
            _ => false,
        };
        (!is_empty).then_some(Self { lower, upper })
    }

    /// The keys that begin with `prefix` and go on with a value of this interval. `None` if there can be none.
    #[must_use]
    pub fn range(&self, prefix: &[u8], direction: Direction) -> Option<KeyRange> {
        let (first, last) = match direction {
            Direction::Ascending => (&self.lower, &self.upper),
            Direction::Descending => (&self.upper, &self.lower),
        };
        let first = match first {
            End::Open => Bound::Included(prefix.to_vec()),
            End::Type(value) => Bound::Included(type_key(prefix, value, direction)?),
            End::At(value) => Bound::Included(value_key(prefix, value, direction)?),
            // Every key that begins with the value is left out: entries go on after it.
            End::Beside(value) => match KeyRange::prefix(&value_key(prefix, value, direction)?).upper {
                Bound::Excluded(next) => Bound::Included(next),
                _ => return None,
            },
        };
        let last = match last {
            End::Open => KeyRange::prefix(prefix).upper,
            End::Type(value) => KeyRange::prefix(&type_key(prefix, value, direction)?).upper,
            End::At(value) => KeyRange::prefix(&value_key(prefix, value, direction)?).upper,
            End::Beside(value) => Bound::Excluded(value_key(prefix, value, direction)?),
        };
        Some(KeyRange {
            lower: first,
            upper: last,
            ..KeyRange::all()
        })
    }

    fn text(&self, is_reversed: bool) -> String {
        let (lower, upper) = (end_text(&self.lower, true), end_text(&self.upper, false));
        let left = matches!(self.lower, End::Beside(_));
        let right = matches!(self.upper, End::Beside(_)) || is_exclusive_edge(&self.upper);
        let ((first, open), (last, close)) = if is_reversed {
            ((upper, right), (lower, left))
        } else {
            ((lower, left), (upper, right))
        };
        let (open, close) = (if open { '(' } else { '[' }, if close { ')' } else { ']' });
        format!("{open}{first}, {last}{close}")
    }
}

/// The narrower of two ends of the same side; `None` when they are of different types.
fn inner(left: End, right: End, narrower: Ordering) -> Option<End> {
    let order = match (value_of(&left), value_of(&right)) {
        (None, _) => return Some(right),
        (_, None) => return Some(left),
        (Some(a), Some(b)) if type_class(a) != type_class(b) => return None,
        (Some(a), Some(b)) => compare(a, b),
    };
    Some(match (&left, &right) {
        (End::Type(_), _) => right,
        (_, End::Type(_)) => left,
        (End::Beside(_), _) if order.is_eq() => left,
        _ if order == narrower => left,
        _ => right,
    })
}

fn value_of(end: &End) -> Option<&Bson> {
    match end {
        End::Open => None,
        End::Type(value) | End::At(value) | End::Beside(value) => Some(value),
    }
}

/// `prefix`, then the key of a value.
pub fn value_key(prefix: &[u8], value: &Bson, direction: Direction) -> Option<Vec<u8>> {
    let raw = RawBson::try_from(value.clone()).ok()?;
    let mut key = prefix.to_vec();
    encode(raw.as_raw_bson_ref(), direction, &mut key).ok()?;
    Some(key)
}

fn type_key(prefix: &[u8], value: &Bson, direction: Direction) -> Option<Vec<u8>> {
    let raw = RawBson::try_from(value.clone()).ok()?;
    let mut key = prefix.to_vec();
    encode_type(raw.as_raw_bson_ref(), direction, &mut key).ok()?;
    Some(key)
}

fn end_text(end: &End, is_lower: bool) -> String {
    match (end, is_lower) {
        (End::Open, true) => "MinKey".to_owned(),
        (End::Open, false) => "MaxKey".to_owned(),
        (End::At(value) | End::Beside(value), _) => value_text(value),
        (End::Type(value), _) => edge_text(value, is_lower).to_owned(),
    }
}

/// The greatest string is no string: the interval ends before the least object.
fn is_exclusive_edge(end: &End) -> bool {
    matches!(
        end,
        End::Type(Bson::String(_) | Bson::Symbol(_) | Bson::Document(_) | Bson::Binary(_))
    )
}

fn edge_text(value: &Bson, is_lower: bool) -> &'static str {
    match (value, is_lower) {
        (Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_), true) => "-inf.0",
        (Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_), false) => "inf.0",
        (Bson::String(_) | Bson::Symbol(_), true) => "\"\"",
        (Bson::String(_) | Bson::Symbol(_), false) => "{}",
        (Bson::Document(_), true) => "{}",
        (Bson::Document(_), false) => "[]",
        (Bson::Binary(_), true) => "BinData(0, )",
        (Bson::Binary(_), false) => "ObjectId('000000000000000000000000')",
        (Bson::ObjectId(_), true) => "ObjectId('000000000000000000000000')",
        (Bson::ObjectId(_), false) => "ObjectId('ffffffffffffffffffffffff')",
        (Bson::Boolean(_), true) => "false",
        (Bson::Boolean(_), false) => "true",
        (Bson::DateTime(_), true) => "new Date(-9223372036854775808)",
        (Bson::DateTime(_), false) => "new Date(9223372036854775807)",
        (Bson::Timestamp(_), true) => "Timestamp(0, 0)",
        (Bson::Timestamp(_), false) => "Timestamp(4294967295, 4294967295)",
        (_, true) => "the type's least",
        (_, false) => "the type's greatest",
    }
}

fn value_text(value: &Bson) -> String {
    match value {
        Bson::Double(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.1}"),
        Bson::DateTime(date) => format!("new Date({})", date.timestamp_millis()),
        Bson::ObjectId(id) => format!("ObjectId('{id}')"),
        Bson::Timestamp(at) => format!("Timestamp({}, {})", at.time, at.increment),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_meet_and_are_told_as_in_explain() {
        let of = Interval::of;
        let more = || of(Comparison::Greater, &Bson::Int32(3));
        let less = of(Comparison::LessOrEqual, &Bson::Double(7.5));
        assert_eq!(more().text(false), "(3, inf.0]");
        assert_eq!(
            more().and(less.clone()).map(|both| both.text(false)),
            Some("(3, 7.5]".into())
        );
        assert_eq!(
            more().and(less).map(|both| both.text(true)),
            Some("[7.5, 3)".into())
        );
        assert_eq!(more().and(of(Comparison::Less, &Bson::Int32(3))), None);
        assert_eq!(more().and(of(Comparison::Greater, &"a".into())), None);
        let text = of(Comparison::GreaterOrEqual, &"a".into()).text(false);
        assert_eq!(text, "[\"a\", {})");
        assert_eq!(Interval::all().text(true), "[MaxKey, MinKey]");
    }
}
