//! How much memory this process holds.

/// Resident bytes of this process, or 0 where the system does not tell.
pub fn resident_bytes() -> usize {
    // statm counts pages: size, resident, shared, ...
    let resident_pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| statm.split_whitespace().nth(1)?.parse::<usize>().ok());
    resident_pages.unwrap_or(0) * PAGE_BYTES
}

const PAGE_BYTES: usize = 4096;
