//! From an expression and a document to a value. A missing value is `Bson::Undefined`.

use bson::{Bson, Document};

use super::tree::Expression;
use super::variables::Variables;
use crate::query::compare::type_class;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::types::type_name;

impl Expression {
    /// The value of this expression on a document; `Undefined` when it is missing.
    pub fn evaluate(&self, root: &Document, variables: &Variables) -> QueryResult<Bson> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Field { variable, path } => evaluate_field(variable.as_deref(), path, root, variables),
            Self::Object(fields) => {
                let mut document = Document::new();
                for (name, field) in fields {
                    let value = field.evaluate(root, variables)?;
                    if !matches!(value, Bson::Undefined) {
                        document.insert(name.clone(), value);
                    }
                }
                Ok(document.into())
            }
            Self::Array(elements) => {
                let values = evaluate_all(elements, root, variables)?;
                Ok(values.into_iter().map(null_if_missing).collect::<Vec<_>>().into())
            }
            Self::Call {
                name,
                function,
                arguments,
            } => function(name, &evaluate_all(arguments, root, variables)?),
            Self::And(conditions) => Ok(all_truthy(conditions, root, variables)?.into()),
            Self::Or(conditions) => {
                for condition in conditions {
                    if is_truthy(&condition.evaluate(root, variables)?) {
                        return Ok(true.into());
                    }
                }
                Ok(false.into())
            }
            Self::Condition(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let chosen = if is_truthy(&condition.evaluate(root, variables)?) {
                    then
                } else {
                    otherwise
                };
                chosen.evaluate(root, variables)
            }
            Self::IfNull(list) => {
                let mut value = Bson::Undefined;
                for expression in list {
                    value = expression.evaluate(root, variables)?;
                    if !is_nullish(&value) {
                        break;
                    }
                }
                Ok(value)
            }
            Self::Switch { branches, default } => {
                for (case, then) in branches {
                    if is_truthy(&case.evaluate(root, variables)?) {
                        return then.evaluate(root, variables);
                    }
                }
                match default {
                    Some(default) => default.evaluate(root, variables),
                    None => Err(QueryError::location(
                        40066,
                        "$switch could not find a matching branch for an input, and no default was specified.",
                    )),
                }
            }
            Self::Let {
                variables: bindings,
                inside,
            } => {
                let mut inner = Vec::new();
                for (name, value) in bindings {
                    inner.push((name.clone(), value.evaluate(root, variables)?));
                }
                inside.evaluate(root, &variables.with(inner))
            }
            Self::Map { input, name, inside } => {
                let Some(elements) = input_array("$map", 16883, input, root, variables)? else {
                    return Ok(Bson::Null);
                };
                let mut result = Vec::with_capacity(elements.len());
                for element in elements {
                    let inner = variables.with([(name.clone(), element)]);
                    result.push(null_if_missing(inside.evaluate(root, &inner)?));
                }
                Ok(result.into())
            }
            Self::Filter {
                input,
                name,
                condition,
                limit,
            } => {
                let Some(elements) = input_array("$filter", 28651, input, root, variables)? else {
                    return Ok(Bson::Null);
                };
                let limit = match limit {
                    None => usize::MAX,
                    Some(limit) => filter_limit(&limit.evaluate(root, variables)?)?,
                };
                let mut result = Vec::new();
                for element in elements {
                    if result.len() == limit {
                        break;
                    }
                    let inner = variables.with([(name.clone(), element.clone())]);
                    if is_truthy(&condition.evaluate(root, &inner)?) {
                        result.push(element);
                    }
                }
                Ok(result.into())
            }
            Self::Reduce {
                input,
                initial,
                inside,
            } => {
                let Some(elements) = input_array("$reduce", 40080, input, root, variables)? else {
                    return Ok(Bson::Null);
                };
                let mut value = initial.evaluate(root, variables)?;
                for element in elements {
                    let inner = variables.with([("this".to_owned(), element), ("value".to_owned(), value)]);
                    value = inside.evaluate(root, &inner)?;
                }
                Ok(value)
            }
        }
    }
}

/// What counts as true: everything but false, zero, null and missing.
pub fn is_truthy(value: &Bson) -> bool {
    match value {
        Bson::Boolean(value) => *value,
        Bson::Null | Bson::Undefined => false,
        other => Number::from_bson(other).is_none_or(|number| !number.is_zero()),
    }
}

/// Null or missing.
pub(super) fn is_nullish(value: &Bson) -> bool {
    type_class(value) == type_class(&Bson::Null) || matches!(value, Bson::Undefined)
}

/// Inside arrays, a missing value becomes null.
pub(super) fn null_if_missing(value: Bson) -> Bson {
    if matches!(value, Bson::Undefined) {
        Bson::Null
    } else {
        value
    }
}

fn evaluate_all(list: &[Expression], root: &Document, variables: &Variables) -> QueryResult<Vec<Bson>> {
    list.iter()
        .map(|expression| expression.evaluate(root, variables))
        .collect()
}

fn all_truthy(conditions: &[Expression], root: &Document, variables: &Variables) -> QueryResult<bool> {
    for condition in conditions {
        if !is_truthy(&condition.evaluate(root, variables)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn evaluate_field(
    variable: Option<&str>,
    path: &[String],
    root: &Document,
    variables: &Variables,
) -> QueryResult<Bson> {
    match variable {
        None if path.is_empty() => Ok(root.clone().into()),
        None => Ok(field_of_document(root, path)),
        Some("REMOVE") => Ok(Bson::Undefined),
        Some(name) => Ok(variables
            .get(name)
            .map_or(Bson::Undefined, |value| field_of(value, path))),
    }
}

fn field_of_document(document: &Document, path: &[String]) -> Bson {
    match path.split_first() {
        None => document.clone().into(),
        Some((first, rest)) => document
            .get(first)
            .map_or(Bson::Undefined, |value| field_of(value, rest)),
    }
}

/// Follows a path; an array on the way gives the array of what its elements have there. A number in a path is
/// a field name here, never an index.
fn field_of(value: &Bson, path: &[String]) -> Bson {
    match (value, path) {
        (value, []) => value.clone(),
        (Bson::Document(document), path) => field_of_document(document, path),
        (Bson::Array(elements), path) => elements
            .iter()
            .map(|element| field_of(element, path))
            .filter(|value| !matches!(value, Bson::Undefined))
            .collect::<Vec<_>>()
            .into(),
        _ => Bson::Undefined,
    }
}

fn input_array(
    operator: &str,
    code: i32,
    input: &Expression,
    root: &Document,
    variables: &Variables,
) -> QueryResult<Option<Vec<Bson>>> {
    match input.evaluate(root, variables)? {
        Bson::Array(elements) => Ok(Some(elements)),
        value if is_nullish(&value) => Ok(None),
        other => Err(QueryError::location(
            code,
            format!("input to {operator} must be an array not {}", type_name(&other)),
        )),
    }
}

fn filter_limit(value: &Bson) -> QueryResult<usize> {
    if is_nullish(value) {
        return Ok(usize::MAX);
    }
    Number::from_bson(value)
        .and_then(Number::to_exact_integer)
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0)
        .ok_or_else(|| QueryError::location(327_392, "$filter: limit must be greater than 0"))
}
