//! Comparison operators and `$not`.

use std::cmp::Ordering;

use bson::Bson;

use super::evaluate::is_truthy;
use crate::query::compare::compare;
use crate::query::error::QueryResult;

pub(super) fn compare_values(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(Bson::Int32(compare(&values[0], &values[1]) as i32))
}

pub(super) fn equal(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(compare(&values[0], &values[1]).is_eq().into())
}

pub(super) fn not_equal(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(compare(&values[0], &values[1]).is_ne().into())
}

pub(super) fn less(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok((compare(&values[0], &values[1]) == Ordering::Less).into())
}

pub(super) fn less_or_equal(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(compare(&values[0], &values[1]).is_le().into())
}

pub(super) fn greater(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok((compare(&values[0], &values[1]) == Ordering::Greater).into())
}

pub(super) fn greater_or_equal(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(compare(&values[0], &values[1]).is_ge().into())
}

pub(super) fn not(_: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok((!is_truthy(&values[0])).into())
}
