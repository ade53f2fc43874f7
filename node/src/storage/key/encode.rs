//! The encoding. Each value is its type's rank in MongoDB's cross-type order, then its own bytes; every encoding
//! ends by itself, so that keys can be joined (compound indexes) and inverted (descending ones).
//!
//! | Rank | Type | Bytes |
//! |---|---|---|
//! | 0 | end of an object or array | none |
//! | 1 | MinKey | none |
//! | 2, 3 | undefined, null and missing | none |
//! | 10 | int, long, double, decimal | see [`super::number`] |
//! | 15 | string, symbol | escaped bytes |
//! | 20 | object | per field: rank, name, value; end |
//! | 25 | array | values; end |
//! | 30 | binary | length, subtype, bytes |
//! | 35 | ObjectId | 12 bytes |
//! | 40 | bool | 1 byte |
//! | 45, 47 | date, timestamp | 8 bytes |
//! | 50 | regex | pattern, options |
//! | 60, 65 | code, code with scope | escaped bytes (and the scope as an object) |
//! | 255 | MaxKey | none |

use bson::{RawBsonRef, RawDocument};

use super::decimal::Decimal;
use super::error::KeyError;
use super::number::{encode_decimal, encode_double, encode_integer};

/// Order of one field of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Direction {
    /// Small values first.
    Ascending,
    /// Large values first: all bytes of the field are inverted.
    Descending,
}

/// Deepest nesting of a key's value; above MongoDB's limit for documents (180).
const DEPTH_MAX: usize = 200;

const END: u8 = 0;
const MIN_KEY: u8 = 1;
const UNDEFINED: u8 = 2;
const NULL: u8 = 3;
const NUMBER: u8 = 10;
const STRING: u8 = 15;
const OBJECT: u8 = 20;
const ARRAY: u8 = 25;
const BINARY: u8 = 30;
const OBJECT_ID: u8 = 35;
const BOOL: u8 = 40;
const DATE: u8 = 45;
const TIMESTAMP: u8 = 47;
const REGEX: u8 = 50;
const CODE: u8 = 60;
const CODE_WITH_SCOPE: u8 = 65;
const MAX_KEY: u8 = 255;

/// Appends the key of `value`.
///
/// # Errors
/// If the value is malformed, too deep, or a DBPointer; `key` may then hold part of it.
pub fn encode(value: RawBsonRef<'_>, direction: Direction, key: &mut Vec<u8>) -> Result<(), KeyError> {
    let start = key.len();
    encode_value(value, key, 0)?;
    invert(direction, &mut key[start..]);
    Ok(())
}

/// Appends the key of a missing field, which is that of `null`.
pub fn encode_missing(direction: Direction, key: &mut Vec<u8>) {
    key.push(NULL);
    let start = key.len() - 1;
    invert(direction, &mut key[start..]);
}

/// Appends the key of `undefined`, which stands for an empty array in an index.
pub fn encode_undefined(direction: Direction, key: &mut Vec<u8>) {
    key.push(UNDEFINED);
    let start = key.len() - 1;
    invert(direction, &mut key[start..]);
}

/// Appends what the keys of all values of `value`'s type begin with: numbers are one type, strings and symbols another.
///
/// # Errors
/// For a DBPointer.
pub fn encode_type(value: RawBsonRef<'_>, direction: Direction, key: &mut Vec<u8>) -> Result<(), KeyError> {
    key.push(rank(value)?);
    let start = key.len() - 1;
    invert(direction, &mut key[start..]);
    Ok(())
}

fn invert(direction: Direction, bytes: &mut [u8]) {
    if direction == Direction::Descending {
        for byte in bytes {
            *byte = !*byte;
        }
    }
}

fn encode_value(value: RawBsonRef<'_>, key: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    key.push(rank(value)?);
    encode_payload(value, key, depth)
}

fn rank(value: RawBsonRef<'_>) -> Result<u8, KeyError> {
    Ok(match value {
        RawBsonRef::MinKey => MIN_KEY,
        RawBsonRef::Undefined => UNDEFINED,
        RawBsonRef::Null => NULL,
        RawBsonRef::Double(_) | RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Decimal128(_) => {
            NUMBER
        }
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => STRING,
        RawBsonRef::Document(_) => OBJECT,
        RawBsonRef::Array(_) => ARRAY,
        RawBsonRef::Binary(_) => BINARY,
        RawBsonRef::ObjectId(_) => OBJECT_ID,
        RawBsonRef::Boolean(_) => BOOL,
        RawBsonRef::DateTime(_) => DATE,
        RawBsonRef::Timestamp(_) => TIMESTAMP,
        RawBsonRef::RegularExpression(_) => REGEX,
        RawBsonRef::JavaScriptCode(_) => CODE,
        RawBsonRef::JavaScriptCodeWithScope(_) => CODE_WITH_SCOPE,
        RawBsonRef::MaxKey => MAX_KEY,
        RawBsonRef::DbPointer(_) => return Err(KeyError::DbPointer),
    })
}

fn encode_payload(value: RawBsonRef<'_>, key: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    match value {
        RawBsonRef::MinKey | RawBsonRef::Undefined | RawBsonRef::Null | RawBsonRef::MaxKey => {}
        RawBsonRef::Double(double) => encode_double(double, key),
        RawBsonRef::Int32(integer) => encode_integer(i64::from(integer), key),
        RawBsonRef::Int64(integer) => encode_integer(integer, key),
        RawBsonRef::Decimal128(decimal) => encode_decimal(Decimal::from_bytes(decimal.bytes()), key),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            encode_escaped(text.as_bytes(), key);
        }
        RawBsonRef::Document(document) => encode_object(document, key, depth)?,
        RawBsonRef::Array(array) => {
            check_depth(depth)?;
            for element in array {
                encode_value(element?, key, depth + 1)?;
            }
            key.push(END);
        }
        RawBsonRef::Binary(binary) => {
            key.extend_from_slice(&(binary.bytes.len() as u32).to_be_bytes());
            key.push(binary.subtype.into());
            key.extend_from_slice(binary.bytes);
        }
        RawBsonRef::ObjectId(id) => key.extend_from_slice(&id.bytes()),
        RawBsonRef::Boolean(flag) => key.push(u8::from(flag)),
        RawBsonRef::DateTime(date) => {
            key.extend_from_slice(&(date.timestamp_millis() ^ i64::MIN).to_be_bytes());
        }
        RawBsonRef::Timestamp(timestamp) => {
            key.extend_from_slice(&timestamp.time.to_be_bytes());
            key.extend_from_slice(&timestamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            encode_escaped(regex.pattern.as_str().as_bytes(), key);
            encode_escaped(regex.options.as_str().as_bytes(), key);
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            encode_escaped(code.code.as_bytes(), key);
            encode_object(code.scope, key, depth)?;
        }
        RawBsonRef::DbPointer(_) => return Err(KeyError::DbPointer),
    }
    Ok(())
}

/// Fields in their order; of each first the type, then the name, then the value (MongoDB's `woCompare`).
fn encode_object(document: &RawDocument, key: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    check_depth(depth)?;
    for element in document {
        let (name, value) = element?;
        key.push(rank(value)?);
        encode_escaped(name.as_str().as_bytes(), key);
        encode_payload(value, key, depth + 1)?;
    }
    key.push(END);
    Ok(())
}

fn check_depth(depth: usize) -> Result<(), KeyError> {
    if depth >= DEPTH_MAX {
        Err(KeyError::TooDeep(DEPTH_MAX))
    } else {
        Ok(())
    }
}

/// Bytes with `00` written as `00 ff`, ended by `00 00`: a prefix sorts before what it begins.
fn encode_escaped(bytes: &[u8], key: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(zero) = rest.iter().position(|byte| *byte == 0) {
        key.extend_from_slice(&rest[..zero]);
        key.extend_from_slice(&[0, 0xff]);
        rest = &rest[zero + 1..];
    }
    key.extend_from_slice(rest);
    key.extend_from_slice(&[0, 0]);
}
