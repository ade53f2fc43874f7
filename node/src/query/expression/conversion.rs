//! `$convert` and its short forms.

use bson::oid::ObjectId;
use bson::{Bson, DateTime};

use super::evaluate::is_nullish;
use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::types::{number_of_type_name, type_name};

pub(super) fn type_of(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(match &values[0] {
        Bson::Undefined => "missing".into(),
        value => type_name(value).into(),
    })
}

pub(super) fn is_number(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(Number::from_bson(&values[0]).is_some().into())
}

pub(super) fn to_bool(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "bool")
}

pub(super) fn to_int(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "int")
}

pub(super) fn to_long(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "long")
}

pub(super) fn to_double(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "double")
}

pub(super) fn to_decimal(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "decimal")
}

pub(super) fn to_text(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "string")
}

pub(super) fn to_date(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "date")
}

pub(super) fn to_object_id(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    convert_to(&values[0], "objectId")
}

pub(super) fn convert(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let [input, to, on_error, on_null] = values else {
        return Ok(Bson::Null);
    };
    if is_nullish(input) {
        return Ok(if matches!(on_null, Bson::Undefined) {
            Bson::Null
        } else {
            on_null.clone()
        });
    }
    let target = match to {
        Bson::String(name) => name.clone(),
        value if is_nullish(value) => return Ok(Bson::Null),
        number => Number::from_bson(number)
            .and_then(Number::to_exact_integer)
            .and_then(|number| name_of_type_number(number))
            .ok_or_else(|| QueryError::failed_to_parse("In $convert, 'to' is not a valid type"))?
            .to_owned(),
    };
    if number_of_type_name(&target).is_none() {
        return Err(QueryError::bad_value(format!("Unknown type name: {target}")));
    }
    match convert_to(input, &target) {
        Err(error) if error.code == ErrorCode::CONVERSION_FAILURE && !matches!(on_error, Bson::Undefined) => {
            Ok(on_error.clone())
        }
        result => result,
    }
}

/// The text of a number, date, truth value or object id.
pub(super) fn text_of(value: &Bson) -> Option<String> {
    match value {
        Bson::String(text) => Some(text.clone()),
        Bson::Int32(value) => Some(value.to_string()),
        Bson::Int64(value) => Some(value.to_string()),
        Bson::Double(value) => Some(text_of_double(*value)),
        Bson::Decimal128(value) => Some(value.to_string()),
        Bson::Boolean(value) => Some(value.to_string()),
        Bson::ObjectId(value) => Some(value.to_hex()),
        Bson::DateTime(value) => Some(super::dates::iso_text(*value)),
        Bson::Timestamp(value) => Some(format!("Timestamp({}, {})", value.time, value.increment)),
        _ => None,
    }
}

fn text_of_double(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent:0>2}"),
            Some((mantissa, exponent)) => format!("{mantissa}e-{:0>2}", &exponent[1..]),
            None => text,
        };
    }
    value.to_string()
}

fn name_of_type_number(number: i64) -> Option<&'static str> {
    [
        "double", "string", "objectId", "bool", "date", "int", "long", "decimal",
    ]
    .into_iter()
    .find(|name| number_of_type_name(name).map(i64::from) == Some(number))
}

fn convert_to(value: &Bson, target: &str) -> QueryResult<Bson> {
    if is_nullish(value) {
        return Ok(Bson::Null);
    }
    let failure = |why: &str| QueryError::new(ErrorCode::CONVERSION_FAILURE, why.to_owned());
    let unsupported = || {
        failure(&format!(
            "Unsupported conversion from {} to {target} in $convert with no onError value",
            type_name(value)
        ))
    };
    let overflow = || {
        failure(&format!(
            "Conversion would overflow target type in $convert with no onError value: {value}"
        ))
    };
    let unparsed = |text: &str| {
        failure(&format!(
            "Failed to parse number '{text}' in $convert with no onError value"
        ))
    };
    let number = Number::from_bson(value).or(match value {
        Bson::Boolean(value) => Some(Number::Int32(i32::from(*value))),
        _ => None,
    });
    match target {
        "bool" => Ok(match value {
            Bson::Boolean(value) => *value,
            other => Number::from_bson(other).is_none_or(|number| !number.is_zero()),
        }
        .into()),
        "string" => text_of(value).map(Bson::String).ok_or_else(unsupported),
        "int" => match value {
            Bson::String(text) => text.parse().map(Bson::Int32).map_err(|_| unparsed(text)),
            _ => number
                .ok_or_else(unsupported)?
                .to_truncated_integer()
                .and_then(|value| i32::try_from(value).ok())
                .map(Bson::Int32)
                .ok_or_else(overflow),
        },
        "long" => match value {
            Bson::String(text) => text.parse().map(Bson::Int64).map_err(|_| unparsed(text)),
            Bson::DateTime(date) => Ok(Bson::Int64(date.timestamp_millis())),
            _ => number
                .ok_or_else(unsupported)?
                .to_truncated_integer()
                .map(Bson::Int64)
                .ok_or_else(overflow),
        },
        "double" => match value {
            Bson::String(text) => text.parse().map(Bson::Double).map_err(|_| unparsed(text)),
            Bson::DateTime(date) => Ok(Bson::Double(date.timestamp_millis() as f64)),
            _ => Ok(Bson::Double(number.ok_or_else(unsupported)?.to_f64())),
        },
        "decimal" => match value {
            Bson::String(text) => text.parse().map(Bson::Decimal128).map_err(|_| unparsed(text)),
            Bson::DateTime(date) => Ok(Bson::Decimal128(
                Number::Int64(date.timestamp_millis()).widen_to_decimal(),
            )),
            _ => Ok(Bson::Decimal128(
                number.ok_or_else(unsupported)?.widen_to_decimal(),
            )),
        },
        "date" => match value {
            Bson::DateTime(_) => Ok(value.clone()),
            Bson::ObjectId(id) => Ok(Bson::DateTime(id.timestamp())),
            Bson::Timestamp(timestamp) => Ok(Bson::DateTime(DateTime::from_millis(
                i64::from(timestamp.time) * 1000,
            ))),
            Bson::String(text) => super::dates::parse_iso(text)
                .map(Bson::DateTime)
                .ok_or_else(|| failure(&format!("Error parsing date string '{text}'"))),
            Bson::Int32(_) | Bson::Boolean(_) => Err(unsupported()),
            _ => number
                .ok_or_else(unsupported)?
                .to_truncated_integer()
                .map(|milliseconds| Bson::DateTime(DateTime::from_millis(milliseconds)))
                .ok_or_else(overflow),
        },
        "objectId" => match value {
            Bson::ObjectId(_) => Ok(value.clone()),
            Bson::String(text) => ObjectId::parse_str(text).map(Bson::ObjectId).map_err(|_| {
                failure(&format!(
                    "Failed to parse objectId '{text}' in $convert with no onError value"
                ))
            }),
            _ => Err(unsupported()),
        },
        _ => Err(unsupported()),
    }
}
