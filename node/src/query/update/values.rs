//! What each operator makes of the value it finds.

use bson::{Bson, Document};

use super::navigate::Change;
use super::operator::{BitOperation, Operator};
use super::tree::ApplyContext;
use crate::query::compare::{compare, equal};
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::types::type_name;

/// The change that `operator` makes to `value` at `path`.
pub(super) fn change(
    operator: &Operator,
    value: Option<&Bson>,
    path: &str,
    context: &ApplyContext,
) -> QueryResult<Change> {
    Ok(match operator {
        Operator::Set(new) | Operator::SetOnInsert(new) => Change::Put(new.clone()),
        Operator::Unset => Change::Remove,
        Operator::Increment(by) => arithmetic("$inc", Number::checked_add, value, *by, path)?,
        Operator::Multiply(by) => arithmetic("$mul", Number::checked_multiply, value, *by, path)?,
        Operator::Minimum(bound) => match value {
            Some(value) if compare(bound, value).is_ge() => Change::Keep,
            _ => Change::Put(bound.clone()),
        },
        Operator::Maximum(bound) => match value {
            Some(value) if compare(bound, value).is_le() => Change::Keep,
            _ => Change::Put(bound.clone()),
        },
        Operator::CurrentDate => Change::Put(Bson::DateTime(context.now)),
        Operator::CurrentTimestamp => Change::Put(Bson::Timestamp(context.timestamp)),
        Operator::Rename(_) => Change::Keep,
        Operator::Push(push) => match value {
            None => Change::Put(push.apply(&[])?.into()),
            Some(Bson::Array(elements)) => Change::Put(push.apply(elements)?.into()),
            Some(other) => {
                return Err(QueryError::bad_value(format!(
                    "The field '{path}' must be an array but is of type {}",
                    type_name(other)
                )));
            }
        },
        Operator::AddToSet(values) => {
            let mut elements = match value {
                None => Vec::new(),
                Some(Bson::Array(elements)) => elements.clone(),
                Some(other) => {
                    return Err(QueryError::bad_value(format!(
                        "Cannot apply $addToSet to non-array field. Field named '{path}' has non-array type {}",
                        type_name(other)
                    )));
                }
            };
            for value in values {
                if !elements.iter().any(|element| equal(element, value)) {
                    elements.push(value.clone());
                }
            }
            Change::Put(elements.into())
        }
        Operator::Pull(condition) => keep_elements("$pull", value, |element| {
            condition.holds(element).map(|holds| !holds)
        })?,
        Operator::PullAll(values) => keep_elements("$pullAll", value, |element| {
            Ok(!values.iter().any(|value| equal(element, value)))
        })?,
        Operator::PopFirst | Operator::PopLast => pop(operator, value, path)?,
        Operator::Bits(operations) => bits(operations, value, path)?,
    })
}

/// Equal byte for byte: the same fields in the same order, of the same types.
pub(super) fn identical_documents(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|((left_name, left), (right_name, right))| left_name == right_name && identical(left, right))
}

fn identical(left: &Bson, right: &Bson) -> bool {
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => identical_documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| identical(left, right))
        }
        (Bson::Double(left), Bson::Double(right)) => left.to_bits() == right.to_bits(),
        (left, right) => left == right,
    }
}

fn arithmetic(
    name: &str,
    operation: fn(Number, Number) -> Option<Number>,
    value: Option<&Bson>,
    by: Number,
    path: &str,
) -> QueryResult<Change> {
    let number = match value {
        // What is missing counts as 0: increased it is the argument, multiplied it is a zero of its type.
        None if name == "$inc" => return Ok(Change::Put(by.to_bson())),
        None => Number::Int32(0),
        Some(value) => Number::from_bson(value).ok_or_else(|| {
            QueryError::type_mismatch(format!(
                "Cannot apply {name} to a value of non-numeric type. The field '{path}' has non-numeric type {}",
                type_name(value)
            ))
        })?,
    };
    let result = operation(number, by).ok_or_else(|| {
        QueryError::bad_value(format!(
            "Failed to apply {name} operations to current value: the result does not fit"
        ))
    })?;
    Ok(Change::Put(result.to_bson()))
}

fn keep_elements(
    name: &str,
    value: Option<&Bson>,
    keep: impl Fn(&Bson) -> QueryResult<bool>,
) -> QueryResult<Change> {
    match value {
        None => Ok(Change::Keep),
        Some(Bson::Array(elements)) => {
            let mut kept = Vec::new();
            for element in elements {
                if keep(element)? {
                    kept.push(element.clone());
                }
            }
            Ok(if kept.len() == elements.len() {
                Change::Keep
            } else {
                Change::Put(kept.into())
            })
        }
        Some(_) => Err(QueryError::bad_value(format!(
            "Cannot apply {name} to a non-array value"
        ))),
    }
}

fn pop(operator: &Operator, value: Option<&Bson>, path: &str) -> QueryResult<Change> {
    match value {
        None => Ok(Change::Keep),
        Some(Bson::Array(elements)) if elements.is_empty() => Ok(Change::Keep),
        Some(Bson::Array(elements)) => {
            let rest = match operator {
                Operator::PopFirst => &elements[1..],
                _ => &elements[..elements.len() - 1],
            };
            Ok(Change::Put(rest.to_vec().into()))
        }
        Some(other) => Err(QueryError::type_mismatch(format!(
            "Path '{path}' contains an element of non-array type '{}'",
            type_name(other)
        ))),
    }
}

fn bits(operations: &[(BitOperation, Number)], value: Option<&Bson>, path: &str) -> QueryResult<Change> {
    let start = match value {
        None => Number::Int32(0),
        Some(value) => match Number::from_bson(value) {
            Some(number @ (Number::Int32(_) | Number::Int64(_))) => number,
            _ => {
                return Err(QueryError::bad_value(format!(
                    "Cannot apply $bit to a value of non-integral type. The field '{path}' has type {}",
                    type_name(value)
                )));
            }
        },
    };
    let mut wide = start.is_int64();
    let mut bits = start.to_truncated_integer().unwrap_or(0);
    for (operation, operand) in operations {
        wide |= operand.is_int64();
        let operand = operand.to_truncated_integer().unwrap_or(0);
        match operation {
            BitOperation::And => bits &= operand,
            BitOperation::Or => bits |= operand,
            BitOperation::Xor => bits ^= operand,
        }
    }
    Ok(Change::Put(if wide {
        Bson::Int64(bits)
    } else {
        Bson::Int32(bits as i32)
    }))
}
