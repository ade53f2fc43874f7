//! What `$group` gathers.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::query::compare::{OrderedBson, compare};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables};
use crate::query::number::Number;

/// One gathered value of one group.
#[derive(Clone, Debug)]
pub enum Accumulator {
    /// `$sum`, `$count`
    Sum(Number),
    /// `$avg`: sum and count
    Average(Number, i64),
    /// `$min`
    Minimum(Option<Bson>),
    /// `$max`
    Maximum(Option<Bson>),
    /// `$first`
    First(Option<Bson>),
    /// `$last`
    Last(Bson),
    /// `$push`
    Push(Vec<Bson>),
    /// `$addToSet`
    AddToSet(std::collections::BTreeSet<OrderedBson>),
    /// `$mergeObjects`
    Merge(Document),
    /// `$stdDevPop` and `$stdDevSamp`: count, mean, sum of squared distances, sample or not
    Deviation(i64, f64, f64, bool),
}

/// The accumulator of an operator, and the expression it is fed with.
pub(super) fn parse(
    field: &str,
    specification: &Bson,
    variables: &Variables,
) -> QueryResult<(Accumulator, Expression)> {
    let Bson::Document(specification) = specification else {
        return Err(QueryError::location(
            40234,
            format!("The field '{field}' must be an accumulator object"),
        ));
    };
    let (Some((name, argument)), 1) = (specification.iter().next(), specification.len()) else {
        return Err(QueryError::location(
            40238,
            format!("The field '{field}' must specify one accumulator"),
        ));
    };
    let empty = match name.as_str() {
        "$sum" => Accumulator::Sum(Number::Int32(0)),
        "$count" => {
            if argument.as_document().is_none_or(|argument| !argument.is_empty()) {
                return Err(QueryError::type_mismatch(
                    "$count takes no arguments, i.e. $count:{}",
                ));
            }
            return Ok((
                Accumulator::Sum(Number::Int32(0)),
                Expression::Literal(Bson::Int32(1)),
            ));
        }
        "$avg" => Accumulator::Average(Number::Int32(0), 0),
        "$min" => Accumulator::Minimum(None),
        "$max" => Accumulator::Maximum(None),
        "$first" => Accumulator::First(None),
        "$last" => Accumulator::Last(Bson::Null),
        "$push" => Accumulator::Push(Vec::new()),
        "$addToSet" => Accumulator::AddToSet(Default::default()),
        "$mergeObjects" => Accumulator::Merge(Document::new()),
        "$stdDevPop" => Accumulator::Deviation(0, 0.0, 0.0, false),
        "$stdDevSamp" => Accumulator::Deviation(0, 0.0, 0.0, true),
        _ => {
            return Err(QueryError::location(
                15952,
                format!("unknown group operator '{name}'"),
            ));
        }
    };
    if argument.as_array().is_some_and(|arguments| arguments.len() != 1) {
        return Err(QueryError::location(
            40237,
            format!("The {name} accumulator is a unary operator"),
        ));
    }
    // An array of one is that one.
    let argument = match argument {
        Bson::Array(arguments) => &arguments[0],
        argument => argument,
    };
    Ok((empty, Expression::parse(argument, variables)?))
}

impl Accumulator {
    /// Takes one document's value; `Undefined` is missing.
    pub fn add(&mut self, value: Bson) -> QueryResult<()> {
        let missing = matches!(value, Bson::Undefined);
        let nullish = missing || matches!(value, Bson::Null);
        match self {
            Self::Sum(sum) => {
                if let Some(number) = Number::from_bson(&value) {
                    *sum = crate::query::expression::add_numbers(*sum, number);
                }
            }
            Self::Average(sum, count) => {
                if let Some(number) = Number::from_bson(&value) {
                    *sum = crate::query::expression::add_numbers(*sum, number);
                    *count += 1;
                }
            }
            Self::Minimum(least) if !nullish => {
                if least
                    .as_ref()
                    .is_none_or(|least| compare(&value, least) == Ordering::Less)
                {
                    *least = Some(value);
                }
            }
            Self::Maximum(most) if !nullish => {
                if most
                    .as_ref()
                    .is_none_or(|most| compare(&value, most) == Ordering::Greater)
                {
                    *most = Some(value);
                }
            }
            Self::Minimum(_) | Self::Maximum(_) => {}
            Self::First(first) => {
                first.get_or_insert(if missing { Bson::Null } else { value });
            }
            Self::Last(last) => *last = if missing { Bson::Null } else { value },
            Self::Push(values) if !missing => values.push(value),
            Self::AddToSet(values) if !missing => {
                values.insert(OrderedBson(value));
            }
            Self::Push(_) | Self::AddToSet(_) => {}
            Self::Merge(merged) => match value {
                Bson::Document(document) => merged.extend(document),
                _ if nullish => {}
                _ => {
                    return Err(QueryError::location(
                        40400,
                        "$mergeObjects requires object inputs",
                    ));
                }
            },
            Self::Deviation(count, mean, squares, _) => {
                if let Some(number) = Number::from_bson(&value).map(Number::to_f64) {
                    *count += 1;
                    let distance = number - *mean;
                    *mean += distance / *count as f64;
                    *squares += distance * (number - *mean);
                }
            }
        }
        Ok(())
    }

    /// The gathered value.
    pub fn finish(self) -> Bson {
        match self {
            Self::Sum(sum) => sum.to_bson(),
            Self::Average(_, 0) => Bson::Null,
            Self::Average(sum, count) => sum.divide(Number::Int64(count)).to_bson(),
            Self::Minimum(value) | Self::Maximum(value) | Self::First(value) => value.unwrap_or(Bson::Null),
            Self::Last(value) => value,
            Self::Push(values) => values.into(),
            Self::AddToSet(values) => values.into_iter().map(|value| value.0).collect::<Vec<_>>().into(),
            Self::Merge(merged) => merged.into(),
            Self::Deviation(count, _, squares, sample) => {
                let divisor = count - i64::from(sample);
                if divisor > 0 {
                    Bson::Double((squares / divisor as f64).sqrt())
                } else {
                    Bson::Null
                }
            }
        }
    }
}
