//! `$bitsAllSet`, `$bitsAllClear`, `$bitsAnySet`, `$bitsAnyClear`.

use bson::Bson;

use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;

/// Which bits must be how.
#[derive(Clone, Debug)]
pub struct BitTest {
    positions: Vec<u64>,
    wanted: bool,
    all: bool,
}

impl BitTest {
    /// Reads the operand: a list of positions, a bit mask, or binary data.
    pub(super) fn parse(operator: &str, operand: &Bson) -> QueryResult<Self> {
        let positions = match operand {
            Bson::Array(positions) => positions
                .iter()
                .map(|position| parse_position(operator, position))
                .collect(),
            Bson::Binary(binary) => Ok(set_positions(&binary.bytes)),
            number => match Number::from_bson(number).and_then(Number::to_exact_integer) {
                Some(mask) if mask >= 0 => Ok(set_positions(&mask.to_le_bytes())),
                Some(mask) => Err(QueryError::failed_to_parse(format!(
                    "{operator} expected a non-negative number: {mask}"
                ))),
                None if Number::from_bson(number).is_some() => Err(QueryError::failed_to_parse(format!(
                    "{operator} expected an integer that fits 64 bits: {operand}"
                ))),
                None => Err(QueryError::bad_value(format!(
                    "{operator} takes an Array, a number, or a BinData but received: {operand}"
                ))),
            },
        }?;
        let wanted = operator.ends_with("Set");
        Ok(Self {
            positions,
            wanted,
            all: operator.starts_with("$bitsAll"),
        })
    }

    /// Whether a number or binary data passes; other values do not.
    pub(super) fn holds(&self, value: &Bson) -> bool {
        let bytes = match value {
            Bson::Binary(binary) => binary.bytes.clone(),
            number => match Number::from_bson(number).and_then(Number::to_exact_integer) {
                Some(number) => i128::from(number).to_le_bytes().to_vec(),
                None => return false,
            },
        };
        // Beyond its end a number repeats its sign; binary data has zeros there.
        let sign = !matches!(value, Bson::Binary(_)) && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let bit = |position: &u64| {
            let byte = usize::try_from(position / 8).ok().and_then(|at| bytes.get(at));
            byte.map_or(sign, |byte| byte >> (position % 8) & 1 == 1)
        };
        let mut bits = self.positions.iter().map(bit);
        if self.all {
            bits.all(|bit| bit == self.wanted)
        } else {
            bits.any(|bit| bit == self.wanted)
        }
    }
}

fn parse_position(operator: &str, position: &Bson) -> QueryResult<u64> {
    Number::from_bson(position)
        .and_then(Number::to_exact_integer)
        .filter(|position| i32::try_from(*position).is_ok())
        .and_then(|position| u64::try_from(position).ok())
        .ok_or_else(|| {
            QueryError::bad_value(format!(
                "bit positions must be non-negative integers in {operator}"
            ))
        })
}

fn set_positions(bytes: &[u8]) -> Vec<u64> {
    (0..bytes.len() as u64 * 8)
        .filter(|position| bytes[(position / 8) as usize] >> (position % 8) & 1 == 1)
        .collect()
}
