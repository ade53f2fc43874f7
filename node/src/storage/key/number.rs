//! Numbers of four types in one order.
//!
//! A number `x` is the largest double `d <= x` in nine bytes at most for what fits a double exactly: 8 bytes that
//! sort as doubles do, then 0. Otherwise (a long above 2^53, a decimal) a 1 follows and the exact decimal digits
//! of `x`: numbers between two neighbouring doubles have the same `d` and are told apart by their digits.
//! NaN sorts below all numbers.

use super::decimal::Decimal;

const EXACT: u8 = 0;
const DIGITS_FOLLOW: u8 = 1;
/// Makes exponents positive: decimals reach from 10^-6176 to 10^6145.
const EXPONENT_BIAS: i32 = 8192;

pub(super) fn encode_double(double: f64, key: &mut Vec<u8>) {
    encode_floor(double, key);
    key.push(EXACT);
}

pub(super) fn encode_integer(integer: i64, key: &mut Vec<u8>) {
    let nearest = integer as f64;
    let (floor, is_exact) = match (nearest as i128).cmp(&i128::from(integer)) {
        std::cmp::Ordering::Equal => (nearest, true),
        std::cmp::Ordering::Less => (nearest, false),
        std::cmp::Ordering::Greater => (nearest.next_down(), false),
    };
    encode_floor(floor, key);
    if is_exact {
        key.push(EXACT);
    } else {
        key.push(DIGITS_FOLLOW);
        encode_digits(integer < 0, u128::from(integer.unsigned_abs()), 0, key);
    }
}

pub(super) fn encode_decimal(decimal: Decimal, key: &mut Vec<u8>) {
    match decimal {
        Decimal::NaN => encode_double(f64::NAN, key),
        Decimal::Infinity { is_negative: false } => encode_double(f64::INFINITY, key),
        Decimal::Infinity { is_negative: true } => encode_double(f64::NEG_INFINITY, key),
        Decimal::Finite {
            is_negative,
            coefficient,
            exponent,
        } => {
            let (floor, is_exact) = decimal.floor();
            encode_floor(floor, key);
            if is_exact {
                key.push(EXACT);
            } else {
                key.push(DIGITS_FOLLOW);
                encode_digits(is_negative, coefficient, exponent, key);
            }
        }
    }
}

/// Eight bytes that sort as doubles do; NaN lowest; both zeros equal.
fn encode_floor(double: f64, key: &mut Vec<u8>) {
    let bits = if double.is_nan() {
        0
    } else {
        let bits = (double + 0.0).to_bits();
        if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
    };
    key.extend_from_slice(&bits.to_be_bytes());
}

/// The number as `0.d1d2d3… * 10^e`: exponent, digits in pairs (1 to 100 each), 0. All inverted if negative.
fn encode_digits(is_negative: bool, coefficient: u128, exponent: i32, key: &mut Vec<u8>) {
    let start = key.len();
    let digits = coefficient.to_string();
    let biased = exponent + digits.len() as i32 + EXPONENT_BIAS;
    key.extend_from_slice(&(biased as u16).to_be_bytes());
    for pair in digits.trim_end_matches('0').as_bytes().chunks(2) {
        let ones = pair.get(1).map_or(0, |digit| digit - b'0');
        key.push((pair[0] - b'0') * 10 + ones + 1);
    }
    key.push(0);
    if is_negative {
        for byte in &mut key[start..] {
            *byte = !*byte;
        }
    }
}
