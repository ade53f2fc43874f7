//! Text for people: numbers, times, and what came from outside made harmless to look at.
//!
//! maud escapes HTML. This file takes care of what HTML lets through: control characters, characters that turn
//! the reading direction, and endless strings.

use std::fmt::Write;

/// Longest foreign string that a page shows whole, in characters.
pub const TEXT_LIMIT: usize = 400;

/// Foreign text made visible: control characters as their pictures, invisible and direction-turning
/// characters as `\u{..}`, and cut after `limit` characters with a word on how many are left out.
pub fn visible(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    for (count, character) in text.chars().enumerate() {
        if count == limit {
            let left_out = text.chars().count() - limit;
            // Writing into a string cannot fail.
            let _ = write!(shown, "… ({} characters more)", grouped(left_out as u64));
            break;
        }
        match character {
            '\u{0}'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
            '\u{7f}' => shown.push('␡'),
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => shown.extend(character.escape_unicode()),
            plain => shown.push(plain),
        }
    }
    shown
}

/// [`visible`] with the usual limit.
pub fn shown(text: &str) -> String {
    visible(text, TEXT_LIMIT)
}

/// `12 345`: groups of three, with a narrow space.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `2 kills`, `1 kill`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A length of time with about three digits: `850 µs`, `12.3 ms`, `2.50 s`, `3 min 20 s`.
pub fn duration(nanos: u64) -> String {
    let scaled = |value: f64, unit: &str| {
        let decimals = if value < 10.0 {
            2
        } else if value < 100.0 {
            1
        } else {
            0
        };
        format!("{value:.decimals$} {unit}")
    };
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => scaled(nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => scaled(nanos as f64 / 1e6, "ms"),
        1_000_000_000..120_000_000_000 => scaled(nanos as f64 / 1e9, "s"),
        _ => {
            let seconds = nanos / 1_000_000_000;
            match seconds / 3_600 {
                0 => format!("{} min {:02} s", seconds / 60, seconds % 60),
                hours => format!("{hours} h {:02} min", seconds / 60 % 60),
            }
        }
    }
}

/// A moment of the run: `12.345 s`.
pub fn moment(nanos: u64) -> String {
    format!("{:.3} s", nanos as f64 / 1e9)
}

/// A name from code as words: `bytes_held` and `clock-jump` lose their joints.
pub fn words(name: &str) -> String {
    shown(&name.replace(['_', '-'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_hide_or_turn() {
        assert_eq!(visible("whole", usize::MAX), "whole");
        assert_eq!(visible("a\0b\x1b[31m\r\n\x7f", 99), "a␀b␛[31m␍␊␡");
        assert_eq!(visible("user\u{202e}gnp", 99), "user\\u{202e}gnp");
        assert_eq!(visible("äöü", 2), "äö… (1 characters more)");
        assert!(visible(&"x".repeat(1_000_000), 400).len() < 450);
    }

    #[test]
    fn lengths_of_time_keep_three_digits() {
        for (nanos, text) in [
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (12_345_678, "12.3 ms"),
            (2_500_000_000, "2.50 s"),
            (200_000_000_000, "3 min 20 s"),
            (7_260_000_000_000, "2 h 01 min"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
