//! One record of a segment: `length | crc32 | batch start | kind | tag | payload | padding to 8 bytes`.
//!
//! The checksum covers everything but itself and is seeded with the segment's salt, so that records left over
//! from a recycled file's former life, or record-like bytes inside a client's document, never count as records.
//!
//! `batch start` is the offset at which the record's write began. The writer starts a batch only after the
//! former one was synced, so a valid record proves that **every byte before its batch start was durable**. That
//! tells a torn write from decay (see [`super::scan`]).

use protocol::optime::OpTime;

use super::segment::Salt;

/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 16;
/// Records start at multiples of this.
pub(super) const ALIGNMENT: usize = 8;
/// Largest payload: a full BSON document (16 MiB) with its oplog frame, and room to spare.
pub(super) const PAYLOAD_BYTES_MAX: usize = 48 << 20;
/// Bytes of an optime in a payload.
pub(super) const OPTIME_BYTES: usize = 16;
/// Space that an end record takes.
pub(super) const END_BYTES: usize = HEADER_BYTES;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// An oplog entry: optime, then its BSON bytes.
    Entry = 1,
    /// All entries above this optime are gone (rollback, R-93).
    TruncateAfter = 2,
    /// A named durable value: length of the name (u16), name, value.
    Meta = 3,
    /// Nothing follows in this segment; the next segment continues.
    End = 4,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Entry),
            2 => Some(Self::TruncateAfter),
            3 => Some(Self::Meta),
            4 => Some(Self::End),
            _ => None,
        }
    }
}

/// A record as found in a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) batch_start: usize,
    pub(super) payload: &'a [u8],
    /// Offset of the byte after the record and its padding.
    pub(super) next: usize,
}

/// Bytes that a payload of this length takes in a segment.
pub(super) fn record_bytes(payload: usize) -> usize {
    (HEADER_BYTES + payload).next_multiple_of(ALIGNMENT)
}

/// Appends one record to `buffer`. The payload is given in two pieces so that an entry needs no joint copy.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    salt: Salt,
    batch_start: usize,
    kind: Kind,
    head: &[u8],
    body: &[u8],
) {
    let payload = head.len() + body.len();
    let mut header = [0; HEADER_BYTES];
    header[0..4].copy_from_slice(&(payload as u32).to_le_bytes());
    header[8..12].copy_from_slice(&(batch_start as u32).to_le_bytes());
    header[12] = kind as u8;
    header[13..16].copy_from_slice(&salt.tag());
    let crc = checksum(salt, &header, [head, body]);
    header[4..8].copy_from_slice(&crc.to_le_bytes());
    buffer.extend_from_slice(&header);
    buffer.extend_from_slice(head);
    buffer.extend_from_slice(body);
    buffer.resize(buffer.len() + record_bytes(payload) - HEADER_BYTES - payload, 0);
}

/// The record at `offset`, if there is a whole and right one.
pub(super) fn decode(bytes: &[u8], offset: usize, salt: Salt) -> Option<Record<'_>> {
    let header: &[u8; HEADER_BYTES] = bytes.get(offset..offset + HEADER_BYTES)?.try_into().ok()?;
    if header[13..16] != salt.tag() {
        return None;
    }
    let kind = Kind::from_byte(header[12])?;
    let length = u32::from_le_bytes(header[0..4].try_into().ok()?) as usize;
    let batch_start = u32::from_le_bytes(header[8..12].try_into().ok()?) as usize;
    if length > PAYLOAD_BYTES_MAX || batch_start > offset {
        return None;
    }
    let payload = bytes.get(offset + HEADER_BYTES..offset + HEADER_BYTES + length)?;
    let crc = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let right = checksum(salt, header, [payload, &[]]) == crc;
    #[cfg(feature = "planted-bugs")]
    let right = right || crate::bugs::is_planted(&crate::bugs::torn_tail_accepted::BUG);
    right.then_some(Record {
        kind,
        batch_start,
        payload,
        next: offset + record_bytes(length),
    })
}

/// The payload of a record whose place is known, read back alone. `None` if it isn't what was written there.
pub(super) fn payload_of(record: &[u8], salt: Salt) -> Option<&[u8]> {
    let header: &[u8; HEADER_BYTES] = record.first_chunk()?;
    let length = u32::from_le_bytes(header[0..4].try_into().ok()?) as usize;
    let crc = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let payload = record.get(HEADER_BYTES..HEADER_BYTES + length)?;
    let right = checksum(salt, header, [payload, &[]]) == crc;
    #[cfg(feature = "planted-bugs")]
    let right = right || crate::bugs::is_planted(&crate::bugs::torn_tail_accepted::BUG);
    right.then_some(payload)
}

/// The bytes of an optime in a payload.
pub(super) fn encode_optime(optime: OpTime) -> [u8; OPTIME_BYTES] {
    let mut bytes = [0; OPTIME_BYTES];
    bytes[0..8].copy_from_slice(&optime.term.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&optime.ts.secs.to_le_bytes());
    bytes[12..16].copy_from_slice(&optime.ts.inc.to_le_bytes());
    bytes
}

/// An optime at the head of a payload, and what follows it.
pub(super) fn decode_optime(payload: &[u8]) -> Option<(OpTime, &[u8])> {
    let (head, rest) = payload.split_first_chunk::<OPTIME_BYTES>()?;
    let term = i64::from_le_bytes(head[0..8].try_into().ok()?);
    let secs = u32::from_le_bytes(head[8..12].try_into().ok()?);
    let inc = u32::from_le_bytes(head[12..16].try_into().ok()?);
    Some((OpTime::new(term, secs, inc), rest))
}

/// Name and value of a named record.
pub(super) fn decode_meta(payload: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = payload.split_first_chunk::<2>()?;
    let (name, value) = rest.split_at_checked(u16::from_le_bytes(*length) as usize)?;
    Some((std::str::from_utf8(name).ok()?, value))
}

/// The head of a named record's payload; the value follows.
pub(super) fn encode_meta_head(name: &str) -> Vec<u8> {
    let mut head = (name.len() as u16).to_le_bytes().to_vec();
    head.extend_from_slice(name.as_bytes());
    head
}

fn checksum(salt: Salt, header: &[u8; HEADER_BYTES], payload: [&[u8]; 2]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt.checksum_seed());
    hasher.update(&header[0..4]);
    hasher.update(&header[8..16]);
    hasher.update(payload[0]);
    hasher.update(payload[1]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_no_flipped_bit_does() {
        let salt = Salt(0x1234_5678_9abc_def0);
        let mut buffer = vec![0; 64];
        let optime = OpTime::new(3, 7, 9);
        encode(
            &mut buffer,
            salt,
            64,
            Kind::Entry,
            &encode_optime(optime),
            b"hello",
        );
        assert_eq!(buffer.len(), 64 + record_bytes(OPTIME_BYTES + 5));
        let record = decode(&buffer, 64, salt).expect("whole");
        assert_eq!(decode_optime(record.payload), Some((optime, &b"hello"[..])));
        assert_eq!(record.next, buffer.len());
        for bit in 0..(HEADER_BYTES + OPTIME_BYTES + 5) * 8 {
            let mut flipped = buffer.clone();
            flipped[64 + bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped, 64, salt).is_none(), "bit {bit}");
        }
        assert!(decode(&buffer, 64, Salt(1)).is_none(), "another segment's record");
    }
}
