//! Sums, products, extremes.

use bson::{Bson, DateTime};

use super::evaluate::is_nullish;
use crate::query::compare::compare;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::types::type_name;

pub(super) fn add(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let mut sum = Number::Int32(0);
    let mut date = None;
    for value in values {
        match value {
            value if is_nullish(value) => return Ok(Bson::Null),
            Bson::DateTime(value) => {
                if date.replace(*value).is_some() {
                    return Err(QueryError::location(
                        16612,
                        "only one date allowed in an $add expression",
                    ));
                }
            }
            value => sum = add_numbers(sum, expect_number(name, "numeric or date types", value)?),
        }
    }
    match date {
        None => Ok(sum.to_bson()),
        Some(date) => shift_date(name, date, sum),
    }
}

pub(super) fn subtract(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    match (&values[0], &values[1]) {
        (left, right) if is_nullish(left) || is_nullish(right) => Ok(Bson::Null),
        (Bson::DateTime(left), Bson::DateTime(right)) => {
            let difference = left.timestamp_millis().checked_sub(right.timestamp_millis());
            difference
                .map(Bson::Int64)
                .ok_or_else(|| QueryError::bad_value("date overflow in $subtract"))
        }
        (Bson::DateTime(left), right) => {
            let right = expect_number(name, "numeric or date types", right)?;
            shift_date(name, *left, add_numbers(Number::Int32(0), negate(right)))
        }
        (left, right) => match (Number::from_bson(left), Number::from_bson(right)) {
            (Some(left), Some(right)) => Ok(left
                .checked_subtract(right)
                .unwrap_or_else(|| Number::Double(left.to_f64() - right.to_f64()))
                .to_bson()),
            _ => Err(QueryError::type_mismatch(format!(
                "can't $subtract {} from {}",
                type_name(right),
                type_name(left)
            ))),
        },
    }
}

pub(super) fn multiply(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let mut product = Number::Int32(1);
    for value in values {
        let factor = expect_number(name, "numeric types", value)?;
        product = product
            .checked_multiply(factor)
            .unwrap_or_else(|| Number::Double(product.to_f64() * factor.to_f64()));
    }
    Ok(product.to_bson())
}

pub(super) fn divide(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    two_numbers(name, values, |left, right| {
        if right.is_zero() {
            return Err(QueryError::bad_value("can't $divide by zero"));
        }
        Ok(left.divide(right))
    })
}

pub(super) fn remainder(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    two_numbers(name, values, |left, right| {
        if right.is_zero() {
            return Err(QueryError::location(16610, "can't $mod by zero"));
        }
        Ok(left.remainder(right))
    })
}

pub(super) fn sum(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(flatten_one(values)
        .iter()
        .filter_map(Number::from_bson)
        .fold(Number::Int32(0), add_numbers)
        .to_bson())
}

pub(super) fn average(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let numbers: Vec<Number> = flatten_one(values).iter().filter_map(Number::from_bson).collect();
    if numbers.is_empty() {
        return Ok(Bson::Null);
    }
    let count = Number::Int64(numbers.len() as i64);
    Ok(numbers
        .into_iter()
        .fold(Number::Int32(0), add_numbers)
        .divide(count)
        .to_bson())
}

pub(super) fn minimum(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let present = flatten_one(values).iter().filter(|value| !is_nullish(value));
    Ok(present
        .min_by(|a, b| compare(a, b))
        .cloned()
        .unwrap_or(Bson::Null))
}

pub(super) fn maximum(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let present = flatten_one(values).iter().filter(|value| !is_nullish(value));
    Ok(present
        .max_by(|a, b| compare(a, b))
        .cloned()
        .unwrap_or(Bson::Null))
}

/// A sum that leaves the integers when they are too small, as expressions do.
pub(in crate::query) fn add_numbers(left: Number, right: Number) -> Number {
    left.checked_add(right)
        .unwrap_or_else(|| Number::Double(left.to_f64() + right.to_f64()))
}

/// A number, or error 14.
pub(super) fn expect_number(name: &str, wanted: &str, value: &Bson) -> QueryResult<Number> {
    Number::from_bson(value).ok_or_else(|| {
        QueryError::type_mismatch(format!("{name} only supports {wanted}, not {}", type_name(value)))
    })
}

fn two_numbers(
    name: &str,
    values: &[Bson],
    operation: impl Fn(Number, Number) -> QueryResult<Number>,
) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    match (Number::from_bson(&values[0]), Number::from_bson(&values[1])) {
        (Some(left), Some(right)) => Ok(operation(left, right)?.to_bson()),
        _ => Err(QueryError::type_mismatch(format!(
            "{name} only supports numeric types, not {} and {}",
            type_name(&values[0]),
            type_name(&values[1])
        ))),
    }
}

/// One array alone stands for its elements.
fn flatten_one(values: &[Bson]) -> &[Bson] {
    match values {
        [Bson::Array(elements)] => elements,
        other => other,
    }
}

fn negate(number: Number) -> Number {
    Number::Int32(0)
        .checked_subtract(number)
        .unwrap_or(Number::Double(-number.to_f64()))
}

fn shift_date(name: &str, date: DateTime, by: Number) -> QueryResult<Bson> {
    let milliseconds = Number::Double(by.to_f64().round());
    let by = if by.is_double() { milliseconds } else { by };
    by.to_truncated_integer()
        .and_then(|by| date.timestamp_millis().checked_add(by))
        .map(|milliseconds| Bson::DateTime(DateTime::from_millis(milliseconds)))
        .ok_or_else(|| QueryError::bad_value(format!("date overflow in {name}")))
}
