//! Whole numbers without a limit: just what comparing a decimal with a double needs.

use std::cmp::Ordering;

/// A whole number, least significant digit first, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

impl Big {
    pub(super) fn new(mut number: u128) -> Self {
        let mut digits = Vec::with_capacity(4);
        while number > 0 {
            digits.push(number as u32);
            number >>= 32;
        }
        Self(digits)
    }

    pub(super) fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    pub(super) fn shift_left(&mut self, bits: u32) {
        self.multiply(1 << (bits % 32));
        self.0.splice(0..0, std::iter::repeat_n(0, (bits / 32) as usize));
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}
