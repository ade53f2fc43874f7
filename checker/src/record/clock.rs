//! Calendar time as text, for names of directories and for people. UTC only.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2026-11-21T07:09:08.123Z`.
pub fn utc_text(time: SystemTime) -> String {
    let (year, month, day, hour, minute, second) = civil(time);
    let millis = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Nanoseconds since 1970 of a text like [`utc_text`]'s, with any number of decimals; `None` for other texts.
/// Reads the start of `text` only and tells how many bytes the time took.
pub fn parse_utc(text: &str) -> Option<(u64, usize)> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u64> {
        let digits = bytes.get(range)?;
        digits.iter().all(u8::is_ascii_digit).then(|| {
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
        })
    };
    let punctuation = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let shaped = punctuation.iter().all(|(at, byte)| bytes.get(*at) == Some(byte));
    if !shaped || !matches!(bytes.get(10), Some(b'T' | b' ')) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut end = 19;
    let mut nanos = 0;
    if bytes.get(end) == Some(&b'.') {
        let decimals = bytes[end + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        for place in 0..9 {
            let digit = if place < decimals {
                u64::from(bytes[end + 1 + place] - b'0')
            } else {
                0
            };
            nanos = nanos * 10 + digit;
        }
        end += 1 + decimals;
    }
    let zone = &bytes[end..];
    if zone.first() == Some(&b'Z') {
        end += 1;
    } else if zone.starts_with(b"+00:00") {
        end += 6;
    } else {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((seconds * 1_000_000_000 + nanos, end))
}

/// Days from 1970 to a day of the calendar: the inverse of [`civil`]'s date.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let (era, year_of_era) = (year / 400, year % 400);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `20261121-070908`: sorts as time does, and is a legal file name everywhere.
pub fn utc_name(time: SystemTime) -> String {
    let (year, month, day, hour, minute, second) = civil(time);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

/// Splits a time into the proleptic Gregorian calendar (Hinnant's `civil_from_days`: years begin in March, so
/// that the leap day is the last of its year). Times before 1970 count as 1970.
fn civil(time: SystemTime) -> (u64, u64, u64, u64, u64, u64) {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day, rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_200, "2024-03-01T00:00:00.000Z"),
            (1_795_244_948, "2026-11-21T07:09:08.000Z"),
        ] {
            assert_eq!(utc_text(UNIX_EPOCH + Duration::from_secs(seconds)), text);
            assert_eq!(parse_utc(text), Some((seconds * 1_000_000_000, text.len())));
        }
        assert_eq!(
            utc_name(UNIX_EPOCH + Duration::from_secs(1_795_244_948)),
            "20261121-070908"
        );
    }

    #[test]
    fn only_utc_is_read() {
        assert_eq!(
            parse_utc("1970-01-01T00:00:01.5Z INFO"),
            Some((1_500_000_000, 22))
        );
        assert_eq!(
            parse_utc("1970-01-01T00:00:01.123456789+00:00"),
            Some((1_123_456_789, 35))
        );
        for text in [
            "",
            "1970-01-01T00:00:01",
            "1970-01-01T00:00:01+02:00",
            "1970-13-01T00:00:01Z",
            "a970-01-01T00:00:01Z",
        ] {
            assert_eq!(parse_utc(text), None, "{text}");
        }
    }
}
