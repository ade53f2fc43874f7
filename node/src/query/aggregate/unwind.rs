//! `$unwind`: one document for each element of an array.

use bson::{Bson, Document};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::Stage;
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::is_truthy;

/// `$unwind: "$path"` or `{ path, includeArrayIndex, preserveNullAndEmptyArrays }`.
pub(super) fn parse(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let (path, index_field, preserve) = match specification {
        Bson::String(path) => (path.as_str(), None, false),
        Bson::Document(document) => {
            let known = ["path", "includeArrayIndex", "preserveNullAndEmptyArrays"];
            if let Some(unknown) = document.keys().find(|key| !known.contains(&key.as_str())) {
                let text = format!("unrecognized option to $unwind stage: {unknown}");
                return Err(QueryError::location(28811, text));
            }
            let path = match document.get("path") {
                Some(Bson::String(path)) => path.as_str(),
                Some(_) => {
                    return Err(QueryError::location(
                        28808,
                        "expected a string as the path for $unwind stage",
                    ));
                }
                None => return Err(QueryError::location(28812, "no path specified to $unwind stage")),
            };
            let index_field = match document.get("includeArrayIndex") {
                None => None,
                Some(Bson::String(name)) if !name.is_empty() && !name.starts_with('$') => Some(name.clone()),
                Some(Bson::String(name)) if name.starts_with('$') => {
                    return Err(QueryError::location(
                        28822,
                        "includeArrayIndex option to $unwind stage should not be prefixed with a '$'",
                    ));
                }
                Some(_) => {
                    return Err(QueryError::location(
                        28810,
                        "expected a non-empty string for the includeArrayIndex option to $unwind stage",
                    ));
                }
            };
            let preserve = match document.get("preserveNullAndEmptyArrays") {
                None => false,
                Some(value @ Bson::Boolean(_)) => is_truthy(value),
                Some(_) => {
                    return Err(QueryError::location(
                        28809,
                        "expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage",
                    ));
                }
            };
            (path, index_field, preserve)
        }
        _ => {
            return Err(QueryError::location(
                15981,
                "expected either a string or an object as specification for $unwind stage",
            ));
        }
    };
    let path = path.strip_prefix('$').ok_or_else(|| {
        QueryError::location(
            28818,
            format!("path option to $unwind stage should be prefixed with a '$': {path}"),
        )
    })?;
    if path.split('.').any(str::is_empty) {
        return Err(QueryError::location(
            15998,
            "FieldPath field names may not be empty strings.",
        ));
    }
    let path = path.split('.').map(str::to_owned).collect();
    Ok(Box::new(Unwind {
        path,
        index_field,
        preserve,
        pending: Vec::new(),
    }))
}

struct Unwind {
    path: Vec<String>,
    index_field: Option<String>,
    preserve: bool,
    /// Documents of the last input document that wait, in reverse.
    pending: Vec<Document>,
}

impl Stage for Unwind {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        loop {
            if let Some(document) = self.pending.pop() {
                return Ok(Some(document));
            }
            let Some(document) = input.next()? else {
                return Ok(None);
            };
            self.pending = self.unwind(document);
            self.pending.reverse();
        }
    }
}

impl Unwind {
    fn unwind(&self, document: Document) -> Vec<Document> {
        match get(&document, &self.path).cloned() {
            Some(Bson::Array(elements)) if elements.is_empty() => {
                self.preserved(|| with(document.clone(), &self.path, None))
            }
            Some(Bson::Array(elements)) => elements
                .into_iter()
                .enumerate()
                .map(|(index, element)| {
                    self.with_index(
                        with(document.clone(), &self.path, Some(element)),
                        Bson::Int64(index as i64),
                    )
                })
                .collect(),
            None | Some(Bson::Null | Bson::Undefined) => self.preserved(|| document.clone()),
            Some(_) => vec![self.with_index(document, Bson::Null)],
        }
    }

    fn preserved(&self, document: impl Fn() -> Document) -> Vec<Document> {
        if self.preserve {
            vec![self.with_index(document(), Bson::Null)]
        } else {
            Vec::new()
        }
    }

    fn with_index(&self, document: Document, index: Bson) -> Document {
        match &self.index_field {
            Some(name) => with(
                document,
                &name.split('.').map(str::to_owned).collect::<Vec<_>>(),
                Some(index),
            ),
            None => document,
        }
    }
}

fn get<'a>(document: &'a Document, path: &[String]) -> Option<&'a Bson> {
    let (first, rest) = path.split_first()?;
    match document.get(first)? {
        value if rest.is_empty() => Some(value),
        Bson::Document(inner) => get(inner, rest),
        _ => None,
    }
}

/// The document with the value at the path, or without anything there.
pub(super) fn with(mut document: Document, path: &[String], value: Option<Bson>) -> Document {
    let Some((first, rest)) = path.split_first() else {
        return document;
    };
    if rest.is_empty() {
        match value {
            Some(value) => document.insert(first.clone(), value),
            None => document.remove(first),
        };
        return document;
    }
    let inner = match document.get(first) {
        Some(Bson::Document(inner)) => inner.clone(),
        _ => Document::new(),
    };
    document.insert(first.clone(), with(inner, rest, value));
    document
}
