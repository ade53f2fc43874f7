//! Which keys a filter can be answered from.

use std::ops::Bound;

use bson::{Bson, RawBson};

use crate::query::matcher::{Comparison, Node, Predicate};
use crate::storage::key::{self, value_key};
use crate::storage::store::KeyRange;

use crate::storage::store::Collection;

/// How documents are found. Whatever comes this way is still asked of the filter.
#[derive(Clone, Debug)]
pub enum Path {
    /// By their own keys, in order.
    Ids(Vec<Vec<u8>>),
    /// By ranges of their own keys, in order.
    Keys(Vec<KeyRange>),
    /// By one secondary index: ranges of its entries, in order.
    Index(String, Vec<KeyRange>),
}

/// Chooses the way for a filter; `collection` offers its indexes.
pub fn choose(filter: &Node, collection: Option<&Collection>) -> Path {
    const KEY_FIELD: &str = "_id";
    if let Some(keys) = equality_keys(filter, KEY_FIELD, key::Direction::Ascending) {
        return Path::Ids(keys);
    }
    if let Some(ranges) = ranges_of(filter, KEY_FIELD, key::Direction::Ascending) {
        return Path::Keys(ranges);
    }
    for index in collection.map_or(&[][..], |collection| collection.indexes.as_slice()) {
        let Some((path, direction)) = index.spec.fields.first() else {
            continue;
        };
        // A sparse index lacks documents that have none of its fields; equality with a value never needs them,
        // but a compound one is left out of the reasoning.
        if index.spec.is_sparse && index.spec.fields.len() > 1 {
            continue;
        }
        if let Some(keys) = equality_keys(filter, path, *direction) {
            return Path::Index(
                index.spec.name.clone(),
                keys.iter().map(|key| KeyRange::prefix(key)).collect(),
            );
        }
    }
    for index in collection.map_or(&[][..], |collection| collection.indexes.as_slice()) {
        let Some((path, direction)) = index.spec.fields.first() else {
            continue;
        };
        if index.spec.is_sparse && index.spec.fields.len() > 1 {
            continue;
        }
        if let Some(range) = one_bound(filter, path, *direction) {
            return Path::Index(index.spec.name.clone(), vec![range]);
        }
    }
    Path::Keys(vec![KeyRange::all()])
}

/// Ranges of keys that a filter's conditions on the key field allow; `None` when it has none.
fn ranges_of(filter: &Node, field: &str, direction: key::Direction) -> Option<Vec<KeyRange>> {
    let mut range = KeyRange::all();
    let mut found = false;
    for predicate in conditions(filter, field) {
        let Predicate::Compare(comparison, operand) = predicate else {
            continue;
        };
        let Some(key) = key_of(operand, direction) else {
            continue;
        };
        found = true;
        match comparison {
            Comparison::Greater => range.lower = Bound::Excluded(key),
            Comparison::GreaterOrEqual => range.lower = Bound::Included(key),
            Comparison::Less => range.upper = Bound::Excluded(key),
            Comparison::LessOrEqual => range.upper = Bound::Included(key),
            Comparison::Equal => {}
        }
    }
    let starts_after_end = match (&range.lower, &range.upper) {
        (
            Bound::Included(lower) | Bound::Excluded(lower),
            Bound::Included(upper) | Bound::Excluded(upper),
        ) => lower > upper,
        _ => false,
    };
    found.then(|| if starts_after_end { Vec::new() } else { vec![range] })
}

/// The entries of an index that one comparison of its first field allows; all other conditions are asked of the
/// documents.
///
/// Just one bound: an array has an entry for each of its values, and `{a: {$gt: 5, $lt: 3}}` finds `[1, 10]`, which has
/// none between the two.
fn one_bound(filter: &Node, field: &str, direction: key::Direction) -> Option<KeyRange> {
    conditions(filter, field).into_iter().find_map(|predicate| {
        let Predicate::Compare(comparison, operand) = predicate else {
            return None;
        };
        let key = key_of(operand, direction)?;
        let is_lower = match comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => direction == key::Direction::Ascending,
            Comparison::Less | Comparison::LessOrEqual => direction == key::Direction::Descending,
            Comparison::Equal => return None,
        };
        // Entries go on after the value (further fields, the document's key), so that the value's own entries are a
        // prefix range; those that are only equal are left to the filter.
        let mut range = KeyRange::all();
        if is_lower {
            range.lower = Bound::Included(key);
        } else {
            range.upper = KeyRange::prefix(&key).upper;
        }
        Some(range)
    })
}

/// Keys for `field: value` and `field: {$in: values}`.
fn equality_keys(filter: &Node, field: &str, direction: key::Direction) -> Option<Vec<Vec<u8>>> {
    let all = conditions(filter, field);
    let mut keys: Vec<Vec<u8>> = all.iter().find_map(|predicate| match predicate {
        Predicate::Compare(Comparison::Equal, value) => Some(vec![key_of(value, direction)?]),
        Predicate::In(values, patterns) if patterns.is_empty() => {
            values.iter().map(|value| key_of(value, direction)).collect()
        }
        _ => None,
    })?;
    keys.sort();
    keys.dedup();
    Some(keys)
}

/// The conditions on a field that must all hold.
fn conditions<'a>(filter: &'a Node, field: &str) -> Vec<&'a Predicate> {
    fn flatten<'a>(predicate: &'a Predicate, into: &mut Vec<&'a Predicate>) {
        match predicate {
            Predicate::All(predicates) => predicates.iter().for_each(|inner| flatten(inner, into)),
            other => into.push(other),
        }
    }
    let mut found = Vec::new();
    match filter {
        Node::And(nodes) => nodes
            .iter()
            .for_each(|node| found.extend(conditions(node, field))),
        Node::Path(path, predicate) if path.text() == field => flatten(predicate, &mut found),
        _ => {}
    }
    found
}

/// The key of a value that only finds what is equal to it. Arrays are left out: they also match as elements.
/// So are null, which also finds what is missing or undefined, and not-a-number, which is in no order.
fn key_of(value: &Bson, direction: key::Direction) -> Option<Vec<u8>> {
    match value {
        Bson::Array(_) | Bson::Null | Bson::Undefined | Bson::RegularExpression(_) => return None,
        Bson::MinKey | Bson::MaxKey => return None,
        Bson::Double(number) if number.is_nan() => return None,
        _ => {}
    }
    let raw = RawBson::try_from(value.clone()).ok()?;
    if direction == key::Direction::Ascending {
        return value_key(raw.as_raw_bson_ref()).ok();
    }
    let mut key = Vec::new();
    key::encode(raw.as_raw_bson_ref(), direction, &mut key).ok()?;
    Some(key)
}
