//! Lines of a member's log with the checker's time.
//!
//! A log is stamped in one of two ways: by the runner, which puts `@<nanoseconds> ` before each line that it
//! reads from the process (exact: the checker's own clock), or by the member itself (RFC 3339 at the start, or
//! in the JSON field `timestamp` or `t`), whose clock a fault may have turned.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use crate::record::clock::parse_utc;

/// Longest line that is kept, in bytes.
const LINE_LIMIT: usize = 4_096;

/// One line.
pub(super) struct LogLine {
    /// When it was said; a line without a stamp has that of the line before it.
    pub(super) time_ns: u64,
    /// Whether the time is the checker's own.
    pub(super) exact: bool,
    /// The line, without the runner's stamp.
    pub(super) text: String,
}

/// Reads the lines between the two times. `started_ns` is the run's start since 1970.
pub(super) fn read(path: &Path, started_ns: u64, start_ns: u64, end_ns: u64) -> Vec<LogLine> {
    let Ok(file) = File::open(path) else {
        return Vec::new();
    };
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    let mut stamp = (0, false);
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return lines,
            Ok(_) => {}
        }
        bytes.truncate(LINE_LIMIT);
        let text = String::from_utf8_lossy(bytes.trim_ascii_end());
        let (found, text) = stamped(&text, started_ns);
        stamp = found.unwrap_or(stamp);
        if (start_ns..=end_ns).contains(&stamp.0) && !text.is_empty() {
            lines.push(LogLine {
                time_ns: stamp.0,
                exact: stamp.1,
                text: text.to_owned(),
            });
        }
    }
}

/// The stamp of a line with whether it is exact, and the rest of the line.
fn stamped(text: &str, started_ns: u64) -> (Option<(u64, bool)>, &str) {
    if let Some((stamp, rest)) = text.strip_prefix('@').and_then(|rest| rest.split_once(' '))
        && let Ok(time_ns) = stamp.parse()
    {
        return (Some((time_ns, true)), rest);
    }
    let own = |text: &str| parse_utc(text).map(|(time_ns, _)| (time_ns.saturating_sub(started_ns), false));
    let field = ["\"timestamp\":\"", "\"$date\":\"", "\"t\":\""]
        .iter()
        .find_map(|field| Some(&text[text.find(field)? + field.len()..]));
    (own(text).or_else(|| field.and_then(own)), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stamps_are_read() {
        let started = 1_000_000_000;
        assert_eq!(
            stamped("@12 1970-01-01T00:00:02Z hello", started),
            (Some((12, true)), "1970-01-01T00:00:02Z hello")
        );
        let own = "1970-01-01T00:00:02.5Z  INFO hello";
        assert_eq!(stamped(own, started), (Some((1_500_000_000, false)), own));
        let json = r#"{"timestamp":"1970-01-01T00:00:03Z","level":"INFO"}"#;
        assert_eq!(stamped(json, started).0, Some((2_000_000_000, false)));
        assert_eq!(
            stamped("   at a stack frame", started),
            (None, "   at a stack frame")
        );
    }
}
