//! Walking to the place of a modifier, making what is missing on the way.

use bson::{Bson, Document};

use super::array_filter::ArrayFilters;
use super::path::{Part, UpdatePath};
use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};
use crate::query::path::parse_index;

/// What becomes of the value at a place.
#[derive(Debug)]
pub(super) enum Change {
    /// It stays, or nothing is made.
    Keep,
    /// It becomes this.
    Put(Bson),
    /// It goes; inside arrays it becomes null.
    Remove,
}

/// Most nulls that a write behind the end of an array may fill in.
const BACKFILL_MAX: usize = 1_500_000;

/// Changes the value at a path; `change` sees `None` when there is nothing.
pub(super) fn change_at(
    place: &mut Bson,
    path: &[String],
    full: &str,
    change: &mut dyn FnMut(Option<&Bson>) -> QueryResult<Change>,
) -> QueryResult<()> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    match place {
        Bson::Document(document) => match document.get_mut(first) {
            Some(inner) if !rest.is_empty() => change_at(inner, rest, full, change),
            Some(value) => {
                match change(Some(value))? {
                    Change::Keep => {}
                    Change::Put(new) => *value = new,
                    Change::Remove => {
                        document.remove(first);
                    }
                }
                Ok(())
            }
            None => {
                if let Change::Put(value) = change(None)? {
                    document.insert(first.clone(), nest(rest, value));
                }
                Ok(())
            }
        },
        Bson::Array(elements) => {
            let Some(index) = parse_index(first) else {
                return match change(None)? {
                    Change::Put(_) => Err(not_viable(first, full, &Bson::Array(elements.clone()))),
                    _ => Ok(()),
                };
            };
            match elements.get_mut(index) {
                Some(inner) if !rest.is_empty() => change_at(inner, rest, full, change),
                Some(value) => {
                    match change(Some(value))? {
                        Change::Keep => {}
                        Change::Put(new) => *value = new,
                        Change::Remove => *value = Bson::Null,
                    }
                    Ok(())
                }
                None => {
                    if let Change::Put(value) = change(None)? {
                        if index - elements.len() > BACKFILL_MAX {
                            let text = format!("can't backfill more than {BACKFILL_MAX} elements");
                            return Err(QueryError::bad_value(text));
                        }
                        elements.resize(index, Bson::Null);
                        elements.push(nest(rest, value));
                    }
                    Ok(())
                }
            }
        }
        scalar => match change(None)? {
            Change::Put(_) => Err(not_viable(first, full, scalar)),
            _ => Ok(()),
        },
    }
}

/// The value at a path of names and indexes.
pub(super) fn value_at<'a>(place: &'a Bson, path: &[String]) -> Option<&'a Bson> {
    let Some((first, rest)) = path.split_first() else {
        return Some(place);
    };
    match place {
        Bson::Document(document) => value_at(document.get(first)?, rest),
        Bson::Array(elements) => value_at(elements.get(parse_index(first)?)?, rest),
        _ => None,
    }
}

/// The paths that a path with array operators stands for in a document.
pub(super) fn concrete_paths(
    document: &Bson,
    path: &UpdatePath,
    position: Option<usize>,
    filters: &ArrayFilters,
) -> QueryResult<Vec<Vec<String>>> {
    let mut paths: Vec<Vec<String>> = vec![Vec::new()];
    for part in &path.parts {
        match part {
            Part::Name(name) => paths.iter_mut().for_each(|path| path.push(name.clone())),
            Part::Matched => {
                let position = position.ok_or_else(|| {
                    QueryError::bad_value(
                        "The positional operator did not find the match needed from the query.",
                    )
                })?;
                paths.iter_mut().for_each(|path| path.push(position.to_string()));
            }
            Part::Every | Part::Filtered(_) => {
                let mut expanded = Vec::new();
                for prefix in paths {
                    for (index, element) in array_at(document, &prefix)?.iter().enumerate() {
                        let chosen = match part {
                            Part::Filtered(name) => filters.lets_through(name, element)?,
                            _ => true,
                        };
                        if chosen {
                            let mut path = prefix.clone();
                            path.push(index.to_string());
                            expanded.push(path);
                        }
                    }
                }
                paths = expanded;
            }
        }
    }
    Ok(paths)
}

fn array_at<'a>(document: &'a Bson, path: &[String]) -> QueryResult<&'a Vec<Bson>> {
    match value_at(document, path) {
        Some(Bson::Array(elements)) => Ok(elements),
        Some(other) => Err(QueryError::bad_value(format!(
            "Cannot apply array updates to non-array element {}: {other}",
            path.last().map_or("", String::as_str)
        ))),
        None => Err(QueryError::bad_value(format!(
            "The path '{}' must exist in the document in order to apply array updates.",
            path.join(".")
        ))),
    }
}

fn nest(path: &[String], value: Bson) -> Bson {
    path.iter().rev().fold(value, |inner, name| {
        let mut document = Document::new();
        document.insert(name.clone(), inner);
        document.into()
    })
}

fn not_viable(name: &str, full: &str, place: &Bson) -> QueryError {
    QueryError::new(
        ErrorCode::PATH_NOT_VIABLE,
        format!("Cannot create field '{name}' in element {{{full}: {place}}}"),
    )
}
