//! Arithmetic on IEEE 754-2008 decimal128 (the BID encoding of BSON); the `bson` crate stores and prints only.

use std::cmp::Ordering;

use bson::Decimal128;

/// A decoded decimal128.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decimal {
    /// Not a number.
    NaN,
    /// Infinity; `true` is negative.
    Infinity(bool),
    /// `(-1)^negative * coefficient * 10^exponent`, the coefficient below [`COEFFICIENT_LIMIT`].
    Finite {
        negative: bool,
        coefficient: u128,
        exponent: i32,
    },
}

const COEFFICIENT_LIMIT: u128 = 10_u128.pow(34);
const EXPONENT_BIAS: i32 = 6176;
const EXPONENT_MIN: i32 = -EXPONENT_BIAS;
const EXPONENT_MAX: i32 = 6111;
/// Significant digits that MongoDB gives a double that enters decimal arithmetic.
const DOUBLE_DIGITS_ARITHMETIC: usize = 15;
/// Significant digits for comparisons, enough to keep 0.1 (double) and 0.1 (decimal) apart.
const DOUBLE_DIGITS_COMPARISON: usize = 34;

impl Decimal {
    /// Decodes; a coefficient out of range is zero, as the standard demands.
    pub(super) fn decode(value: &Decimal128) -> Self {
        let bytes = value.bytes();
        let bits = u128::from_le_bytes(bytes);
        let negative = bits >> 127 == 1;
        match (bits >> 122) & 0x1f {
            0x1f => return Self::NaN,
            0x1e => return Self::Infinity(negative),
            _ => {}
        }
        let large_form = (bits >> 125) & 3 == 3;
        let shift = if large_form { 111 } else { 113 };
        let exponent = ((bits >> shift) & 0x3fff) as i32 - EXPONENT_BIAS;
        let coefficient = bits & ((1 << 113) - 1);
        let coefficient = if large_form || coefficient >= COEFFICIENT_LIMIT {
            0
        } else {
            coefficient
        };
        Self::Finite {
            negative,
            coefficient,
            exponent,
        }
    }

    /// Encodes.
    pub(super) fn encode(self) -> Decimal128 {
        let bits = match self {
            Self::NaN => 0x1f << 122,
            Self::Infinity(negative) => (u128::from(negative) << 127) | (0x1e << 122),
            Self::Finite {
                negative,
                coefficient,
                exponent,
            } => {
                let biased = (exponent + EXPONENT_BIAS) as u128;
                (u128::from(negative) << 127) | (biased << 113) | coefficient
            }
        };
        Decimal128::from_bytes(bits.to_le_bytes())
    }

    /// An integer, exactly.
    pub(super) fn from_i64(value: i64) -> Self {
        Self::Finite {
            negative: value < 0,
            coefficient: u128::from(value.unsigned_abs()),
            exponent: 0,
        }
    }

    /// A double as MongoDB takes it into decimal arithmetic.
    pub(super) fn from_f64(value: f64) -> Self {
        Self::from_f64_digits(value, DOUBLE_DIGITS_ARITHMETIC)
    }

    fn from_f64_digits(value: f64, digits: usize) -> Self {
        if value.is_nan() {
            return Self::NaN;
        }
        if value.is_infinite() {
            return Self::Infinity(value < 0.0);
        }
        let text = format!("{:.*e}", digits - 1, value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa.split_once('.').map_or("", |(_, fraction)| fraction);
        let mut coefficient: u128 = mantissa.replace('.', "").parse().unwrap_or(0);
        let mut exponent = exponent.parse::<i32>().unwrap_or(0) - fraction.len() as i32;
        while coefficient != 0 && coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        round(value.is_sign_negative(), coefficient, exponent, false)
    }

    /// The nearest double.
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Self::NaN => f64::NAN,
            Self::Infinity(true) => f64::NEG_INFINITY,
            Self::Infinity(false) => f64::INFINITY,
            Self::Finite {
                negative,
                coefficient,
                exponent,
            } => {
                let magnitude: f64 = format!("{coefficient}e{exponent}").parse().unwrap_or(f64::NAN);
                if negative { -magnitude } else { magnitude }
            }
        }
    }

    /// The integer part, if it fits.
    pub(super) fn to_i64(self) -> Option<i64> {
        let Self::Finite {
            negative,
            mut coefficient,
            exponent,
        } = self
        else {
            return None;
        };
        for _ in 0..exponent.max(0) {
            coefficient = coefficient.checked_mul(10).filter(|value| *value <= 1 << 64)?;
            if coefficient == 0 {
                break;
            }
        }
        for _ in exponent..0 {
            coefficient /= 10;
            if coefficient == 0 {
                break;
            }
        }
        let signed = i128::try_from(coefficient).ok()?;
        i64::try_from(if negative { -signed } else { signed }).ok()
    }

    /// Whether nothing stands behind the decimal point.
    pub(super) fn is_integral(self) -> bool {
        let Self::Finite {
            coefficient,
            exponent,
            ..
        } = self
        else {
            return false;
        };
        exponent >= 0 || coefficient == 0 || {
            let digits = exponent.unsigned_abs();
            digits < 39 && coefficient.is_multiple_of(10_u128.pow(digits))
        }
    }

    /// `-self`.
    pub(super) fn negate(self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            Self::Infinity(negative) => Self::Infinity(!negative),
            Self::Finite {
                negative,
                coefficient,
                exponent,
            } => Self::Finite {
                negative: !negative,
                coefficient,
                exponent,
            },
        }
    }

    /// `self + other`, rounded half to even.
    pub(super) fn add(self, other: Self) -> Self {
        use Decimal::{Finite, Infinity, NaN};
        let (high, low) = match (self, other) {
            (NaN, _) | (_, NaN) => return NaN,
            (Infinity(left), Infinity(right)) => return if left == right { self } else { NaN },
            (Infinity(_), _) => return self,
            (_, Infinity(_)) => return other,
            (Finite { exponent: left, .. }, Finite { exponent: right, .. }) if left < right => (other, self),
            _ => (self, other),
        };
        let (
            Finite {
                negative: high_negative,
                coefficient: mut high,
                exponent: mut high_exponent,
            },
            Finite {
                negative: low_negative,
                coefficient: mut low,
                exponent: low_exponent,
            },
        ) = (high, low)
        else {
            return NaN;
        };
        // Bring both to one exponent: first stretch the higher one (three digits more than are kept), then cut
        // the lower one and remember that something was cut.
        while high_exponent > low_exponent && high != 0 && high < COEFFICIENT_LIMIT * 100 {
            high *= 10;
            high_exponent -= 1;
        }
        if high == 0 {
            return round(
                low_negative && (low != 0 || high_negative),
                low,
                low_exponent,
                false,
            );
        }
        let mut cut = false;
        for _ in low_exponent..high_exponent {
            cut |= !low.is_multiple_of(10);
            low /= 10;
            if low == 0 {
                break;
            }
        }
        if high_negative == low_negative {
            return round(high_negative, high + low, high_exponent, cut);
        }
        if high >= low {
            let difference = high - low - u128::from(cut);
            round(high_negative && difference != 0, difference, high_exponent, cut)
        } else {
            round(low_negative, low - high, high_exponent, cut)
        }
    }

    /// `self * other`, rounded half to even.
    pub(super) fn multiply(self, other: Self) -> Self {
        use Decimal::{Finite, Infinity, NaN};
        match (self, other) {
            (NaN, _) | (_, NaN) => NaN,
            (Infinity(sign), Infinity(other)) => Infinity(sign != other),
            (Infinity(_), Finite { coefficient: 0, .. }) | (Finite { coefficient: 0, .. }, Infinity(_)) => {
                NaN
            }
            (Infinity(sign), Finite { negative, .. }) | (Finite { negative, .. }, Infinity(sign)) => {
                Infinity(sign != negative)
            }
            (
                Finite {
                    negative,
                    coefficient,
                    exponent,
                },
                Finite {
                    negative: other_negative,
                    coefficient: other,
                    exponent: other_exponent,
                },
            ) => {
                // Digit by digit of the second factor, from the least; what leaves at the low end is only
                // remembered as "something was cut", since 68 digits do not fit.
                let mut sum: u128 = 0;
                let mut exponent = exponent + other_exponent;
                let mut rest = other;
                let mut low_digits: Vec<u8> = Vec::new();
                while rest != 0 {
                    sum += coefficient * (rest % 10);
                    rest /= 10;
                    if rest != 0 {
                        low_digits.push((sum % 10) as u8);
                        sum /= 10;
                    }
                }
                while sum < COEFFICIENT_LIMIT * 100 {
                    let Some(digit) = low_digits.pop() else { break };
                    sum = sum * 10 + u128::from(digit);
                }
                exponent += low_digits.len() as i32;
                let cut = low_digits.iter().any(|digit| *digit != 0);
                round(negative != other_negative, sum, exponent, cut)
            }
        }
    }

    /// `self / other`, rounded half to even; division by zero gives infinity or not-a-number.
    pub(super) fn divide(self, other: Self) -> Self {
        use Decimal::{Finite, Infinity, NaN};
        match (self, other) {
            (NaN, _) | (_, NaN) | (Infinity(_), Infinity(_)) => NaN,
            (Infinity(sign), Finite { negative, .. }) => Infinity(sign != negative),
            (Finite { negative, .. }, Infinity(sign)) => Finite {
                negative: negative != sign,
                coefficient: 0,
                exponent: 0,
            },
            (Finite { coefficient: 0, .. }, Finite { coefficient: 0, .. }) => NaN,
            (
                Finite { negative, .. },
                Finite {
                    negative: other,
                    coefficient: 0,
                    ..
                },
            ) => Infinity(negative != other),
            (
                Finite {
                    negative,
                    coefficient,
                    exponent,
                },
                Finite {
                    negative: other_negative,
                    coefficient: divisor,
                    exponent: other_exponent,
                },
            ) => {
                let mut quotient = coefficient / divisor;
                let mut remainder = coefficient % divisor;
                let mut exponent = exponent - other_exponent;
                while remainder != 0 && quotient < COEFFICIENT_LIMIT * 100 {
                    quotient = quotient * 10 + remainder * 10 / divisor;
                    remainder = remainder * 10 % divisor;
                    exponent -= 1;
                }
                round(negative != other_negative, quotient, exponent, remainder != 0)
            }
        }
    }

    /// Numeric order; not-a-number is below everything and equal to itself.
    pub(super) fn compare(self, other: Self) -> Ordering {
        use Decimal::{Finite, Infinity, NaN};
        match (self, other) {
            (NaN, NaN) => Ordering::Equal,
            (NaN, _) => Ordering::Less,
            (_, NaN) => Ordering::Greater,
            (Infinity(left), Infinity(right)) => right.cmp(&left),
            (Infinity(negative), _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (_, Infinity(negative)) => {
                if negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (
                Finite {
                    negative,
                    coefficient,
                    exponent,
                },
                Finite {
                    negative: other_negative,
                    coefficient: other,
                    exponent: other_exponent,
                },
            ) => match (coefficient == 0, other == 0) {
                (true, true) => Ordering::Equal,
                (true, false) => {
                    if other_negative {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (false, true) => {
                    if negative {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                _ if negative != other_negative => other_negative.cmp(&negative),
                _ => {
                    let order = compare_magnitudes(coefficient, exponent, other, other_exponent);
                    if negative { order.reverse() } else { order }
                }
            },
        }
    }

    /// A double for a comparison with a decimal.
    pub(super) fn from_f64_for_comparison(value: f64) -> Self {
        Self::from_f64_digits(value, DOUBLE_DIGITS_COMPARISON)
    }
}

/// Compares two positive numbers by their number of digits before the point, then digit by digit.
fn compare_magnitudes(mut left: u128, left_exponent: i32, mut right: u128, right_exponent: i32) -> Ordering {
    let (left_digits, right_digits) = (left.ilog10(), right.ilog10());
    let left_scale = left_exponent + left_digits as i32;
    let right_scale = right_exponent + right_digits as i32;
    if left_scale != right_scale {
        return left_scale.cmp(&right_scale);
    }
    if left_digits < right_digits {
        left *= 10_u128.pow(right_digits - left_digits);
    } else {
        right *= 10_u128.pow(left_digits - right_digits);
    }
    left.cmp(&right)
}

/// Brings a result to 34 digits, half to even, and its exponent into range. `cut` says that digits below the
/// coefficient were lost and not all of them were zero.
fn round(negative: bool, mut coefficient: u128, mut exponent: i32, mut cut: bool) -> Decimal {
    let mut last_digit = 0;
    while coefficient >= COEFFICIENT_LIMIT || (exponent < EXPONENT_MIN && coefficient != 0) {
        cut |= last_digit != 0;
        last_digit = coefficient % 10;
        coefficient /= 10;
        exponent += 1;
    }
    if last_digit > 5 || (last_digit == 5 && (cut || coefficient % 2 == 1)) {
        coefficient += 1;
        if coefficient == COEFFICIENT_LIMIT {
            coefficient /= 10;
            exponent += 1;
        }
    }
    while exponent > EXPONENT_MAX && coefficient != 0 && coefficient * 10 < COEFFICIENT_LIMIT {
        coefficient *= 10;
        exponent -= 1;
    }
    if exponent > EXPONENT_MAX && coefficient != 0 {
        return Decimal::Infinity(negative);
    }
    Decimal::Finite {
        negative,
        coefficient,
        exponent: exponent.clamp(EXPONENT_MIN, EXPONENT_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_agrees_with_known_results() {
        let cases = [
            ("1.1", '+', "2.2", "3.3"),
            ("1E+10", '+', "1E-10", "10000000000.0000000001"),
            ("5", '+', "-5", "0"),
            (
                "9999999999999999999999999999999999",
                '+',
                "1",
                "1.000000000000000000000000000000000E+34",
            ),
            ("1E+40", '+', "1", "1.000000000000000000000000000000000E+40"),
            ("1.5", '*', "-2", "-3.0"),
            (
                "1234567890123456789012345678901234",
                '*',
                "1234567890123456789012345678901234",
                "1.524157875323883675049535156256667E+66",
            ),
            ("1", '/', "3", "0.3333333333333333333333333333333333"),
            ("2", '/', "3", "0.6666666666666666666666666666666667"),
            ("10", '/', "4", "2.5"),
        ];
        for (left, operation, right, expected) in cases {
            let result = match operation {
                '+' => parse(left).add(parse(right)),
                '*' => parse(left).multiply(parse(right)),
                _ => parse(left).divide(parse(right)),
            };
            assert_eq!(
                result.encode().to_string(),
                expected,
                "{left} {operation} {right}"
            );
        }
    }

    #[test]
    fn order_is_numeric() {
        let rising = [
            "NaN",
            "-Infinity",
            "-2E+3",
            "-1.5",
            "0",
            "1E-6176",
            "0.99",
            "1.00",
            "10",
            "1E+6111",
            "Infinity",
        ];
        for (i, left) in rising.iter().enumerate() {
            for (j, right) in rising.iter().enumerate() {
                assert_eq!(parse(left).compare(parse(right)), i.cmp(&j), "{left} {right}");
            }
        }
        assert_eq!(parse("1.0").compare(parse("1.000")), Ordering::Equal);
        assert_eq!(
            parse("0.1").compare(Decimal::from_f64_for_comparison(0.1)),
            Ordering::Less
        );
    }

    #[test]
    fn conversions() {
        assert_eq!(Decimal::from_f64(0.1).encode().to_string(), "0.1");
        assert_eq!(Decimal::from_f64(-1e300).encode().to_string(), "-1E+300");
        assert_eq!(parse("-12.9").to_i64(), Some(-12));
        assert_eq!(parse("9223372036854775808").to_i64(), None);
        assert_eq!(parse("1.25").to_f64(), 1.25);
        assert!(parse("120E-1").is_integral() && !parse("1.5").is_integral());
    }

    fn parse(text: &str) -> Decimal {
        Decimal::decode(&text.parse().expect("a decimal"))
    }
}
