//! Dotted paths, and how a query walks them through documents and arrays.

use std::ops::ControlFlow;

use bson::{Bson, Document};

use super::error::{QueryError, QueryResult};
use crate::error_code::ErrorCode;

/// A dotted path, cut into its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldPath {
    parts: Vec<String>,
}

/// Longest path in parts; a path deeper than any document can only be an attack.
pub const PATH_PARTS_MAX: usize = 200;

impl FieldPath {
    /// Cuts a path at its dots. Empty parts are kept: queries may name the field `""`.
    pub fn new(text: &str) -> QueryResult<Self> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        if parts.len() > PATH_PARTS_MAX {
            return Err(QueryError::new(ErrorCode::OVERFLOW, "FieldPath is too long"));
        }
        Ok(Self { parts })
    }

    /// The parts, from the outermost.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The path as text.
    pub fn text(&self) -> String {
        self.parts.join(".")
    }
}

/// One place that a query path leads to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What is there; `None` when the path ends in nothing.
    pub value: Option<&'a Bson>,
    /// The index in the first array that was entered on the way, for the positional operator.
    pub position: Option<usize>,
}

/// How to treat an array at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeafArray {
    /// Visit each element, then the array: comparisons.
    Expand,
    /// Visit the array only: `$size`, `$elemMatch`, `$exists`.
    Whole,
}

type Visitor<'a, 'v> = dyn FnMut(Place<'a>) -> ControlFlow<()> + 'v;

/// Visits every place that `path` leads to in `document`, as a query understands paths: documents inside arrays
/// are entered without an index, a number may be an index or a field name, scalars inside arrays on the way are
/// passed over, a path that breaks off outside arrays leads to one missing place.
pub fn visit<'a>(document: &'a Document, path: &FieldPath, leaf: LeafArray, visitor: &mut Visitor<'a, '_>) {
    let _ = visit_document(document, path.parts(), leaf, None, visitor);
}

fn visit_document<'a>(
    document: &'a Document,
    parts: &[String],
    leaf: LeafArray,
    position: Option<usize>,
    visitor: &mut Visitor<'a, '_>,
) -> ControlFlow<()> {
    let Some((first, rest)) = parts.split_first() else {
        return ControlFlow::Continue(());
    };
    match document.get(first) {
        None => visitor(Place {
            value: None,
            position,
        }),
        Some(value) if rest.is_empty() => visit_leaf(value, leaf, position, visitor),
        Some(Bson::Document(inner)) => visit_document(inner, rest, leaf, position, visitor),
        Some(Bson::Array(elements)) => visit_array(elements, rest, leaf, position, visitor),
        Some(_) => visitor(Place {
            value: None,
            position,
        }),
    }
}

fn visit_array<'a>(
    elements: &'a [Bson],
    parts: &[String],
    leaf: LeafArray,
    position: Option<usize>,
    visitor: &mut Visitor<'a, '_>,
) -> ControlFlow<()> {
    let named_index = parse_index(&parts[0]);
    for (index, element) in elements.iter().enumerate() {
        let here = position.or(Some(index));
        if let Bson::Document(inner) = element {
            visit_document(inner, parts, leaf, here, visitor)?;
        }
        if named_index == Some(index) {
            match (element, &parts[1..]) {
                // An array that was named by its index is taken whole.
                (value, []) => visitor(Place {
                    value: Some(value),
                    position: here,
                })?,
                (Bson::Document(inner), rest) => visit_document(inner, rest, leaf, here, visitor)?,
                (Bson::Array(inner), rest) => visit_array(inner, rest, leaf, here, visitor)?,
                _ => {}
            }
        }
    }
    ControlFlow::Continue(())
}

fn visit_leaf<'a>(
    value: &'a Bson,
    leaf: LeafArray,
    position: Option<usize>,
    visitor: &mut Visitor<'a, '_>,
) -> ControlFlow<()> {
    if let (Bson::Array(elements), LeafArray::Expand) = (value, leaf) {
        for (index, element) in elements.iter().enumerate() {
            visitor(Place {
                value: Some(element),
                position: position.or(Some(index)),
            })?;
        }
    }
    visitor(Place {
        value: Some(value),
        position,
    })
}

/// An array index: digits without a leading zero.
pub fn parse_index(part: &str) -> Option<usize> {
    let canonical = part == "0" || (!part.starts_with('0') && !part.starts_with('+'));
    if canonical { part.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn places_of_paths() {
        let document =
            doc! { "a": [{ "b": 1 }, { "c": 2 }, 5, { "b": [3, 4] }], "d": 7, "e": [[8, 9]], "f": [] };
        let cases = [
            ("a.b", vec!["1", "-", "3", "4", "[3, 4]"]),
            ("a.0.b", vec!["-", "1", "-", "-"]),
            ("d", vec!["7"]),
            ("d.x", vec!["-"]),
            ("e.0", vec!["[8, 9]"]),
            ("e.0.1", vec!["9"]),
            ("e.x", vec![]),
            ("f.x", vec![]),
            ("f", vec!["[]"]),
            ("x.y", vec!["-"]),
        ];
        for (path, expected) in cases {
            let path = FieldPath::new(path).expect("short");
            let mut seen = Vec::new();
            visit(&document, &path, LeafArray::Expand, &mut |place| {
                seen.push(place.value.map_or("-".to_owned(), ToString::to_string));
                ControlFlow::Continue(())
            });
            assert_eq!(seen, expected, "{}", path.text());
        }
    }
}
