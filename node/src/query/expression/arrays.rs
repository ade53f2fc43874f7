//! Operators on arrays.

use bson::{Bson, Document};

use super::evaluate::{is_nullish, is_truthy};
use crate::query::compare::{compare, equal};
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::sort::SortPattern;
use crate::query::types::type_name;

/// Most elements that `$range` makes.
const RANGE_ELEMENTS_MAX: usize = 1_000_000;

pub(super) fn element_at(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if is_nullish(&values[0]) || is_nullish(&values[1]) {
        return Ok(Bson::Null);
    }
    let elements = expect_array(name, 28689, &values[0])?;
    let index = Number::from_bson(&values[1]).ok_or_else(|| {
        let found = type_name(&values[1]);
        QueryError::location(
            28690,
            format!("{name}'s second argument must be a numeric value, but is {found}"),
        )
    })?;
    let index = index
        .to_exact_integer()
        .filter(|index| i32::try_from(*index).is_ok())
        .ok_or_else(|| {
            QueryError::location(
                28691,
                format!("{name}'s second argument must be representable as a 32-bit integer"),
            )
        })?;
    let position = if index < 0 {
        elements.len() as i64 + index
    } else {
        index
    };
    Ok(usize::try_from(position)
        .ok()
        .and_then(|at| elements.get(at))
        .cloned()
        .unwrap_or(Bson::Undefined))
}

pub(super) fn first(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    element_at(name, &[values[0].clone(), Bson::Int32(0)])
}

pub(super) fn last(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    element_at(name, &[values[0].clone(), Bson::Int32(-1)])
}

pub(super) fn concatenate(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let mut result = Vec::new();
    for value in values {
        if is_nullish(value) {
            return Ok(Bson::Null);
        }
        result.extend_from_slice(expect_array(name, 28664, value)?);
    }
    Ok(result.into())
}

pub(super) fn contains(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let elements = values[1].as_array().ok_or_else(|| {
        let found = type_name(&values[1]);
        QueryError::location(
            40081,
            format!("$in requires an array as a second argument, found: {found}"),
        )
    })?;
    Ok(elements.iter().any(|element| equal(element, &values[0])).into())
}

pub(super) fn index_of(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let elements = expect_array(name, 40090, &values[0])?;
    let bound = |at: usize, default: usize| match values.get(at) {
        None => Ok(default),
        Some(value) => Number::from_bson(value)
            .and_then(Number::to_exact_integer)
            .and_then(|value| usize::try_from(value).ok())
            .ok_or_else(|| {
                QueryError::location(40096, format!("{name} requires a nonnegative integral bound"))
            }),
    };
    let (start, end) = (bound(2, 0)?, bound(3, elements.len())?.min(elements.len()));
    let found = (start..end).find(|at| equal(&elements[*at], &values[1]));
    Ok(Bson::Int32(found.map_or(-1, |at| at as i32)))
}

pub(super) fn is_array(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(matches!(values[0], Bson::Array(_)).into())
}

pub(super) fn size(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    match &values[0] {
        Bson::Array(elements) => Ok(Bson::Int32(elements.len() as i32)),
        other => Err(QueryError::location(
            17124,
            format!(
                "The argument to $size must be an array, but was of type: {}",
                missing_or_type(other)
            ),
        )),
    }
}

pub(super) fn reverse(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    Ok(expect_array(name, 34435, &values[0])?
        .iter()
        .rev()
        .cloned()
        .collect::<Vec<_>>()
        .into())
}

pub(super) fn slice(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let elements = expect_array(name, 28724, &values[0])?;
    let number = |value: &Bson| {
        Number::from_bson(value)
            .and_then(Number::to_exact_integer)
            .filter(|value| i32::try_from(*value).is_ok())
            .ok_or_else(|| QueryError::location(28725, format!("{name} takes 32-bit integers")))
    };
    let length = elements.len() as i64;
    let (start, count) = match values.get(2) {
        None => {
            let count = number(&values[1])?;
            if count >= 0 {
                (0, count)
            } else {
                ((length + count).max(0), -count)
            }
        }
        Some(count) => {
            let start = number(&values[1])?;
            let count = number(count)?;
            if count <= 0 {
                return Err(QueryError::location(
                    28729,
                    format!("Third argument to {name} must be positive"),
                ));
            }
            (
                if start < 0 {
                    (length + start).max(0)
                } else {
                    start.min(length)
                },
                count,
            )
        }
    };
    let result: Vec<Bson> = elements
        .iter()
        .skip(start as usize)
        .take(count as usize)
        .cloned()
        .collect();
    Ok(result.into())
}

pub(super) fn range(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let number = |value: &Bson| {
        Number::from_bson(value)
            .and_then(Number::to_exact_integer)
            .filter(|value| i32::try_from(*value).is_ok())
            .ok_or_else(|| QueryError::location(34443, format!("{name} requires 32-bit integers")))
    };
    let (start, end) = (number(&values[0])?, number(&values[1])?);
    let step = values.get(2).map_or(Ok(1), number)?;
    if step == 0 {
        return Err(QueryError::location(
            34449,
            format!("{name} requires a non-zero step value"),
        ));
    }
    let mut result = Vec::new();
    let mut value = start;
    while (step > 0 && value < end) || (step < 0 && value > end) {
        if result.len() == RANGE_ELEMENTS_MAX {
            return Err(QueryError::bad_value(format!(
                "{name} makes more than {RANGE_ELEMENTS_MAX} elements"
            )));
        }
        result.push(Bson::Int32(value as i32));
        value += step;
    }
    Ok(result.into())
}

pub(super) fn sort(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let mut elements = expect_array(name, 2_942_504, &values[0])?.clone();
    match &values[1] {
        Bson::Document(pattern) => {
            let pattern = SortPattern::parse(pattern)?;
            elements.sort_by(|left, right| match (left, right) {
                (Bson::Document(left), Bson::Document(right)) => pattern.compare(left, right),
                (left, right) => pattern.compare(
                    left.as_document().unwrap_or(&Document::new()),
                    right.as_document().unwrap_or(&Document::new()),
                ),
            });
        }
        direction => match Number::from_bson(direction).and_then(Number::to_exact_integer) {
            Some(1) => elements.sort_by(compare),
            Some(-1) => elements.sort_by(|left, right| compare(right, left)),
            _ => {
                return Err(QueryError::location(
                    2_942_505,
                    "$sortArray: sortBy must be an object, 1, or -1",
                ));
            }
        },
    }
    Ok(elements.into())
}

pub(super) fn zip(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let mut inputs = Vec::new();
    for input in expect_array(name, 34461, &values[0])? {
        if is_nullish(input) {
            return Ok(Bson::Null);
        }
        inputs.push(expect_array(name, 34468, input)?);
    }
    let lengths = inputs.iter().map(|input| input.len());
    let longest = is_truthy(&values[1]);
    let count = if longest { lengths.max() } else { lengths.min() }.unwrap_or(0);
    let defaults = values[2].as_array();
    let row = |at: usize| -> Bson {
        let cell = |(column, input): (usize, &&Vec<Bson>)| {
            input
                .get(at)
                .or_else(|| defaults.and_then(|defaults| defaults.get(column)))
                .cloned()
                .unwrap_or(Bson::Null)
        };
        inputs.iter().enumerate().map(cell).collect::<Vec<_>>().into()
    };
    Ok((0..count).map(row).collect::<Vec<_>>().into())
}

/// An array, or an error with the operator's own code.
pub(super) fn expect_array<'a>(name: &str, code: i32, value: &'a Bson) -> QueryResult<&'a Vec<Bson>> {
    value.as_array().ok_or_else(|| {
        QueryError::location(
            code,
            format!("{name} requires an array, found: {}", missing_or_type(value)),
        )
    })
}

fn missing_or_type(value: &Bson) -> &'static str {
    if matches!(value, Bson::Undefined) {
        "missing"
    } else {
        type_name(value)
    }
}
