//! Operators on one number (or a number and a place): rounding, roots, powers, logarithms.

use bson::Bson;

use super::arithmetic::expect_number;
use super::evaluate::is_nullish;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;

pub(super) fn absolute(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| match number {
        Number::Int32(value) => Ok(value
            .checked_abs()
            .map_or(Number::Int64(i64::from(value).abs()), Number::Int32)),
        Number::Int64(value) => value
            .checked_abs()
            .map(Number::Int64)
            .ok_or_else(|| QueryError::location(28680, "can't take $abs of long long min")),
        Number::Double(value) => Ok(Number::Double(value.abs())),
        decimal if decimal.compare(Number::Int32(0)).is_lt() => {
            Ok(Number::Int32(0).checked_subtract(decimal).unwrap_or(decimal))
        }
        decimal => Ok(decimal),
    })
}

pub(super) fn ceiling(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| Ok(round_with(number, f64::ceil)))
}

pub(super) fn floor(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| Ok(round_with(number, f64::floor)))
}

pub(super) fn round(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    to_place(name, values, f64::round_ties_even)
}

pub(super) fn truncate(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    to_place(name, values, f64::trunc)
}

pub(super) fn square_root(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| {
        if number.to_f64() < 0.0 {
            return Err(QueryError::location(
                28714,
                "$sqrt's argument must be greater than or equal to 0",
            ));
        }
        Ok(like(number, number.to_f64().sqrt()))
    })
}

pub(super) fn exponential(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| Ok(like(number, number.to_f64().exp())))
}

pub(super) fn natural_logarithm(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| {
        expect_positive(number, 28766, "$ln's argument must be a positive number")?;
        Ok(like(number, number.to_f64().ln()))
    })
}

pub(super) fn decimal_logarithm(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    one_number(name, values, |number| {
        expect_positive(number, 28761, "$log10's argument must be a positive number")?;
        Ok(like(number, number.to_f64().log10()))
    })
}

pub(super) fn logarithm(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let number = expect_number(name, "numeric types", &values[0])?;
    let base = expect_number(name, "numeric types", &values[1])?;
    expect_positive(number, 28758, "$log's argument must be a positive number")?;
    expect_positive(
        base,
        28759,
        "$log's base must be a positive number not equal to 1",
    )?;
    if base.compare(Number::Int32(1)).is_eq() {
        return Err(QueryError::location(
            28759,
            "$log's base must be a positive number not equal to 1",
        ));
    }
    Ok(like(number, number.to_f64().ln() / base.to_f64().ln()).to_bson())
}

pub(super) fn power(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values.iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let base = expect_number(name, "numeric types", &values[0])?;
    let exponent = expect_number(name, "numeric types", &values[1])?;
    if base.is_zero() && exponent.compare(Number::Int32(0)).is_lt() {
        return Err(QueryError::location(
            28764,
            "$pow cannot take a base of 0 and a negative exponent",
        ));
    }
    let float = base.to_f64().powf(exponent.to_f64());
    if base.is_decimal() || exponent.is_decimal() {
        return Ok(Bson::Decimal128(Number::Double(float).widen_to_decimal()));
    }
    let exact = match (base, exponent) {
        (Number::Double(_), _) | (_, Number::Double(_)) => None,
        _ => base
            .to_exact_integer()
            .zip(exponent.to_exact_integer())
            .and_then(|(base, exponent)| {
                u32::try_from(exponent)
                    .ok()
                    .and_then(|exponent| base.checked_pow(exponent))
            }),
    };
    let narrow = !base.is_int64() && !exponent.is_int64();
    Ok(match exact {
        Some(value) if narrow => i32::try_from(value).map_or(Bson::Int64(value), Bson::Int32),
        Some(value) => Bson::Int64(value),
        None => Bson::Double(float),
    })
}

fn one_number(
    name: &str,
    values: &[Bson],
    operation: impl Fn(Number) -> QueryResult<Number>,
) -> QueryResult<Bson> {
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let number = Number::from_bson(&values[0]).ok_or_else(|| {
        let found = crate::query::types::type_name(&values[0]);
        QueryError::location(28765, format!("{name} only supports numeric types, not {found}"))
    })?;
    Ok(operation(number)?.to_bson())
}

fn expect_positive(number: Number, code: i32, text: &str) -> QueryResult<()> {
    if number.is_nan() || number.compare(Number::Int32(0)).is_gt() {
        return Ok(());
    }
    Err(QueryError::location(code, text))
}

/// A floating result: a decimal if the argument was one.
fn like(argument: Number, value: f64) -> Number {
    if argument.is_decimal() {
        Number::Decimal(Number::Double(value).widen_to_decimal())
    } else {
        Number::Double(value)
    }
}

fn round_with(number: Number, rounding: fn(f64) -> f64) -> Number {
    match number {
        Number::Double(value) => Number::Double(rounding(value)),
        Number::Decimal(_) => like(number, rounding(number.to_f64())),
        integer => integer,
    }
}

const PLACE_RANGE: std::ops::RangeInclusive<i64> = -20..=100;

fn to_place(name: &'static str, values: &[Bson], rounding: fn(f64) -> f64) -> QueryResult<Bson> {
    let place = match values.get(1) {
        None => 0,
        Some(place) if is_nullish(place) => return Ok(Bson::Null),
        Some(place) => Number::from_bson(place)
            .and_then(Number::to_exact_integer)
            .filter(|place| PLACE_RANGE.contains(place))
            .ok_or_else(|| {
                QueryError::location(51083, format!("cannot apply {name} with precision value {place}"))
            })?,
    };
    if is_nullish(&values[0]) {
        return Ok(Bson::Null);
    }
    let number = Number::from_bson(&values[0]).ok_or_else(|| {
        let found = crate::query::types::type_name(&values[0]);
        QueryError::location(51081, format!("{name} only supports numeric types, not {found}"))
    })?;
    let value = number.to_f64();
    // Through text: 2.675 * 100 is not 267.5 in binary.
    let rounded = if place > 0 && value.is_finite() && rounding(0.6) == 1.0 {
        format!("{value:.*}", place as usize).parse().unwrap_or(value)
    } else {
        let scale = 10_f64.powi(place as i32);
        rounding(value * scale) / scale
    };
    Ok(match number {
        Number::Double(_) => Bson::Double(rounded),
        Number::Decimal(_) => like(number, rounded).to_bson(),
        integer if place >= 0 => integer.to_bson(),
        Number::Int32(_) => Bson::Int32(rounded as i32),
        _ => Bson::Int64(rounded as i64),
    })
}
