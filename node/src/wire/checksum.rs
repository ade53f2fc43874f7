//! CRC-32C (Castagnoli), the optional last four bytes of a message. No known client sends one, so it is small
//! rather than fast.

/// Ends the message that began at `start` with its checksum; its length must count these four bytes already, and its
/// flags announce them.
pub fn append_checksum(out: &mut Vec<u8>, start: usize) {
    let checksum = crc32c(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// The checksum of `bytes`.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder = TABLE[((remainder ^ u32::from(*byte)) & 0xff) as usize] ^ (remainder >> 8);
    }
    !remainder
}

const POLYNOMIAL_REFLECTED: u32 = 0x82f6_3b78;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ POLYNOMIAL_REFLECTED
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    #[test]
    fn check_value_of_the_polynomial() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
    }
}
