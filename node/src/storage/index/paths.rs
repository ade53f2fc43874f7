//! Which values a dotted path means in a document.

use bson::{RawArray, RawBsonRef, RawDocument};

use crate::storage::key::KeyError;

/// A value that a path leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// There it is.
    Value(RawBsonRef<'a>),
    /// Nothing there.
    Missing,
    /// An array without elements, which has a key of its own.
    EmptyArray,
}

/// All values at `path`; arrays on the way and at the end are entered. Never empty.
pub(super) fn values_at<'a>(document: &'a RawDocument, path: &str) -> Result<Vec<Found<'a>>, KeyError> {
    let mut found = Vec::with_capacity(1);
    in_document(document, path, &mut found)?;
    Ok(found)
}

fn in_document<'a>(
    document: &'a RawDocument,
    path: &str,
    found: &mut Vec<Found<'a>>,
) -> Result<(), KeyError> {
    let (name, rest) = split(path);
    match document.get(name)? {
        None => found.push(Found::Missing),
        Some(value) => in_value(value, rest, found)?,
    }
    Ok(())
}

fn in_value<'a>(
    value: RawBsonRef<'a>,
    rest: Option<&str>,
    found: &mut Vec<Found<'a>>,
) -> Result<(), KeyError> {
    match (value, rest) {
        (RawBsonRef::Document(document), Some(rest)) => in_document(document, rest, found)?,
        (RawBsonRef::Array(array), Some(rest)) => in_array(array, rest, found)?,
        (RawBsonRef::Array(array), None) => {
            let before = found.len();
            for element in array {
                found.push(Found::Value(element?));
            }
            if found.len() == before {
                found.push(Found::EmptyArray);
            }
        }
        (value, None) => found.push(Found::Value(value)),
        (_, Some(_)) => found.push(Found::Missing),
    }
    Ok(())
}

/// A path goes on inside an array: by position if its next name is one, and in every element that is an object.
fn in_array<'a>(array: &'a RawArray, path: &str, found: &mut Vec<Found<'a>>) -> Result<(), KeyError> {
    let (name, rest) = split(path);
    let before = found.len();
    if let Ok(position) = name.parse::<usize>()
        && let Some(element) = array.get(position)?
    {
        in_value(element, rest, found)?;
    }
    for element in array {
        if let RawBsonRef::Document(document) = element? {
            in_document(document, path, found)?;
        }
    }
    if found.len() == before {
        found.push(Found::Missing);
    }
    Ok(())
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    }
}
