//! BSON's four kinds of numbers, and arithmetic between them with MongoDB's rules of the resulting type.

use std::cmp::Ordering;

use bson::Bson;

use super::decimal::Decimal;

/// A number out of a BSON value.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// `int`.
    Int32(i32),
    /// `long`.
    Int64(i64),
    /// `double`.
    Double(f64),
    /// `decimal`.
    Decimal(bson::Decimal128),
}

impl Number {
    /// The number in a value, if it is one.
    pub fn from_bson(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(value) => Some(Self::Int32(*value)),
            Bson::Int64(value) => Some(Self::Int64(*value)),
            Bson::Double(value) => Some(Self::Double(*value)),
            Bson::Decimal128(value) => Some(Self::Decimal(*value)),
            _ => None,
        }
    }

    /// The value of this number.
    pub fn to_bson(self) -> Bson {
        match self {
            Self::Int32(value) => Bson::Int32(value),
            Self::Int64(value) => Bson::Int64(value),
            Self::Double(value) => Bson::Double(value),
            Self::Decimal(value) => Bson::Decimal128(value),
        }
    }

    /// `self + other`; `None` when a sum of integers does not fit 64 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.combine(other, i64::checked_add, |a, b| a + b, Decimal::add)
    }

    /// `self - other`; `None` when a difference of integers does not fit 64 bits.
    pub fn checked_subtract(self, other: Self) -> Option<Self> {
        self.combine(other, i64::checked_sub, |a, b| a - b, |a, b| a.add(b.negate()))
    }

    /// `self * other`; `None` when a product of integers does not fit 64 bits.
    pub fn checked_multiply(self, other: Self) -> Option<Self> {
        self.combine(other, i64::checked_mul, |a, b| a * b, Decimal::multiply)
    }

    /// `self / other`: a double unless one of them is a decimal. The caller refuses zero.
    pub fn divide(self, other: Self) -> Self {
        if self.is_decimal() || other.is_decimal() {
            Self::Decimal(self.to_decimal().divide(other.to_decimal()).encode())
        } else {
            Self::Double(self.to_f64() / other.to_f64())
        }
    }

    /// The remainder with the sign of `self`. The caller refuses zero.
    pub fn remainder(self, other: Self) -> Self {
        if self.is_decimal() || other.is_decimal() {
            let (left, right) = (self.to_decimal(), other.to_decimal());
            let result = match left.divide(right).to_i64() {
                Some(whole) => left.add(right.multiply(Decimal::from_i64(whole)).negate()),
                None => Decimal::NaN,
            };
            return Self::Decimal(result.encode());
        }
        match (self.to_exact_integer(), other.to_exact_integer()) {
            (Some(left), Some(right)) if !self.is_double() && !other.is_double() => {
                Self::from_integer(left.wrapping_rem(right), self.is_int64() || other.is_int64())
            }
            _ => Self::Double(self.to_f64() % other.to_f64()),
        }
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int32(value) => f64::from(value),
            Self::Int64(value) => value as f64,
            Self::Double(value) => value,
            Self::Decimal(value) => Decimal::decode(&value).to_f64(),
        }
    }

    /// The integer part, if the number is finite and its integer part fits.
    pub fn to_truncated_integer(self) -> Option<i64> {
        match self {
            Self::Int32(value) => Some(i64::from(value)),
            Self::Int64(value) => Some(value),
            // 2^63 itself is out; -2^63 is in.
            Self::Double(value) if value >= -(2_f64.powi(63)) && value < 2_f64.powi(63) => Some(value as i64),
            Self::Double(_) => None,
            Self::Decimal(value) => Decimal::decode(&value).to_i64(),
        }
    }

    /// The integer that this number is, if it is one.
    pub fn to_exact_integer(self) -> Option<i64> {
        let whole = match self {
            Self::Double(value) => value.fract() == 0.0,
            Self::Decimal(value) => Decimal::decode(&value).is_integral(),
            _ => true,
        };
        self.to_truncated_integer().filter(|_| whole)
    }

    /// Whether this is not-a-number.
    pub fn is_nan(self) -> bool {
        match self {
            Self::Double(value) => value.is_nan(),
            Self::Decimal(value) => Decimal::decode(&value) == Decimal::NaN,
            _ => false,
        }
    }

    /// Whether this is zero.
    pub fn is_zero(self) -> bool {
        self.compare(Self::Int32(0)) == Ordering::Equal
    }

    /// Numeric order over all four kinds; not-a-number is below everything and equal to itself.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Double(left), Self::Double(right)) => compare_doubles(left, right),
            (Self::Decimal(_), _) | (_, Self::Decimal(_)) => self
                .to_decimal_for_comparison()
                .compare(other.to_decimal_for_comparison()),
            (Self::Double(left), right) => compare_double_with_integer(left, right.integer()),
            (left, Self::Double(right)) => compare_double_with_integer(right, left.integer()).reverse(),
            (left, right) => left.integer().cmp(&right.integer()),
        }
    }

    /// Whether this is a decimal.
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Decimal(_))
    }

    /// Whether this is a double.
    pub fn is_double(self) -> bool {
        matches!(self, Self::Double(_))
    }

    /// Whether this is a 64-bit integer.
    pub fn is_int64(self) -> bool {
        matches!(self, Self::Int64(_))
    }

    fn combine(
        self,
        other: Self,
        integers: fn(i64, i64) -> Option<i64>,
        doubles: fn(f64, f64) -> f64,
        decimals: fn(Decimal, Decimal) -> Decimal,
    ) -> Option<Self> {
        if self.is_decimal() || other.is_decimal() {
            return Some(Self::Decimal(
                decimals(self.to_decimal(), other.to_decimal()).encode(),
            ));
        }
        if self.is_double() || other.is_double() {
            return Some(Self::Double(doubles(self.to_f64(), other.to_f64())));
        }
        let result = integers(self.integer(), other.integer())?;
        Some(Self::from_integer(result, self.is_int64() || other.is_int64()))
    }

    /// An integer result: 32 bits stay 32 bits while they can.
    fn from_integer(value: i64, wide: bool) -> Self {
        match i32::try_from(value) {
            Ok(narrow) if !wide => Self::Int32(narrow),
            _ => Self::Int64(value),
        }
    }

    fn integer(self) -> i64 {
        match self {
            Self::Int32(value) => i64::from(value),
            Self::Int64(value) => value,
            other => other.to_truncated_integer().unwrap_or(0),
        }
    }

    fn to_decimal(self) -> Decimal {
        match self {
            Self::Double(value) => Decimal::from_f64(value),
            Self::Decimal(value) => Decimal::decode(&value),
            integer => Decimal::from_i64(integer.integer()),
        }
    }

    fn to_decimal_for_comparison(self) -> Decimal {
        match self {
            Self::Double(value) => Decimal::from_f64_for_comparison(value),
            other => other.to_decimal(),
        }
    }

    /// The number as a decimal (`$toDecimal`).
    pub fn widen_to_decimal(self) -> bson::Decimal128 {
        self.to_decimal().encode()
    }
}

fn compare_doubles(left: f64, right: f64) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
    }
}

/// Exact, although not every 64-bit integer is a double.
fn compare_double_with_integer(double: f64, integer: i64) -> Ordering {
    if double.is_nan() || double < -(2_f64.powi(63)) {
        return Ordering::Less;
    }
    if double >= 2_f64.powi(63) {
        return Ordering::Greater;
    }
    (double as i64)
        .cmp(&integer)
        .then_with(|| compare_doubles(double.fract(), 0.0))
}

#[cfg(test)]
mod tests {
    use super::Number::{Double, Int32, Int64};
    use super::*;

    #[test]
    fn results_have_mongodbs_types() {
        assert!(matches!(Int32(1).checked_add(Int32(2)), Some(Int32(3))));
        assert!(matches!(
            Int32(i32::MAX).checked_add(Int32(1)),
            Some(Int64(2_147_483_648))
        ));
        assert!(matches!(Int32(1).checked_add(Int64(2)), Some(Int64(3))));
        assert!(matches!(Int64(1).checked_add(Double(0.5)), Some(Double(1.5))));
        assert!(Int64(i64::MAX).checked_add(Int32(1)).is_none());
        assert!(Int64(i64::MAX).checked_multiply(Int64(2)).is_none());
        assert!(matches!(Int32(-7).remainder(Int32(3)), Int32(-1)));
        assert!(matches!(Int64(i64::MIN).remainder(Int32(-1)), Int64(0)));
    }

    #[test]
    fn kinds_compare_by_value_without_loss() {
        assert_eq!(Int32(1).compare(Double(1.0)), Ordering::Equal);
        assert_eq!(
            Int64((1 << 53) + 1).compare(Double(2_f64.powi(53))),
            Ordering::Greater
        );
        assert_eq!(Int64(i64::MAX).compare(Double(2_f64.powi(63))), Ordering::Less);
        assert_eq!(Double(-1.5).compare(Int32(-1)), Ordering::Less);
        assert_eq!(Double(f64::NAN).compare(Int32(i32::MIN)), Ordering::Less);
        let one = Number::Decimal("1.00".parse().expect("a decimal"));
        assert_eq!(one.compare(Int64(1)), Ordering::Equal);
        assert_eq!(Double(0.0).compare(Double(-0.0)), Ordering::Equal);
    }
}
