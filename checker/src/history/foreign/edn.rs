//! Just enough of EDN (Clojure's data notation) to read histories; never more memory than a few times the text.

use std::fmt;

use crate::history::HistoryError;

/// Deepest nesting that is read.
const DEPTH_MAX: u32 = 64;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edn {
    Nil,
    Bool(bool),
    Int(i64),
    /// Floats, ratios, integers over 64 bits, symbols and characters, as written.
    Other(String),
    Keyword(String),
    Text(String),
    /// Vectors, lists and sets.
    Sequence(Vec<Edn>),
    Map(Vec<(Edn, Edn)>),
}

impl Edn {
    /// The value under a keyword (or a string: what went through JSON has no keywords), if this is a map that has it.
    pub(super) fn get(&self, keyword: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries
            .iter()
            .find(|(key, _)| matches!(key, Self::Keyword(name) | Self::Text(name) if name == keyword))
            .map(|(_, value)| value)
    }

    /// The same, to take it out.
    pub(super) fn get_mut(&mut self, keyword: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else { return None };
        entries
            .iter_mut()
            .find(|(key, _)| matches!(key, Self::Keyword(name) | Self::Text(name) if name == keyword))
            .map(|(_, value)| value)
    }

    /// The word, if it is a keyword, a string or a symbol.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Keyword(name) | Self::Text(name) => Some(name),
            Self::Other(symbol) if symbol.starts_with(char::is_alphabetic) => Some(symbol),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub(super) const fn int(&self) -> Option<i64> {
        if let Self::Int(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The elements, if it has some.
    pub(super) fn sequence(&self) -> Option<&[Self]> {
        if let Self::Sequence(elements) = self {
            Some(elements)
        } else {
            None
        }
    }
}

/// As EDN would write it.
impl fmt::Display for Edn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => write!(out, "nil"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            Self::Other(text) => write!(out, "{text}"),
            Self::Keyword(name) => write!(out, ":{name}"),
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Sequence(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::to_string).collect();
                write!(out, "[{}]", elements.join(" "))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| format!("{key} {value}");
                let entries: Vec<String> = entries.iter().map(entry).collect();
                write!(out, "{{{}}}", entries.join(", "))
            }
        }
    }
}

/// The maps of a file, see [`each_map`].
pub(super) fn parse_maps(text: &str) -> Result<Vec<(u64, Edn)>, HistoryError> {
    let mut maps = Vec::new();
    each_map(text, |line, map| {
        maps.push((line, map));
        Ok(())
    })?;
    Ok(maps)
}

/// Gives the maps of a file, each with the line it begins on: one map after the other, or all of them in one vector or
/// list. A map takes many times its text: whoever has long histories keeps only what counts of each.
pub(super) fn each_map(
    text: &str,
    mut take: impl FnMut(u64, Edn) -> Result<(), HistoryError>,
) -> Result<(), HistoryError> {
    let mut parser = Parser { rest: text, line: 1 };
    parser.skip_blanks(0)?;
    // What is said about the whole.
    while parser.rest.starts_with('^') {
        parser.advance(1);
        parser.value(0)?;
        parser.skip_blanks(0)?;
    }
    let enclosed = parser.rest.starts_with(['[', '(']);
    if enclosed {
        parser.advance(1);
    }
    loop {
        parser.skip_blanks(0)?;
        let line = parser.line;
        if enclosed && parser.rest.starts_with([']', ')']) {
            parser.advance(1);
            parser.skip_blanks(0)?;
            if !parser.rest.is_empty() {
                return Err(parser.error("something follows the end of the history"));
            }
            return Ok(());
        }
        if parser.rest.is_empty() {
            return if enclosed {
                Err(parser.error("the history has no end"))
            } else {
                Ok(())
            };
        }
        let value = parser.value(0)?;
        if !matches!(value, Edn::Map(_)) {
            return Err(HistoryError::Malformed {
                line,
                reason: "an operation must be a map".to_owned(),
            });
        }
        take(line, value)?;
    }
}

struct Parser<'a> {
    rest: &'a str,
    line: u64,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: u32) -> Result<Edn, HistoryError> {
        if depth > DEPTH_MAX {
            return Err(self.error("nested too deeply"));
        }
        self.skip_blanks(depth)?;
        let Some(first) = self.rest.chars().next() else {
            return Err(self.error("the text ends too early"));
        };
        match first {
            '[' => self.sequence(']', depth),
            '(' => self.sequence(')', depth),
            '{' => self.map(depth),
            '"' => self.text(),
            ':' => {
                self.advance(1);
                Ok(Edn::Keyword(self.token().to_owned()))
            }
            // Metadata says something about the value that follows; no history means anything by it.
            '^' => {
                self.advance(1);
                self.value(depth + 1)?;
                self.value(depth + 1)
            }
            '#' => {
                self.advance(1);
                if self.rest.starts_with('^') {
                    return self.value(depth + 1);
                }
                if self.rest.starts_with('{') {
                    return self.sequence('}', depth);
                }
                if self.rest.starts_with('#') {
                    // ##NaN, ##Inf, ##-Inf.
                    return Ok(Edn::Other(format!("#{}", self.token())));
                }
                // A tagged value: the tag says of which class it was; the value is what counts.
                self.token();
                self.value(depth + 1)
            }
            '\\' => {
                self.advance(1);
                let length = self.rest.chars().next().map_or(0, char::len_utf8);
                let character = self.rest[..length].to_owned();
                self.advance(length);
                let rest = self.token();
                Ok(Edn::Other(format!("\\{character}{rest}")))
            }
            ']' | ')' | '}' => Err(self.error("a bracket closes what was not opened")),
            _ => {
                let token = self.token();
                Ok(match token {
                    "nil" => Edn::Nil,
                    "true" => Edn::Bool(true),
                    "false" => Edn::Bool(false),
                    "" => return Err(self.error("a character that EDN does not know")),
                    token => number(token).map_or_else(|| Edn::Other(token.to_owned()), Edn::Int),
                })
            }
        }
    }

    fn sequence(&mut self, close: char, depth: u32) -> Result<Edn, HistoryError> {
        self.advance(1);
        let mut elements = Vec::new();
        loop {
            self.skip_blanks(depth)?;
            if self.rest.starts_with(close) {
                self.advance(1);
                return Ok(Edn::Sequence(elements));
            }
            elements.push(self.value(depth + 1)?);
        }
    }

    fn map(&mut self, depth: u32) -> Result<Edn, HistoryError> {
        self.advance(1);
        let mut entries = Vec::new();
        loop {
            self.skip_blanks(depth)?;
            if self.rest.starts_with('}') {
                self.advance(1);
                return Ok(Edn::Map(entries));
            }
            let key = self.value(depth + 1)?;
            let value = self.value(depth + 1)?;
            entries.push((key, value));
        }
    }

    fn text(&mut self) -> Result<Edn, HistoryError> {
        self.advance(1);
        let mut text = String::new();
        loop {
            let Some(character) = self.rest.chars().next() else {
                return Err(self.error("a string has no end"));
            };
            self.advance(character.len_utf8());
            match character {
                '"' => return Ok(Edn::Text(text)),
                '\\' => {
                    let escaped = self
                        .rest
                        .chars()
                        .next()
                        .ok_or_else(|| self.error("a string has no end"))?;
                    self.advance(escaped.len_utf8());
                    text.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'u' => self.unicode()?,
                        other => other,
                    });
                }
                other => text.push(other),
            }
        }
    }

    /// The four digits of a `\u`.
    fn unicode(&mut self) -> Result<char, HistoryError> {
        let digits = self.rest.get(..4);
        let character = digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        let character = character.ok_or_else(|| self.error("four hexadecimal digits must follow a \\u"))?;
        self.advance(4);
        Ok(character)
    }

    /// Up to the next delimiter.
    fn token(&mut self) -> &'a str {
        let ends = |character: char| character.is_whitespace() || ",[](){}\";".contains(character);
        let length = self.rest.find(ends).unwrap_or(self.rest.len());
        let token = &self.rest[..length];
        self.advance(length);
        token
    }

    /// White space, commas, comments, and values that `#_` takes out.
    fn skip_blanks(&mut self, depth: u32) -> Result<(), HistoryError> {
        loop {
            let blank = |character: char| character.is_whitespace() || character == ',';
            let length = self
                .rest
                .find(|character| !blank(character))
                .unwrap_or(self.rest.len());
            self.advance(length);
            if self.rest.starts_with(';') {
                let length = self.rest.find('\n').unwrap_or(self.rest.len());
                self.advance(length);
            } else if self.rest.starts_with("#_") {
                self.advance(2);
                self.value(depth + 1)?;
            } else {
                return Ok(());
            }
        }
    }

    fn advance(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at(length);
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.rest = rest;
    }

    fn error(&self, reason: &str) -> HistoryError {
        HistoryError::Malformed {
            line: self.line,
            reason: reason.to_owned(),
        }
    }
}

/// An integer of 64 bits, however it is marked: `5`, `5N` (a big integer), `5M` and `5.0M` (decimals).
fn number(token: &str) -> Option<i64> {
    if let Some(decimal) = token.strip_suffix('M') {
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        return fraction
            .bytes()
            .all(|digit| digit == b'0')
            .then(|| whole.parse().ok())?;
    }
    token.strip_suffix('N').unwrap_or(token).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_kinds_are_read() {
        let text = "; a comment\n[{:a 1, :b [nil \"x\\\"y\"] :c #{1 2} #_ {:gone 1}}\n #jepsen.Op{:a -3 :d 1.5 :e \\newline}]";
        let maps = parse_maps(text).unwrap();
        assert_eq!(maps.len(), 2);
        assert_eq!((maps[0].0, maps[1].0), (2, 3));
        assert_eq!(maps[0].1.get("a"), Some(&Edn::Int(1)));
        assert_eq!(
            maps[0].1.get("b"),
            Some(&Edn::Sequence(vec![Edn::Nil, Edn::Text("x\"y".to_owned())]))
        );
        assert_eq!(maps[1].1.get("e"), Some(&Edn::Other("\\newline".to_owned())));
    }

    #[test]
    fn numbers_metadata_and_keys_come_in_several_spellings() {
        let text = "^{:tag a} ^:b #^c {\"a\" 5N, :b [5M 5.00M -3N ^:small 7], :c [5.5M 99999999999999999999N], :d \"\\u0041\", :e ok}";
        let map = &parse_maps(text).unwrap()[0].1;
        assert_eq!(map.get("a"), Some(&Edn::Int(5)));
        let numbers = [5, 5, -3, 7].map(Edn::Int);
        assert_eq!(map.get("b"), Some(&Edn::Sequence(numbers.to_vec())));
        assert_eq!(map.get("c").unwrap().to_string(), "[5.5M 99999999999999999999N]");
        assert_eq!(map.get("d"), Some(&Edn::Text("A".to_owned())));
        assert_eq!(map.get("e").and_then(Edn::name), Some("ok"));
    }

    #[test]
    fn hostile_text_is_an_error_with_its_line() {
        let deep = "[".repeat(100_000);
        let discards = "#_ ".repeat(100_000);
        let carets = format!("[{}", "^a ".repeat(100_000));
        for text in [
            "[{:a 1}",
            "{:a",
            "{:a \"x",
            "[1]",
            "\n\n]",
            "[{}] 1",
            "{:a }",
            &deep,
            &discards,
            &carets,
            "\\",
            "#",
            "^",
            "[^{}",
            "{:a \"\\u12\"}",
            "{:a \"\\ud800\"}",
        ] {
            assert!(
                matches!(parse_maps(text), Err(HistoryError::Malformed { .. })),
                "{:.20}",
                text
            );
        }
        assert!(parse_maps("\n\n}").unwrap_err().to_string().starts_with("line 3"));
        assert!(parse_maps("").unwrap().is_empty());
    }
}
