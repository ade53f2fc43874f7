//! What a 128-bit decimal is worth (IEEE 754-2008, binary integer encoding).

use std::cmp::Ordering;

use super::big::Big;

const EXPONENT_BIAS: i32 = 6176;
/// 34 digits.
const COEFFICIENT_MAX: u128 = 10_u128.pow(34) - 1;

/// The value of a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// Not a number.
    NaN,
    /// Beyond all numbers.
    Infinity {
        /// Below rather than above.
        is_negative: bool,
    },
    /// `± coefficient * 10^exponent`.
    Finite {
        /// The sign.
        is_negative: bool,
        /// At most 34 digits.
        coefficient: u128,
        /// Power of ten.
        exponent: i32,
    },
}

impl Decimal {
    /// Takes a BSON decimal's 16 bytes (little-endian) apart. A coefficient above 34 digits counts as 0, as the
    /// standard says of non-canonical encodings.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let bits = u128::from_le_bytes(bytes);
        let is_negative = bits >> 127 == 1;
        let combination = (bits >> 122) as u32 & 0b1_1111;
        if combination == 0b1_1111 {
            return Self::NaN;
        }
        if combination == 0b1_1110 {
            return Self::Infinity { is_negative };
        }
        let (raw_exponent, coefficient) = if combination >> 3 == 0b11 {
            (bits >> 111, 0)
        } else {
            (bits >> 113, bits & ((1 << 113) - 1))
        };
        Self::Finite {
            is_negative,
            coefficient: if coefficient > COEFFICIENT_MAX {
                0
            } else {
                coefficient
            },
            exponent: (raw_exponent as i32 & 0x3fff) - EXPONENT_BIAS,
        }
    }

    /// The largest double not above this number, and whether it is this number. NaN and infinities are
    /// themselves.
    pub(super) fn floor(self) -> (f64, bool) {
        let (is_negative, coefficient, exponent) = match self {
            Self::NaN => return (f64::NAN, true),
            Self::Infinity { is_negative } => {
                return (
                    if is_negative {
                        f64::NEG_INFINITY
                    } else {
                        f64::INFINITY
                    },
                    true,
                );
            }
            Self::Finite {
                is_negative,
                coefficient,
                exponent,
            } => (is_negative, coefficient, exponent),
        };
        if coefficient == 0 {
            return (0.0, true);
        }
        let nearest: f64 = format!("{coefficient}e{exponent}")
            .parse()
            .unwrap_or(f64::INFINITY);
        let order = compare(coefficient, exponent, nearest);
        let floor = match (is_negative, order) {
            (false, Ordering::Less) => nearest.next_down(),
            (false, _) => nearest,
            (true, Ordering::Greater) => -nearest.next_up(),
            (true, _) => -nearest,
        };
        (floor, order == Ordering::Equal)
    }
}

/// Compares `coefficient * 10^exponent` (above 0) with a double that is not negative, exactly.
fn compare(coefficient: u128, exponent: i32, double: f64) -> Ordering {
    if double == 0.0 {
        return Ordering::Greater;
    }
    if double.is_infinite() {
        return Ordering::Less;
    }
    let bits = double.to_bits();
    let (mantissa, power) = match (bits >> 52) as i32 {
        0 => (bits, -1074),
        biased => (bits & ((1 << 52) - 1) | 1 << 52, biased - 1075),
    };
    // coefficient * 5^exponent * 2^exponent against mantissa * 2^power, with all powers made positive.
    let mut left = Big::new(coefficient);
    let mut right = Big::new(u128::from(mantissa));
    for _ in 0..exponent {
        left.multiply(5);
    }
    for _ in exponent..0 {
        right.multiply(5);
    }
    if exponent >= power {
        left.shift_left((exponent - power) as u32);
    } else {
        right.shift_left((power - exponent) as u32);
    }
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_text_form() {
        for (text, is_negative, coefficient, exponent) in [
            ("0", false, 0, 0),
            ("-1.50", true, 150, -2),
            (
                "9999999999999999999999999999999999E6111",
                false,
                COEFFICIENT_MAX,
                6111,
            ),
            ("1E-6176", false, 1, -6176),
        ] {
            let decimal: bson::Decimal128 = text.parse().unwrap();
            let expected = Decimal::Finite {
                is_negative,
                coefficient,
                exponent,
            };
            assert_eq!(Decimal::from_bytes(decimal.bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_floor_is_exact_only_for_what_a_double_can_say() {
        let floor =
            |text: &str| Decimal::from_bytes(text.parse::<bson::Decimal128>().unwrap().bytes()).floor();
        assert_eq!(floor("0.5"), (0.5, true));
        assert_eq!(floor("-0.5"), (-0.5, true));
        // 0.1 as a double is a little more than a tenth.
        assert_eq!(floor("0.1"), (0.1_f64.next_down(), false));
        assert_eq!(floor("-0.1"), (-0.1, false));
        assert_eq!(floor("1E400"), (f64::MAX, false));
        assert_eq!(floor("-1E400"), (f64::NEG_INFINITY, false));
        assert_eq!(floor("1E-400"), (0.0, false));
        assert_eq!(floor("-1E-400"), (-f64::from_bits(1), false));
    }
}
