//! Sort patterns: stable, with MongoDB's rule for arrays.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use bson::{Bson, Document};

use super::compare::compare;
use super::error::{QueryError, QueryResult};
use super::number::Number;
use super::path::{FieldPath, LeafArray, visit};

/// A compiled sort pattern.
#[derive(Clone, Debug)]
pub struct SortPattern {
    keys: Vec<(FieldPath, Direction)>,
}

/// Which way a key is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// `1`
    Ascending,
    /// `-1`
    Descending,
}

/// Most keys of a pattern.
const SORT_KEYS_MAX: usize = 32;

impl SortPattern {
    /// Compiles `{ path: 1 | -1 }`.
    pub fn parse(pattern: &Document) -> QueryResult<Self> {
        if pattern.len() > SORT_KEYS_MAX {
            return Err(QueryError::bad_value(format!(
                "too many sort keys: {}",
                pattern.len()
            )));
        }
        let mut keys = Vec::new();
        for (path, direction) in pattern {
            if path.is_empty() || path.split('.').any(str::is_empty) {
                return Err(QueryError::location(
                    15998,
                    "FieldPath field names may not be empty strings.",
                ));
            }
            if path.starts_with('$') {
                let text =
                    format!("FieldPath field names may not start with '$'. Consider using $getField: {path}");
                return Err(QueryError::location(16410, text));
            }
            if direction.as_document().is_some() {
                return Err(QueryError::bad_value("$meta sort keys are not supported"));
            }
            let number = Number::from_bson(direction).ok_or_else(|| {
                QueryError::location(
                    15974,
                    format!("Illegal key in $sort specification: {path}: {direction}"),
                )
            })?;
            let direction = match number.to_truncated_integer() {
                Some(1) => Direction::Ascending,
                Some(-1) => Direction::Descending,
                _ => {
                    let text = "$sort key ordering must be 1 (for ascending) or -1 (for descending)";
                    return Err(QueryError::location(15975, text));
                }
            };
            keys.push((FieldPath::new(path)?, direction));
        }
        Ok(Self { keys })
    }

    /// Whether the pattern has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The paths and directions.
    pub fn keys(&self) -> &[(FieldPath, Direction)] {
        &self.keys
    }

    /// The values that a document is sorted by, one for each key: of an array its least element when ascending
    /// and its greatest when descending; an empty array sorts below null; what is missing is null.
    pub fn key_of(&self, document: &Document) -> Vec<Bson> {
        self.keys
            .iter()
            .map(|(path, direction)| sort_value(document, path, *direction))
            .collect()
    }

    /// Compares two keys made by [`SortPattern::key_of`].
    pub fn compare_keys(&self, left: &[Bson], right: &[Bson]) -> Ordering {
        for ((_, direction), (left, right)) in self.keys.iter().zip(left.iter().zip(right)) {
            let order = compare(left, right);
            if order != Ordering::Equal {
                return if *direction == Direction::Ascending {
                    order
                } else {
                    order.reverse()
                };
            }
        }
        Ordering::Equal
    }

    /// Compares two documents.
    pub fn compare(&self, left: &Document, right: &Document) -> Ordering {
        self.compare_keys(&self.key_of(left), &self.key_of(right))
    }

    /// Sorts documents, keeping the order of equals.
    pub fn sort(&self, documents: Vec<Document>) -> Vec<Document> {
        let mut keyed: Vec<(Vec<Bson>, Document)> = documents
            .into_iter()
            .map(|document| (self.key_of(&document), document))
            .collect();
        keyed.sort_by(|(left, _), (right, _)| self.compare_keys(left, right));
        keyed.into_iter().map(|(_, document)| document).collect()
    }
}

fn sort_value(document: &Document, path: &FieldPath, direction: Direction) -> Bson {
    const EMPTY: Bson = Bson::Undefined;
    let mut best: Option<&Bson> = None;
    let mut consider = |value| {
        let better = best.is_none_or(|best| match direction {
            Direction::Ascending => compare(value, best).is_lt(),
            Direction::Descending => compare(value, best).is_gt(),
        });
        if better {
            best = Some(value);
        }
    };
    // The same values as an index on this path has: an index may serve the sort.
    visit(document, path, LeafArray::Whole, &mut |place| {
        match place.value {
            Some(Bson::Array(elements)) if elements.is_empty() => consider(&EMPTY),
            Some(Bson::Array(elements)) => elements.iter().for_each(&mut consider),
            Some(value) => consider(value),
            None => consider(&Bson::Null),
        }
        ControlFlow::Continue(())
    });
    best.cloned().unwrap_or(Bson::Null)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn arrays_sort_by_their_extremes() {
        let documents = vec![
            doc! { "_id": 1, "a": [5, 1] },
            doc! { "_id": 2, "a": 3 },
            doc! { "_id": 3, "a": [] },
            doc! { "_id": 4 },
            doc! { "_id": 5, "a": "x" },
            doc! { "_id": 6, "a": Bson::Null },
        ];
        assert_eq!(ids(&doc! { "a": 1 }, &documents), [3, 4, 6, 1, 2, 5]);
        assert_eq!(ids(&doc! { "a": -1 }, &documents), [5, 1, 2, 4, 6, 3]);
        assert_eq!(ids(&doc! { "x": 1, "_id": -1 }, &documents), [6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in [
            doc! { "a": 2 },
            doc! { "a": "x" },
            doc! { "a.": 1 },
            doc! { "$a": 1 },
            doc! { "": 1 },
        ] {
            assert!(SortPattern::parse(&pattern).is_err(), "{pattern}");
        }
    }

    fn ids(pattern: &Document, documents: &[Document]) -> Vec<i32> {
        let sorted = SortPattern::parse(pattern)
            .expect("a pattern")
            .sort(documents.to_vec());
        sorted
            .iter()
            .map(|document| document.get_i32("_id").expect("has one"))
            .collect()
    }
}
