//! The total order over all BSON values, in which MongoDB sorts, compares and finds equal.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::number::Number;

/// Compares any two values: first by type class, then within the class. `Bson::Undefined` stands for a missing
/// field as well: both come before null.
pub fn compare(left: &Bson, right: &Bson) -> Ordering {
    type_class(left)
        .cmp(&type_class(right))
        .then_with(|| compare_in_class(left, right))
}

/// Whether two values are equal in this order: `1` equals `1.0`, field order in documents counts.
pub fn equal(left: &Bson, right: &Bson) -> bool {
    compare(left, right) == Ordering::Equal
}

/// Compares documents field by field: type class, then name, then value; the shorter prefix comes first.
pub fn compare_documents(left: &Document, right: &Document) -> Ordering {
    let mut right_fields = right.iter();
    for (left_name, left_value) in left {
        let Some((right_name, right_value)) = right_fields.next() else {
            return Ordering::Greater;
        };
        let order = type_class(left_value)
            .cmp(&type_class(right_value))
            .then_with(|| left_name.as_bytes().cmp(right_name.as_bytes()))
            .then_with(|| compare_in_class(left_value, right_value));
        if order != Ordering::Equal {
            return order;
        }
    }
    if right_fields.next().is_some() {
        Ordering::Less
    } else {
        Ordering::Equal
    }
}

/// The place of a value's type in the order; numbers share one, strings and symbols share one.
pub fn type_class(value: &Bson) -> i8 {
    match value {
        Bson::MinKey => -1,
        Bson::Undefined => 0,
        Bson::Null => 5,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 10,
        Bson::String(_) | Bson::Symbol(_) => 15,
        Bson::Document(_) => 20,
        Bson::Array(_) => 25,
        Bson::Binary(_) => 30,
        Bson::ObjectId(_) => 35,
        Bson::Boolean(_) => 40,
        Bson::DateTime(_) => 45,
        Bson::Timestamp(_) => 47,
        Bson::RegularExpression(_) => 50,
        Bson::DbPointer(_) => 55,
        Bson::JavaScriptCode(_) => 60,
        Bson::JavaScriptCodeWithScope(_) => 65,
        Bson::MaxKey => 127,
    }
}

/// A value as a key of an ordered map, in MongoDB's order.
#[derive(Clone, Debug)]
pub struct OrderedBson(pub Bson);

impl Ord for OrderedBson {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for OrderedBson {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OrderedBson {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for OrderedBson {}

/// Compares two values of one class; other pairs are equal.
fn compare_in_class(left: &Bson, right: &Bson) -> Ordering {
    if let (Some(left), Some(right)) = (Number::from_bson(left), Number::from_bson(right)) {
        return left.compare(right);
    }
    match (left, right) {
        (Bson::String(left) | Bson::Symbol(left), Bson::String(right) | Bson::Symbol(right)) => {
            left.as_bytes().cmp(right.as_bytes())
        }
        (Bson::Document(left), Bson::Document(right)) => compare_documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => {
            for (left, right) in left.iter().zip(right) {
                let order = compare(left, right);
                if order != Ordering::Equal {
                    return order;
                }
            }
            left.len().cmp(&right.len())
        }
        (Bson::Binary(left), Bson::Binary(right)) => (left.bytes.len().cmp(&right.bytes.len()))
            .then_with(|| u8::from(left.subtype).cmp(&u8::from(right.subtype)))
            .then_with(|| left.bytes.cmp(&right.bytes)),
        (Bson::ObjectId(left), Bson::ObjectId(right)) => left.cmp(right),
        (Bson::Boolean(left), Bson::Boolean(right)) => left.cmp(right),
        (Bson::DateTime(left), Bson::DateTime(right)) => left.cmp(right),
        (Bson::Timestamp(left), Bson::Timestamp(right)) => {
            (left.time, left.increment).cmp(&(right.time, right.increment))
        }
        (Bson::RegularExpression(left), Bson::RegularExpression(right)) => {
            let key = |regex: &bson::Regex| (regex.pattern.to_string(), regex.options.to_string());
            key(left).cmp(&key(right))
        }
        (Bson::JavaScriptCode(left), Bson::JavaScriptCode(right)) => left.cmp(right),
        (Bson::JavaScriptCodeWithScope(left), Bson::JavaScriptCodeWithScope(right)) => left
            .code
            .cmp(&right.code)
            .then_with(|| compare_documents(&left.scope, &right.scope)),
        // The parts of a DBPointer are private to `bson`; its text shows them in order.
        (Bson::DbPointer(left), Bson::DbPointer(right)) => format!("{left:?}").cmp(&format!("{right:?}")),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use bson::{DateTime, Timestamp, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn types_come_in_the_documented_order() {
        let rising = [
            Bson::MinKey,
            Bson::Undefined,
            Bson::Null,
            Bson::Double(f64::NAN),
            Bson::Int32(-1),
            Bson::Double(0.5),
            Bson::Int64(3),
            Bson::String(String::new()),
            Bson::String("a".to_owned()),
            Bson::Document(doc! {}),
            Bson::Document(doc! { "a": 1 }),
            Bson::Document(doc! { "a": 1, "b": 1 }),
            Bson::Document(doc! { "b": 0 }),
            Bson::Document(doc! { "a": "x" }),
            Bson::Array(vec![]),
            Bson::Array(vec![Bson::Int32(1)]),
            Bson::Array(vec![Bson::Int32(1), Bson::Int32(2)]),
            Bson::ObjectId(ObjectId::from_bytes([0; 12])),
            Bson::Boolean(false),
            Bson::Boolean(true),
            Bson::DateTime(DateTime::from_millis(0)),
            Bson::Timestamp(Timestamp {
                time: 0,
                increment: 9,
            }),
            Bson::Timestamp(Timestamp {
                time: 1,
                increment: 0,
            }),
            Bson::MaxKey,
        ];
        for (i, left) in rising.iter().enumerate() {
            for (j, right) in rising.iter().enumerate() {
                assert_eq!(compare(left, right), i.cmp(&j), "{left} {right}");
            }
        }
    }

    #[test]
    fn numbers_are_equal_across_types_also_inside() {
        assert!(equal(&Bson::Int32(1), &Bson::Double(1.0)));
        assert!(equal(&doc! { "a": [1_i64] }.into(), &doc! { "a": [1.0] }.into()));
        assert!(!equal(
            &doc! { "a": 1, "b": 2 }.into(),
            &doc! { "b": 2, "a": 1 }.into()
        ));
    }
}
