//! One walk over a document from outside: structure, lengths, UTF-8, depth. What passes can be read with
//! `bson::RawDocument` and turned into `bson::Document` without any further error.

use super::error::WireError;
use super::limits::{NESTING_DEPTH_MAX, WIRE_DOCUMENT_BYTES_MAX};

/// Checks the document at the start of `bytes` and gives its length. Bytes after it are not looked at.
pub fn validate_document(bytes: &[u8]) -> Result<usize, WireError> {
    let length = document_length(bytes)?;
    if length > WIRE_DOCUMENT_BYTES_MAX {
        return Err(WireError::DocumentTooLarge(length));
    }
    check_elements(&bytes[..length], 1)?;
    Ok(length)
}

/// The announced length of the document at the start of `bytes`, checked against what is there.
fn document_length(bytes: &[u8]) -> Result<usize, WireError> {
    let announced = read_i32(bytes)?;
    let length = usize::try_from(announced).map_err(|_| invalid("negative document length"))?;
    if length < 5 || length > bytes.len() {
        return Err(invalid("document length does not fit its surroundings"));
    }
    if bytes[length - 1] != 0 {
        return Err(invalid("document does not end with a zero byte"));
    }
    Ok(length)
}

/// Walks the elements of one document, whose length and last byte were checked.
fn check_elements(document: &[u8], depth: usize) -> Result<(), WireError> {
    if depth > NESTING_DEPTH_MAX {
        return Err(WireError::TooDeep);
    }
    let mut rest = &document[4..document.len() - 1];
    while let Some((kind, after)) = rest.split_first() {
        rest = skip_value(*kind, skip_c_string(after)?, depth)?;
    }
    Ok(())
}

/// Checks one value of the given element type and gives what follows it.
fn skip_value(kind: u8, rest: &[u8], depth: usize) -> Result<&[u8], WireError> {
    match kind {
        0x06 | 0x0a | 0x7f | 0xff => Ok(rest),
        0x08 => match rest.first() {
            Some(0 | 1) => skip(rest, 1),
            _ => Err(invalid("boolean is neither 0 nor 1")),
        },
        0x10 => skip(rest, 4),
        0x01 | 0x09 | 0x11 | 0x12 => skip(rest, 8),
        0x07 => skip(rest, 12),
        0x13 => skip(rest, 16),
        0x02 | 0x0d | 0x0e => skip_string(rest),
        0x03 | 0x04 => {
            let length = document_length(rest)?;
            check_elements(&rest[..length], depth + 1)?;
            skip(rest, length)
        }
        0x05 => skip_binary(rest),
        0x0b => skip_c_string(skip_c_string(rest)?),
        0x0c => skip(skip_string(rest)?, 12),
        0x0f => skip_code_with_scope(rest, depth),
        _ => Err(invalid("unknown element type")),
    }
}

fn skip_binary(rest: &[u8]) -> Result<&[u8], WireError> {
    const OLD_BINARY: u8 = 2;
    let length = usize::try_from(read_i32(rest)?).map_err(|_| invalid("negative binary length"))?;
    let subtype = *rest.get(4).ok_or(invalid("binary without subtype"))?;
    let after = skip(rest, length.saturating_add(5))?;
    if subtype == OLD_BINARY {
        let inner = read_i32(&rest[5..5 + length])?;
        if usize::try_from(inner).ok() != length.checked_sub(4) {
            return Err(invalid("old binary with a wrong inner length"));
        }
    }
    Ok(after)
}

fn skip_code_with_scope(rest: &[u8], depth: usize) -> Result<&[u8], WireError> {
    let total = usize::try_from(read_i32(rest)?).map_err(|_| invalid("negative code length"))?;
    if total < 14 || total > rest.len() {
        return Err(invalid("code with scope does not fit its surroundings"));
    }
    let scope = skip_string(&rest[4..total])?;
    let length = document_length(scope)?;
    if length != scope.len() {
        return Err(invalid("code with scope has a wrong length"));
    }
    check_elements(scope, depth + 1)?;
    skip(rest, total)
}

fn skip_string(rest: &[u8]) -> Result<&[u8], WireError> {
    let length = usize::try_from(read_i32(rest)?).map_err(|_| invalid("negative string length"))?;
    if length == 0 || length > rest.len() - 4 {
        return Err(invalid("string does not fit its surroundings"));
    }
    let text = &rest[4..4 + length];
    if text[length - 1] != 0 {
        return Err(invalid("string does not end with a zero byte"));
    }
    check_utf8(&text[..length - 1])?;
    skip(rest, 4 + length)
}

fn skip_c_string(rest: &[u8]) -> Result<&[u8], WireError> {
    let end = rest
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(invalid("name without an end"))?;
    check_utf8(&rest[..end])?;
    skip(rest, end + 1)
}

fn check_utf8(text: &[u8]) -> Result<(), WireError> {
    std::str::from_utf8(text)
        .map(|_| ())
        .map_err(|_| invalid("text is not UTF-8"))
}

fn read_i32(bytes: &[u8]) -> Result<i32, WireError> {
    match bytes.first_chunk::<4>() {
        Some(chunk) => Ok(i32::from_le_bytes(*chunk)),
        None => Err(invalid("ends inside a number")),
    }
}

fn skip(bytes: &[u8], count: usize) -> Result<&[u8], WireError> {
    bytes.get(count..).ok_or(invalid("ends inside a value"))
}

const fn invalid(what: &'static str) -> WireError {
    WireError::InvalidDocument(what)
}
