//! Text of another tool, read within limits.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use crate::history::{HistoryError, LINE_BYTES_MAX};

/// Largest file that is read. A parsed history takes a few times its text.
pub const TEXT_BYTES_MAX: usize = 1 << 30;

/// Reads a file whole, line by line, so that what is wrong has its line: a line over [`LINE_BYTES_MAX`], bytes that are
/// no UTF-8, a file over [`TEXT_BYTES_MAX`].
///
/// # Errors
/// The first of these, or what the disk says.
pub fn read_text(path: &Path) -> Result<String, HistoryError> {
    let file_error = |source| HistoryError::File {
        path: path.to_owned(),
        source,
    };
    read_lines(
        BufReader::new(File::open(path).map_err(file_error)?),
        TEXT_BYTES_MAX,
        file_error,
    )
}

fn read_lines(
    mut input: impl BufRead,
    bytes_max: usize,
    file_error: impl Fn(std::io::Error) -> HistoryError,
) -> Result<String, HistoryError> {
    let mut text = String::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let read = input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .map_err(&file_error)?;
        if read == 0 {
            break;
        }
        if read > LINE_BYTES_MAX && bytes.last() != Some(&b'\n') {
            return Err(HistoryError::Overlong { line });
        }
        if text.len() + read > bytes_max {
            return Err(HistoryError::TooLarge { line, bytes_max });
        }
        let decoded = std::str::from_utf8(&bytes).map_err(|error| HistoryError::Malformed {
            line,
            reason: format!("not UTF-8: {error}"),
        })?;
        // Editors of one system begin a file with this mark.
        let mark = if line == 1 { "\u{feff}" } else { "" };
        text.push_str(decoded.strip_prefix(mark).unwrap_or(decoded));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_wrong_bytes_are_told_with_their_line() {
        let read = |input: &[u8]| read_lines(input, 64, |source| panic!("{source}"));
        assert_eq!(read(b"a\nb").unwrap(), "a\nb");
        assert_eq!(read("\u{feff}a\n\u{feff}b".as_bytes()).unwrap(), "a\n\u{feff}b");
        let error = |input: &[u8]| read(input).unwrap_err().to_string();
        assert!(error(b"a\nb\xff\n").starts_with("line 2: not an event: not UTF-8"));
        assert!(error(&b"0123456789\n".repeat(7)).starts_with("line 6: the file is larger"));
        let endless = BufReader::new(std::io::repeat(b'x'));
        let refused = read_lines(endless, usize::MAX, |source| panic!("{source}"));
        assert!(matches!(refused, Err(HistoryError::Overlong { line: 1 })));
    }
}
