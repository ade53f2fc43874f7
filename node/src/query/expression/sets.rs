//! Operators that treat arrays as sets.

use bson::Bson;

use super::arrays::expect_array;
use super::evaluate::{is_nullish, is_truthy};
use crate::query::compare::{compare, equal};
use crate::query::error::QueryResult;

pub(super) fn union(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let mut all = Vec::new();
    for value in values {
        all.extend_from_slice(expect_array(name, 17043, value)?);
    }
    Ok(to_set(all).into())
}

pub(super) fn intersection(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let mut arrays = Vec::new();
    for value in values {
        arrays.push(expect_array(name, 17047, value)?);
    }
    let Some((first, rest)) = arrays.split_first() else {
        return Ok(Vec::<Bson>::new().into());
    };
    let common = first
        .iter()
        .filter(|value| rest.iter().all(|array| holds(array, value)))
        .cloned()
        .collect();
    Ok(to_set(common).into())
}

pub(super) fn difference(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let left = expect_array(name, 17048, &values[0])?;
    let right = expect_array(name, 17049, &values[1])?;
    let mut result: Vec<Bson> = Vec::new();
    for value in left {
        if !holds(right, value) && !holds(&result, value) {
            result.push(value.clone());
        }
    }
    Ok(result.into())
}

pub(super) fn equals(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let first = to_set(expect_array(name, 17044, &values[0])?.clone());
    for value in &values[1..] {
        if !equal(
            &first.clone().into(),
            &to_set(expect_array(name, 17044, value)?.clone()).into(),
        ) {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

pub(super) fn is_subset(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    let left = expect_array(name, 17046, &values[0])?;
    let right = expect_array(name, 17042, &values[1])?;
    Ok(left.iter().all(|value| holds(right, value)).into())
}

pub(super) fn all_elements_true(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(expect_array(name, 17040, &values[0])?
        .iter()
        .all(is_truthy)
        .into())
}

pub(super) fn any_element_true(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    Ok(expect_array(name, 17041, &values[0])?
        .iter()
        .any(is_truthy)
        .into())
}

fn holds(array: &[Bson], value: &Bson) -> bool {
    array.iter().any(|element| equal(element, value))
}

fn to_set(mut values: Vec<Bson>) -> Vec<Bson> {
    values.sort_by(compare);
    values.dedup_by(|left, right| equal(left, right));
    values
}
