//! Paths of updates: field names, indexes, and the three array operators.

use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};
use crate::query::path::PATH_PARTS_MAX;

/// One part of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A field name or an index.
    Name(String),
    /// `$`: the element at which the filter matched.
    Matched,
    /// `$[]`: every element.
    Every,
    /// `$[name]`: every element that the array filter `name` lets through.
    Filtered(String),
}

/// The path of a modifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpdatePath {
    /// From the outermost.
    pub parts: Vec<Part>,
    /// As written.
    pub text: String,
}

impl UpdatePath {
    /// Cuts and checks a path.
    pub fn parse(text: &str) -> QueryResult<Self> {
        if text.is_empty() {
            let text = "An empty update path is not valid.";
            return Err(QueryError::new(ErrorCode::EMPTY_FIELD_NAME, text));
        }
        let parts: Vec<Part> = text
            .split('.')
            .map(|part| parse_part(part, text))
            .collect::<QueryResult<_>>()?;
        if parts.len() > PATH_PARTS_MAX {
            return Err(QueryError::new(
                ErrorCode::OVERFLOW,
                "the update path is too long",
            ));
        }
        if !matches!(parts.first(), Some(Part::Name(_))) {
            return Err(QueryError::bad_value(format!(
                "Cannot have positional (i.e. '$') element in the first position in path '{text}'"
            )));
        }
        if parts.iter().filter(|part| **part == Part::Matched).count() > 1 {
            let text = format!("Too many positional (i.e. '$') elements found in path '{text}'");
            return Err(QueryError::bad_value(text));
        }
        Ok(Self {
            parts,
            text: text.to_owned(),
        })
    }

    /// Whether one path leads through the other's end.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        self.parts
            .iter()
            .zip(&other.parts)
            .all(|(left, right)| left == right)
    }

    /// The order in which modifiers are applied: by part, numbers by value.
    pub fn order_key(&self) -> Vec<(Option<u64>, String)> {
        let key = |part: &Part| match part {
            Part::Name(name) => (name.parse().ok(), name.clone()),
            Part::Matched => (None, "$".to_owned()),
            Part::Every => (None, "$[]".to_owned()),
            Part::Filtered(name) => (None, format!("$[{name}]")),
        };
        self.parts.iter().map(key).collect()
    }
}

fn parse_part(part: &str, whole: &str) -> QueryResult<Part> {
    if part.is_empty() {
        let text = format!("The update path '{whole}' contains an empty field name, which is not allowed.");
        return Err(QueryError::new(ErrorCode::EMPTY_FIELD_NAME, text));
    }
    if part == "$" {
        return Ok(Part::Matched);
    }
    if let Some(name) = part.strip_prefix("$[").and_then(|rest| rest.strip_suffix(']')) {
        return Ok(if name.is_empty() {
            Part::Every
        } else {
            Part::Filtered(name.to_owned())
        });
    }
    if part.starts_with('$') {
        return Err(QueryError::new(
            ErrorCode::DOLLAR_PREFIXED_FIELD_NAME,
            format!(
                "The dollar ($) prefixed field '{part}' in '{whole}' is not allowed in the context of an update"
            ),
        ));
    }
    Ok(Part::Name(part.to_owned()))
}
