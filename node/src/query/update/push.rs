//! `$push` with its modifiers.

use bson::{Bson, Document};

use crate::query::compare::compare;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::sort::SortPattern;
use crate::query::types::type_name;

/// A compiled `$push`.
#[derive(Clone, Debug)]
pub struct Push {
    values: Vec<Bson>,
    position: Option<i64>,
    slice: Option<i64>,
    sort: Option<PushSort>,
}

#[derive(Clone, Debug)]
enum PushSort {
    /// By fields of the elements.
    Fields(SortPattern),
    /// By whole elements.
    Ascending,
    Descending,
}

impl Push {
    /// Reads a value to append, or `{ $each, $position, $slice, $sort }`.
    pub(super) fn compile(argument: &Bson) -> QueryResult<Self> {
        let Some(options) = argument
            .as_document()
            .filter(|options| options.contains_key("$each"))
        else {
            return Ok(Self {
                values: vec![argument.clone()],
                position: None,
                slice: None,
                sort: None,
            });
        };
        let mut push = Self {
            values: Vec::new(),
            position: None,
            slice: None,
            sort: None,
        };
        for (name, value) in options {
            match name.as_str() {
                "$each" => match value {
                    Bson::Array(values) => push.values = values.clone(),
                    other => {
                        return Err(QueryError::bad_value(format!(
                            "The argument to $each in $push must be an array but it was of type: {}",
                            type_name(other)
                        )));
                    }
                },
                "$position" => push.position = Some(integer("$position", value)?),
                "$slice" => push.slice = Some(integer("$slice", value)?),
                "$sort" => push.sort = Some(compile_sort(value)?),
                unknown => {
                    return Err(QueryError::bad_value(format!(
                        "Unrecognized clause in $push: {unknown}"
                    )));
                }
            }
        }
        Ok(push)
    }

    /// The array after the push: put in, then sorted, then cut.
    pub(super) fn apply(&self, elements: &[Bson]) -> QueryResult<Vec<Bson>> {
        let mut result = elements.to_vec();
        let length = result.len() as i64;
        let at = match self.position {
            None => length,
            Some(position) if position < 0 => length.saturating_add(position).max(0),
            Some(position) => position.min(length),
        } as usize;
        result.splice(at..at, self.values.iter().cloned());
        match &self.sort {
            None => {}
            Some(PushSort::Ascending) => result.sort_by(compare),
            Some(PushSort::Descending) => result.sort_by(|left, right| compare(right, left)),
            Some(PushSort::Fields(pattern)) => {
                let empty = Document::new();
                let fields = |value: &Bson| pattern.key_of(value.as_document().unwrap_or(&empty));
                result.sort_by(|left, right| pattern.compare_keys(&fields(left), &fields(right)));
            }
        }
        match self.slice {
            None => {}
            Some(count) if count >= 0 => result.truncate(usize::try_from(count).unwrap_or(usize::MAX)),
            Some(count) => {
                let cut = (result.len() as i64).saturating_add(count).max(0) as usize;
                result.drain(..cut);
            }
        }
        Ok(result)
    }
}

fn integer(name: &str, value: &Bson) -> QueryResult<i64> {
    Number::from_bson(value)
        .and_then(Number::to_exact_integer)
        .ok_or_else(|| {
            QueryError::bad_value(format!(
                "The value for {name} must be an integer value but was given type: {}",
                type_name(value)
            ))
        })
}

fn compile_sort(value: &Bson) -> QueryResult<PushSort> {
    match value {
        Bson::Document(pattern) if pattern.is_empty() => Err(QueryError::bad_value(
            "The $sort pattern is empty when it should be a set of fields.",
        )),
        Bson::Document(pattern) => SortPattern::parse(pattern)
            .map(PushSort::Fields)
            .map_err(|error| QueryError::bad_value(error.message)),
        direction => match Number::from_bson(direction).and_then(Number::to_exact_integer) {
            Some(1) => Ok(PushSort::Ascending),
            Some(-1) => Ok(PushSort::Descending),
            _ => Err(QueryError::bad_value(
                "The $sort element value must be either 1 or -1",
            )),
        },
    }
}
