//! Applying an update to a document.

use bson::{Bson, Document};

use super::navigate::{Change, change_at, concrete_paths, value_at};
use super::operator::{Modifier, Operator};
use super::path::{Part, UpdatePath};
use super::tree::{ApplyContext, Update, Updated};
use super::values;
use crate::error_code::ErrorCode;
use crate::query::compare::equal;
use crate::query::error::{QueryError, QueryResult};

impl Update {
    /// The document after the update. Its `_id` cannot change; a document without one may get one.
    pub fn apply(&self, before: &Document, context: &ApplyContext) -> QueryResult<Updated> {
        let mut document = match self {
            Self::Replacement(replacement) => {
                let mut document = replacement.clone();
                if let Some(id) = before.get("_id")
                    && !document.contains_key("_id")
                {
                    document.insert("_id", id.clone());
                }
                document
            }
            Self::Modifiers {
                modifiers,
                array_filters,
            } => {
                let mut document = Bson::Document(before.clone());
                for modifier in modifiers {
                    for path in concrete_paths(&document, &modifier.path, context.position, array_filters)? {
                        apply_at(&mut document, modifier, &path, context)?;
                    }
                }
                match document {
                    Bson::Document(document) => document,
                    _ => before.clone(),
                }
            }
            Self::Pipeline(pipeline) => {
                let mut document = pipeline.apply(before)?;
                // A pipeline that loses `_id` keeps it; one that changes it is refused below.
                if !document.contains_key("_id")
                    && let Some(id) = before.get("_id")
                {
                    document.insert("_id", id.clone());
                }
                document
            }
        };
        check_id(before, &document)?;
        move_id_first(&mut document);
        let modified = !values::identical_documents(before, &document);
        Ok(Updated { document, modified })
    }
}

/// Puts `_id` before all other fields.
pub(super) fn move_id_first(document: &mut Document) {
    if document.keys().next().is_none_or(|first| first == "_id") {
        return;
    }
    if let Some(id) = document.remove("_id") {
        let rest = std::mem::take(document);
        document.insert("_id", id);
        document.extend(rest);
    }
}

fn check_id(before: &Document, after: &Document) -> QueryResult<()> {
    let Some(old) = before.get("_id") else {
        return Ok(());
    };
    if after.get("_id").is_some_and(|new| equal(old, new)) {
        return Ok(());
    }
    Err(QueryError::new(
        ErrorCode::IMMUTABLE_FIELD,
        "Performing an update on the path '_id' would modify the immutable field '_id'",
    ))
}

fn apply_at(
    document: &mut Bson,
    modifier: &Modifier,
    path: &[String],
    context: &ApplyContext,
) -> QueryResult<()> {
    match &modifier.operator {
        Operator::SetOnInsert(_) if !context.inserting => Ok(()),
        Operator::Rename(target) => rename(document, path, target),
        operator => {
            let full = path.join(".");
            change_at(document, path, &full, &mut |value| {
                values::change(operator, value, &full, context)
            })
        }
    }
}

fn rename(document: &mut Bson, from: &[String], target: &UpdatePath) -> QueryResult<()> {
    let to: Vec<String> = target
        .parts
        .iter()
        .filter_map(|part| {
            if let Part::Name(name) = part {
                Some(name.clone())
            } else {
                None
            }
        })
        .collect();
    for (path, role) in [(from, "source"), (&to, "destination")] {
        if (1..path.len()).any(|end| matches!(value_at(document, &path[..end]), Some(Bson::Array(_)))) {
            return Err(QueryError::bad_value(format!(
                "The {role} field cannot be an array element, '{}'",
                path.join(".")
            )));
        }
    }
    let Some(value) = value_at(document, from).cloned() else {
        return Ok(());
    };
    let full = target.text.as_str();
    change_at(document, from, &from.join("."), &mut |_| Ok(Change::Remove))?;
    // The moved value is a new field: it goes where a new field would go.
    change_at(document, &to, full, &mut |_| Ok(Change::Remove))?;
    change_at(document, &to, full, &mut |_| Ok(Change::Put(value.clone())))
}
