//! CRC-32C (Castagnoli), the optional last four bytes of a message. Members end theirs with it; no known client does.

/// Ends the message that began at `start` with its checksum; its length must count these four bytes already, and its
/// flags announce them.
pub fn append_checksum(out: &mut Vec<u8>, start: usize) {
    let checksum = crc32c(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// The checksum of `bytes`.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_value_of_the_polynomial() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
    }
}
