//! Operators on documents.

use bson::{Bson, Document};

use super::evaluate::is_nullish;
use crate::query::error::{QueryError, QueryResult};
use crate::query::types::type_name;

pub(super) fn merge(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let values = match values {
        [Bson::Array(elements)] => elements,
        other => other,
    };
    let mut result = Document::new();
    for value in values {
        match value {
            Bson::Document(document) => result.extend(document.clone()),
            value if is_nullish(value) => {}
            other => {
                let text = format!(
                    "$mergeObjects requires object inputs, but input is of type {}",
                    type_name(other)
                );
                return Err(QueryError::location(40400, text));
            }
        }
    }
    Ok(result.into())
}

pub(super) fn object_to_array(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    match &values[0] {
        Bson::Document(document) => {
            let pair = |(name, value): (&String, &Bson)| Bson::Document(bson::doc! { "k": name, "v": value });
            Ok(document.iter().map(pair).collect::<Vec<_>>().into())
        }
        value if is_nullish(value) => Ok(Bson::Null),
        other => Err(QueryError::location(
            40390,
            format!(
                "$objectToArray requires a document input, found: {}",
                type_name(other)
            ),
        )),
    }
}

pub(super) fn array_to_object(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let pairs = match &values[0] {
        Bson::Array(pairs) => pairs,
        value if is_nullish(value) => return Ok(Bson::Null),
        other => {
            let text = format!(
                "$arrayToObject requires an array input, found: {}",
                type_name(other)
            );
            return Err(QueryError::location(40386, text));
        }
    };
    let mut result = Document::new();
    for pair in pairs {
        let (name, value) = match pair {
            Bson::Array(parts) if parts.len() == 2 => (&parts[0], &parts[1]),
            Bson::Document(parts) if parts.len() == 2 => match (parts.get("k"), parts.get("v")) {
                (Some(name), Some(value)) => (name, value),
                _ => {
                    return Err(QueryError::location(
                        40393,
                        "$arrayToObject requires keys 'k' and 'v'",
                    ));
                }
            },
            _ => {
                return Err(QueryError::location(
                    40397,
                    "$arrayToObject requires pairs of key and value",
                ));
            }
        };
        let name = name
            .as_str()
            .ok_or_else(|| QueryError::location(40395, "$arrayToObject requires keys of type string"))?;
        if name.contains('\0') {
            return Err(QueryError::location(
                4_940_400,
                "Key field cannot contain an embedded null byte",
            ));
        }
        result.insert(name, value.clone());
    }
    Ok(result.into())
}

pub(super) fn get_field(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let name = expect_name(&values[0], 5_654_602)?;
    match &values[1] {
        Bson::Document(document) => Ok(document.get(name).cloned().unwrap_or(Bson::Undefined)),
        Bson::Null => Ok(Bson::Null),
        _ => Ok(Bson::Undefined),
    }
}

pub(super) fn set_field(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let name = expect_name(&values[0], 4_161_107)?;
    let mut document = match &values[1] {
        Bson::Document(document) => document.clone(),
        value if is_nullish(value) => return Ok(Bson::Null),
        _ => {
            return Err(QueryError::location(
                4_161_105,
                "$setField requires 'input' to evaluate to an object",
            ));
        }
    };
    if matches!(values[2], Bson::Undefined) {
        document.remove(name);
    } else {
        document.insert(name, values[2].clone());
    }
    Ok(document.into())
}

pub(super) fn unset_field(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    set_field(name, &[values[0].clone(), values[1].clone(), Bson::Undefined])
}

pub(super) fn bson_size(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    match &values[0] {
        Bson::Document(document) => {
            let bytes = document
                .to_vec()
                .map_err(|error| QueryError::bad_value(error.to_string()))?;
            Ok(Bson::Int32(bytes.len() as i32))
        }
        value if is_nullish(value) => Ok(Bson::Null),
        other => Err(QueryError::location(
            31393,
            format!("$bsonSize requires a document input, found: {}", type_name(other)),
        )),
    }
}

fn expect_name(value: &Bson, code: i32) -> QueryResult<&str> {
    value
        .as_str()
        .ok_or_else(|| QueryError::location(code, "'field' must be a constant string"))
}
