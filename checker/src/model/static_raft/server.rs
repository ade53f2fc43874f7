//! One server in sixteen bits.
//!
//! ```text
//!   bit 0          1..4   4..7      7..10     10..13    13..16
//!       primary?   term   entry 1   entry 2   entry 3   entry 4      (an entry is its term; 0 = no entry)
//! ```

/// Bits of a term, and so of a log entry.
const TERM_BITS: u32 = 3;
const TERM_MASK: u16 = (1 << TERM_BITS) - 1;
const LOG_SHIFT: u32 = 4;
/// Longest log that fits.
const LOG_LENGTH_MAX: usize = 4;

/// Term, role and log of one server. A log is the sequence of its entries' terms; indexes start at 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server(pub u16);

impl Server {
    /// The specification's `currentTerm`.
    pub const fn term(self) -> u8 {
        ((self.0 >> 1) & TERM_MASK) as u8
    }

    /// The specification's `state = Primary`.
    pub const fn is_primary(self) -> bool {
        self.0 & 1 != 0
    }

    /// Term of the entry at `index` (from 1), or 0 where there is none.
    pub const fn entry(self, index: usize) -> u8 {
        if index == 0 || index > LOG_LENGTH_MAX {
            return 0;
        }
        ((self.0 >> (LOG_SHIFT + (index as u32 - 1) * TERM_BITS)) & TERM_MASK) as u8
    }

    /// Number of entries. Entries are never 0 below the top, so the highest set bit tells.
    pub const fn log_length(self) -> usize {
        let log = self.0 >> LOG_SHIFT;
        (16 - log.leading_zeros()).div_ceil(TERM_BITS) as usize
    }

    /// Term of the newest entry, or 0.
    pub const fn last_term(self) -> u8 {
        self.entry(self.log_length())
    }

    /// Whether this server's log is a prefix of the other's.
    pub const fn log_is_prefix_of(self, other: Server) -> bool {
        let length = self.log_length();
        length <= other.log_length() && self.log_prefix(length) == other.log_prefix(length)
    }

    /// The first `length` entries, packed.
    pub const fn log_prefix(self, length: usize) -> u16 {
        let mask = ((1_u32 << (length as u32 * TERM_BITS)) - 1) as u16;
        (self.0 >> LOG_SHIFT) & mask
    }

    /// With another term and role.
    pub const fn with_role(self, term: u8, primary: bool) -> Self {
        Server(self.log_prefix(LOG_LENGTH_MAX) << LOG_SHIFT | (term as u16) << 1 | primary as u16)
    }

    /// With one more entry. The log must not be full, which bounds guarantee.
    pub const fn with_entry(self, term: u8) -> Self {
        Server(self.0 | (term as u16) << (LOG_SHIFT + self.log_length() as u32 * TERM_BITS))
    }

    /// Without the newest entry. The log must not be empty.
    pub const fn without_last_entry(self) -> Self {
        let length = self.log_length();
        let header = self.0 & ((1 << LOG_SHIFT) - 1);
        Server(self.log_prefix(length - 1) << LOG_SHIFT | header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_disturb_each_other() {
        let server = Server::default()
            .with_role(7, true)
            .with_entry(1)
            .with_entry(7)
            .with_entry(3)
            .with_entry(5);
        assert_eq!(
            (server.term(), server.is_primary(), server.log_length()),
            (7, true, 4)
        );
        assert_eq!(
            (1..=4).map(|index| server.entry(index)).collect::<Vec<_>>(),
            [1, 7, 3, 5]
        );
        let shorter = server.without_last_entry().with_role(2, false);
        assert_eq!(
            (shorter.term(), shorter.is_primary(), shorter.last_term()),
            (2, false, 3)
        );
        assert!(shorter.log_is_prefix_of(server) && !server.log_is_prefix_of(shorter));
        assert_eq!(Server::default().last_term(), 0);
    }
}
