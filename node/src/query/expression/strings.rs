//! Operators on text.

use bson::{Bson, doc};

use super::evaluate::is_nullish;
use crate::query::error::{QueryError, QueryResult};
use crate::query::matcher::Pattern;
use crate::query::number::Number;
use crate::query::types::type_name;

pub(super) fn concatenate(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let mut result = String::new();
    for value in values {
        match value {
            Bson::String(text) => result.push_str(text),
            value if is_nullish(value) => return Ok(Bson::Null),
            other => {
                let text = format!("$concat only supports strings, not {}", type_name(other));
                return Err(QueryError::location(16702, text));
            }
        }
    }
    Ok(result.into())
}

pub(super) fn to_lower(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(coerce(&values[0])?.to_ascii_lowercase().into())
}

pub(super) fn to_upper(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(coerce(&values[0])?.to_ascii_uppercase().into())
}

pub(super) fn compare_ignoring_case(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let order = coerce(&values[0])?
        .to_ascii_uppercase()
        .cmp(&coerce(&values[1])?.to_ascii_uppercase());
    Ok(Bson::Int32(order as i32))
}

pub(super) fn length_in_bytes(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(Bson::Int32(expect_text(name, 34473, &values[0])?.len() as i32))
}

pub(super) fn length_in_code_points(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(Bson::Int32(
        expect_text(name, 34471, &values[0])?.chars().count() as i32
    ))
}

pub(super) fn binary_size(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    match &values[0] {
        Bson::String(text) => Ok(Bson::Int32(text.len() as i32)),
        Bson::Binary(binary) => Ok(Bson::Int32(binary.bytes.len() as i32)),
        value if is_nullish(value) => Ok(Bson::Null),
        other => Err(QueryError::location(
            51276,
            format!(
                "$binarySize requires a string or BinData argument, found: {}",
                type_name(other)
            ),
        )),
    }
}

pub(super) fn split(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let text = expect_text("$split", 40085, &values[0])?;
    let separator = expect_text("$split", 40086, &values[1])?;
    if separator.is_empty() {
        return Err(QueryError::location(
            40087,
            "$split requires a non-empty separator",
        ));
    }
    Ok(text.split(separator).map(Bson::from).collect::<Vec<_>>().into())
}

pub(super) fn substring_of_bytes(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let text = coerce(&values[0])?;
    let start = bound(name, &values[1])?.unwrap_or(usize::MAX);
    if start >= text.len() {
        return Ok(String::new().into());
    }
    let end =
        bound(name, &values[2])?.map_or(text.len(), |length| start.saturating_add(length).min(text.len()));
    text.get(start..end).map(Bson::from).ok_or_else(|| {
        QueryError::location(
            28656,
            format!("{name}:  Invalid range, starting or ending inside a UTF-8 character."),
        )
    })
}

pub(super) fn substring_of_code_points(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let text = coerce(&values[0])?;
    let bad = || QueryError::location(34455, format!("{name}: the bounds must be nonnegative integers"));
    let start = bound(name, &values[1])?.ok_or_else(bad)?;
    let length = bound(name, &values[2])?.ok_or_else(bad)?;
    Ok(text.chars().skip(start).take(length).collect::<String>().into())
}

pub(super) fn index_of_bytes(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    index_of(
        name,
        values,
        |text, at| Some(at).filter(|at| *at <= text.len()),
        |_, at| at,
    )
}

pub(super) fn index_of_code_points(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let to_bytes = |text: &str, at: usize| {
        text.char_indices()
            .map(|(byte, _)| byte)
            .chain([text.len()])
            .nth(at)
    };
    index_of(name, values, to_bytes, |text, byte| text[..byte].chars().count())
}

pub(super) fn trim(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    trim_with(name, values, true, true)
}

pub(super) fn trim_left(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    trim_with(name, values, true, false)
}

pub(super) fn trim_right(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    trim_with(name, values, false, true)
}

pub(super) fn replace_one(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    replace_with(name, values, |text, find, replacement| {
        text.replacen(find, replacement, 1)
    })
}

pub(super) fn replace_all(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    replace_with(name, values, |text, find, replacement| {
        text.replace(find, replacement)
    })
}

pub(super) fn regex_match(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let Some((text, pattern)) = regex_arguments(name, values)? else {
        return Ok(false.into());
    };
    Ok((!pattern.captures(text, 1)?.is_empty()).into())
}

pub(super) fn regex_find(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let Some((text, pattern)) = regex_arguments(name, values)? else {
        return Ok(Bson::Null);
    };
    Ok(matches_of(text, &pattern, 1)?.pop().unwrap_or(Bson::Null))
}

pub(super) fn regex_find_all(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let Some((text, pattern)) = regex_arguments(name, values)? else {
        return Ok(Vec::<Bson>::new().into());
    };
    Ok(matches_of(text, &pattern, usize::MAX)?.into())
}

fn regex_arguments<'a>(name: &str, values: &'a [Bson]) -> QueryResult<Option<(&'a str, Pattern)>> {
    if is_nullish(&values[0]) || is_nullish(&values[1]) {
        return Ok(None);
    }
    let text = expect_text(name, 51104, &values[0])?;
    let options = match &values[2] {
        Bson::String(options) => options.clone(),
        value if is_nullish(value) => String::new(),
        _ => {
            return Err(QueryError::location(
                51106,
                format!("{name} needs 'options' to be of type string"),
            ));
        }
    };
    let pattern = match &values[1] {
        Bson::String(pattern) => Pattern::new(pattern, &options)?,
        Bson::RegularExpression(regex) if options.is_empty() => {
            Pattern::new(regex.pattern.as_str(), regex.options.as_str())?
        }
        Bson::RegularExpression(regex) => Pattern::new(regex.pattern.as_str(), &options)?,
        _ => {
            return Err(QueryError::location(
                51105,
                format!("{name} needs 'regex' to be of type string or regex"),
            ));
        }
    };
    Ok(Some((text, pattern)))
}

fn matches_of(text: &str, pattern: &Pattern, limit: usize) -> QueryResult<Vec<Bson>> {
    let to_document = |groups: Vec<Option<(usize, &str)>>| {
        let (start, whole) = groups.first().copied().flatten().unwrap_or((0, ""));
        let captures: Vec<Bson> = groups
            .iter()
            .skip(1)
            .map(|group| group.map_or(Bson::Null, |(_, text)| text.into()))
            .collect();
        let index = text[..start].chars().count() as i32;
        Bson::Document(doc! { "match": whole, "idx": index, "captures": captures })
    };
    Ok(pattern
        .captures(text, limit)?
        .into_iter()
        .map(to_document)
        .collect())
}

fn index_of(
    name: &str,
    values: &[Bson],
    to_bytes: impl Fn(&str, usize) -> Option<usize>,
    from_bytes: impl Fn(&str, usize) -> usize,
) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let text = expect_text(name, 40091, &values[0])?;
    let find = expect_text(name, 40092, &values[1])?;
    let limit = |at: usize| match values.get(at) {
        None => Ok(None),
        Some(value) => match bound(name, value)? {
            Some(value) => Ok(Some(value)),
            None => Err(QueryError::location(
                40097,
                format!("{name} requires nonnegative bounds"),
            )),
        },
    };
    let start = to_bytes(text, limit(2)?.unwrap_or(0));
    let end = limit(3)?
        .and_then(|end| to_bytes(text, end))
        .unwrap_or(text.len());
    let found = start
        .and_then(|start| {
            text.get(start..end)
                .and_then(|part| part.find(find))
                .map(|at| start + at)
        })
        .map_or(-1, |byte| from_bytes(text, byte) as i32);
    Ok(Bson::Int32(found))
}

fn trim_with(name: &str, values: &[Bson], left: bool, right: bool) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let mut text = expect_text(name, 50699, &values[0])?;
    let characters: Option<Vec<char>> = match &values[1] {
        Bson::Undefined => None,
        Bson::Null => return Ok(Bson::Null),
        value => Some(expect_text(name, 50700, value)?.chars().collect()),
    };
    let is_cut = |c: char| match &characters {
        Some(characters) => characters.contains(&c),
        None => c.is_whitespace() || c == '\0',
    };
    if left {
        text = text.trim_start_matches(is_cut);
    }
    if right {
        text = text.trim_end_matches(is_cut);
    }
    Ok(text.into())
}

fn replace_with(name: &str, values: &[Bson], replace: fn(&str, &str, &str) -> String) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let text = expect_text(name, 51746, &values[0])?;
    let find = expect_text(name, 51745, &values[1])?;
    let replacement = expect_text(name, 51744, &values[2])?;
    Ok(replace(text, find, replacement).into())
}

fn expect_text<'a>(name: &str, code: i32, value: &'a Bson) -> QueryResult<&'a str> {
    value.as_str().ok_or_else(|| {
        QueryError::location(
            code,
            format!("{name} requires a string argument, found: {}", type_name(value)),
        )
    })
}

/// A count of bytes or characters; `None` when negative.
fn bound(name: &str, value: &Bson) -> QueryResult<Option<usize>> {
    let number = Number::from_bson(value)
        .and_then(Number::to_truncated_integer)
        .ok_or_else(|| {
            QueryError::location(
                34450,
                format!("{name}: bounds must be numeric, found {}", type_name(value)),
            )
        })?;
    Ok(usize::try_from(number).ok())
}

/// Text of a value as the oldest text operators take it: null is empty, numbers and dates become text.
fn coerce(value: &Bson) -> QueryResult<String> {
    match value {
        value if is_nullish(value) => Ok(String::new()),
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => Ok(text.clone()),
        other => super::conversion::text_of(other).ok_or_else(|| {
            QueryError::location(
                16007,
                format!("can't convert from BSON type {} to String", type_name(other)),
            )
        }),
    }
}
