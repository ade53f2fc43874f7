//! Dates and timestamps: parts, arithmetic, text. Time zones are UTC and fixed offsets; names of places are
//! refused, since no zone table is carried.

use bson::{Bson, DateTime};

use super::evaluate::is_nullish;
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;
use crate::query::types::type_name;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A date in the proleptic Gregorian calendar.
#[derive(Clone, Copy)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    /// Milliseconds since midnight.
    time_ms: i64,
    /// Days since 1970-01-01.
    days: i64,
}

pub(super) fn year(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.year)
}

pub(super) fn month(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.month)
}

pub(super) fn day_of_month(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.day)
}

pub(super) fn day_of_week(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| weekday(date.days) + 1)
}

pub(super) fn day_of_year(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| {
        date.days - days_from_civil(date.year, 1, 1) + 1
    })
}

pub(super) fn hour(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.time_ms / HOUR_MS)
}

pub(super) fn minute(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.time_ms / MINUTE_MS % 60)
}

pub(super) fn second(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.time_ms / 1000 % 60)
}

pub(super) fn millisecond(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    part(name, values, |date| date.time_ms % 1000)
}

pub(super) fn timestamp_second(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    timestamp_part(name, values, |timestamp| timestamp.time)
}

pub(super) fn timestamp_increment(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    timestamp_part(name, values, |timestamp| timestamp.increment)
}

pub(super) fn to_text(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    const DEFAULT_FORMAT: &str = "%Y-%m-%dT%H:%M:%S.%LZ";
    let on_null = if matches!(values[3], Bson::Undefined) {
        Bson::Null
    } else {
        values[3].clone()
    };
    let Some(milliseconds) = instant(name, &values[0])? else {
        return Ok(on_null);
    };
    let Some(offset) = zone_offset(name, &values[2])? else {
        return Ok(Bson::Null);
    };
    let format = match &values[1] {
        Bson::Undefined => DEFAULT_FORMAT,
        Bson::Null => return Ok(Bson::Null),
        Bson::String(format) => format,
        other => {
            let text = format!(
                "{name} requires that 'format' be a string, found: {}",
                type_name(other)
            );
            return Err(QueryError::location(18533, text));
        }
    };
    let date = civil(milliseconds + offset);
    let mut result = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            result.push(character);
            continue;
        }
        result.push_str(&match characters.next() {
            Some('Y') => format!("{:04}", date.year),
            Some('m') => format!("{:02}", date.month),
            Some('d') => format!("{:02}", date.day),
            Some('H') => format!("{:02}", date.time_ms / HOUR_MS),
            Some('M') => format!("{:02}", date.time_ms / MINUTE_MS % 60),
            Some('S') => format!("{:02}", date.time_ms / 1000 % 60),
            Some('L') => format!("{:03}", date.time_ms % 1000),
            Some('j') => format!("{:03}", date.days - days_from_civil(date.year, 1, 1) + 1),
            Some('w') => (weekday(date.days) + 1).to_string(),
            Some('u') => ((weekday(date.days) + 6) % 7 + 1).to_string(),
            Some('z') => {
                let minutes = offset.abs() / MINUTE_MS;
                format!(
                    "{}{:02}{:02}",
                    if offset < 0 { '-' } else { '+' },
                    minutes / 60,
                    minutes % 60
                )
            }
            Some('Z') => (offset / MINUTE_MS).to_string(),
            Some('%') => "%".to_owned(),
            _ => {
                return Err(QueryError::location(
                    18536,
                    format!("Invalid format character in {name}"),
                ));
            }
        });
    }
    Ok(result.into())
}

pub(super) fn add(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    shift(name, values, 1)
}

pub(super) fn subtract(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    shift(name, values, -1)
}

pub(super) fn difference(name: &'static str, values: &[Bson]) -> QueryResult<Bson> {
    if values[..3].iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let (Some(start), Some(end)) = (instant(name, &values[0])?, instant(name, &values[1])?) else {
        return Ok(Bson::Null);
    };
    let Some(offset) = zone_offset(name, &values[3])? else {
        return Ok(Bson::Null);
    };
    let (start, end) = (start + offset, end + offset);
    let months = |at: i64| civil(at).year * 12 + civil(at).month - 1;
    let result = match unit(name, &values[2])? {
        Unit::Milliseconds(WEEK_MS) => {
            let week = |at: i64| (at.div_euclid(DAY_MS) + 4).div_euclid(7);
            week(end) - week(start)
        }
        Unit::Milliseconds(length) => end.div_euclid(length) - start.div_euclid(length),
        Unit::Months(length) => months(end).div_euclid(length) - months(start).div_euclid(length),
    };
    Ok(Bson::Int64(result))
}

/// `2026-11-21T07:00:00.000Z`.
pub(super) fn iso_text(date: DateTime) -> String {
    let date = civil(date.timestamp_millis());
    let time = date.time_ms;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year,
        date.month,
        date.day,
        time / HOUR_MS,
        time / MINUTE_MS % 60,
        time / 1000 % 60,
        time % 1000
    )
}

/// Reads an ISO date, with or without time and zone.
pub(super) fn parse_iso(text: &str) -> Option<DateTime> {
    if text.len() == 10 {
        return DateTime::parse_rfc3339_str(format!("{text}T00:00:00Z")).ok();
    }
    let with_zone = text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    let text = if with_zone {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    DateTime::parse_rfc3339_str(text).ok()
}

const WEEK_MS: i64 = 7 * DAY_MS;

enum Unit {
    Milliseconds(i64),
    Months(i64),
}

fn unit(name: &str, value: &Bson) -> QueryResult<Unit> {
    Ok(match value.as_str() {
        Some("millisecond") => Unit::Milliseconds(1),
        Some("second") => Unit::Milliseconds(1000),
        Some("minute") => Unit::Milliseconds(MINUTE_MS),
        Some("hour") => Unit::Milliseconds(HOUR_MS),
        Some("day") => Unit::Milliseconds(DAY_MS),
        Some("week") => Unit::Milliseconds(WEEK_MS),
        Some("month") => Unit::Months(1),
        Some("quarter") => Unit::Months(3),
        Some("year") => Unit::Months(12),
        _ => {
            return Err(QueryError::failed_to_parse(format!(
                "{name} parameter 'unit' value is not recognized"
            )));
        }
    })
}

fn shift(name: &str, values: &[Bson], sign: i64) -> QueryResult<Bson> {
    if values[..3].iter().any(is_nullish) {
        return Ok(Bson::Null);
    }
    let Some(start) = instant(name, &values[0])? else {
        return Ok(Bson::Null);
    };
    let Some(offset) = zone_offset(name, &values[3])? else {
        return Ok(Bson::Null);
    };
    let overflow = || QueryError::location(5_166_406, format!("{name} overflowed"));
    let amount = Number::from_bson(&values[2])
        .and_then(Number::to_exact_integer)
        .and_then(|amount| amount.checked_mul(sign))
        .ok_or_else(|| {
            QueryError::location(5_166_405, format!("{name} expects integer amount of time units"))
        })?;
    let result = match unit(name, &values[1])? {
        Unit::Milliseconds(length) => amount
            .checked_mul(length)
            .and_then(|by| start.checked_add(by))
            .ok_or_else(overflow)?,
        Unit::Months(length) => {
            let date = civil(start + offset);
            let months = amount
                .checked_mul(length)
                .filter(|months| months.abs() < 12_000_000)
                .map(|months| date.year * 12 + date.month - 1 + months)
                .ok_or_else(overflow)?;
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
            let day = date.day.min(days_in_month(year, month));
            days_from_civil(year, month, day) * DAY_MS + date.time_ms - offset
        }
    };
    Ok(Bson::DateTime(DateTime::from_millis(result)))
}

fn part(name: &str, values: &[Bson], pick: fn(&Civil) -> i64) -> QueryResult<Bson> {
    let Some(milliseconds) = instant(name, &values[0])? else {
        return Ok(Bson::Null);
    };
    let Some(offset) = zone_offset(name, &values[1])? else {
        return Ok(Bson::Null);
    };
    Ok(Bson::Int32(pick(&civil(milliseconds + offset)) as i32))
}

fn timestamp_part(name: &str, values: &[Bson], pick: fn(&bson::Timestamp) -> u32) -> QueryResult<Bson> {
    match &values[0] {
        Bson::Timestamp(timestamp) => Ok(Bson::Int64(i64::from(pick(timestamp)))),
        value if is_nullish(value) => Ok(Bson::Null),
        other => Err(QueryError::location(
            5_687_301,
            format!(
                "{name} requires a timestamp argument, found: {}",
                type_name(other)
            ),
        )),
    }
}

/// Far from the ends of 64 bits, so that no arithmetic below can overflow (about 290,000 years).
const INSTANT_LIMIT_MS: i64 = i64::MAX / 1_000;

fn instant(name: &str, value: &Bson) -> QueryResult<Option<i64>> {
    let milliseconds = match value {
        Bson::DateTime(date) => date.timestamp_millis(),
        Bson::ObjectId(id) => id.timestamp().timestamp_millis(),
        Bson::Timestamp(timestamp) => i64::from(timestamp.time) * 1000,
        value if is_nullish(value) => return Ok(None),
        other => {
            let text = format!(
                "{name}: can't convert from BSON type {} to Date",
                type_name(other)
            );
            return Err(QueryError::location(16006, text));
        }
    };
    if milliseconds.abs_diff(0) > INSTANT_LIMIT_MS as u64 {
        return Err(QueryError::bad_value(format!("{name}: date is out of range")));
    }
    Ok(Some(milliseconds))
}

fn zone_offset(name: &str, value: &Bson) -> QueryResult<Option<i64>> {
    let text = match value {
        Bson::Undefined => return Ok(Some(0)),
        Bson::Null => return Ok(None),
        Bson::String(text) => text.as_str(),
        other => {
            let text = format!("{name} requires a string for the timezone argument, but was given {other}");
            return Err(QueryError::location(40517, text));
        }
    };
    if ["UTC", "GMT", "Z", "Etc/UTC"].contains(&text) {
        return Ok(Some(0));
    }
    let unknown = || QueryError::location(40485, format!("unrecognized time zone identifier: \"{text}\""));
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(unknown()),
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !(digits.len() == 2 || digits.len() == 4) {
        return Err(unknown());
    }
    let hours: i64 = digits[..2].parse().map_err(|_| unknown())?;
    let minutes: i64 = digits
        .get(2..)
        .filter(|rest| !rest.is_empty())
        .map_or(Ok(0), str::parse)
        .map_err(|_| unknown())?;
    Ok(Some(sign * (hours * HOUR_MS + minutes * MINUTE_MS)))
}

fn civil(milliseconds: i64) -> Civil {
    let days = milliseconds.div_euclid(DAY_MS);
    // Count from 0000-03-01, so that the leap day is the last of a year; eras are 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month,
        day,
        time_ms: milliseconds.rem_euclid(DAY_MS),
        days,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
}

/// 0 is Sunday.
fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}
