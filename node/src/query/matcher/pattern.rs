//! Regular expressions with MongoDB's options.

use bson::Bson;
use fancy_regex::{Regex, RegexBuilder};

use crate::query::error::{QueryError, QueryResult};

/// A compiled regular expression that remembers its text, for equality with stored ones.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    options: String,
    regex: Regex,
}

/// The groups of one match, the whole match first, with their byte offsets; `None` took no part.
pub type Groups<'t> = Vec<Option<(usize, &'t str)>>;

/// Steps of backtracking after which a match is given up.
const BACKTRACK_LIMIT: usize = 1_000_000;
/// Longest pattern in bytes, as in PCRE2.
const PATTERN_BYTES_MAX: usize = 32_764;

impl Pattern {
    /// Compiles; options are any of `i m s x u`.
    pub fn new(text: &str, options: &str) -> QueryResult<Self> {
        if text.contains('\0') {
            return Err(QueryError::bad_value(
                "Regular expression cannot contain an embedded null byte",
            ));
        }
        if text.len() > PATTERN_BYTES_MAX {
            return Err(QueryError::location(
                51091,
                "Regular expression is invalid: pattern string is too long",
            ));
        }
        let mut flags = String::new();
        for option in options.chars() {
            match option {
                'i' | 'm' | 's' | 'x' if !flags.contains(option) => flags.push(option),
                'i' | 'm' | 's' | 'x' | 'u' => {}
                other => {
                    let text = format!("invalid flag in regex options: {other}");
                    return Err(QueryError::location(51108, text));
                }
            }
        }
        let full = if flags.is_empty() {
            text.to_owned()
        } else {
            format!("(?{flags}){text}")
        };
        let regex = RegexBuilder::new(&full)
            .backtrack_limit(BACKTRACK_LIMIT)
            .build()
            .map_err(|error| {
                QueryError::location(51091, format!("Regular expression is invalid: {error}"))
            })?;
        Ok(Self {
            text: text.to_owned(),
            options: options.to_owned(),
            regex,
        })
    }

    /// Compiles a BSON regular expression.
    pub fn of_bson(regex: &bson::Regex) -> QueryResult<Self> {
        Self::new(regex.pattern.as_str(), regex.options.as_str())
    }

    /// Whether a value is text that matches, or this same regular expression.
    pub fn matches(&self, value: &Bson) -> QueryResult<bool> {
        match value {
            Bson::String(text) | Bson::Symbol(text) => self.regex.is_match(text).map_err(gave_up),
            Bson::RegularExpression(regex) => {
                Ok(regex.pattern.as_str() == self.text && regex.options.as_str() == self.options)
            }
            _ => Ok(false),
        }
    }

    /// The first `limit` matches in `text`: for each, the groups with their byte offsets, the whole match first.
    pub fn captures<'t>(&self, text: &'t str, limit: usize) -> QueryResult<Vec<Groups<'t>>> {
        let mut result = Vec::new();
        for captures in self.regex.captures_iter(text).take(limit) {
            let captures = captures.map_err(gave_up)?;
            result.push(
                captures
                    .iter()
                    .map(|group| group.map(|group| (group.start(), group.as_str())))
                    .collect(),
            );
        }
        Ok(result)
    }
}

fn gave_up(error: fancy_regex::Error) -> QueryError {
    QueryError::location(
        51156,
        format!("Error occurred while executing the regular expression: {error}"),
    )
}
