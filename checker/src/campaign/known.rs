//! Known issues: anomalies that are told apart from new ones, for a time.
//!
//! ```toml
//! [[known]]
//! signature = "linearizable/stale-read@*"    # a star at the end stands for anything
//! issue = "https://…/issues/12"
//! until = "2027-01-31"                       # after this day it counts as new again
//! ```

use std::{fs, path::Path};

use serde::Deserialize;

use super::error::CampaignError;

/// The list in `known.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownIssues {
    #[serde(default)]
    known: Vec<KnownIssue>,
}

/// One known issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownIssue {
    /// Signature, or its begin and a star.
    pub signature: String,
    /// Where it is dealt with.
    pub issue: String,
    /// Last day on which it is excused, `2027-01-31`. An excuse without an end would hide the next bug with the
    /// same signature.
    pub until: String,
}

/// How an anomaly stands to the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not in the list.
    New,
    /// In the list, and excused today.
    Known(KnownIssue),
    /// In the list, but the excuse is over: counts as new.
    Expired(KnownIssue),
}

impl KnownIssues {
    /// Reads a list.
    pub fn read(path: &Path) -> Result<Self, CampaignError> {
        let wrong = |reason: String| CampaignError::File {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let issues: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match issues.known.iter().find(|issue| !is_day(&issue.until)) {
            Some(issue) => Err(wrong(format!(
                "until = \"{}\" is not a day such as 2027-01-31",
                issue.until
            ))),
            None => Ok(issues),
        }
    }

    /// How `signature` stands on the day `today` (`2026-11-21`).
    pub fn standing(&self, signature: &str, today: &str) -> Standing {
        let fits = |issue: &&KnownIssue| match issue.signature.strip_suffix('*') {
            Some(begin) => signature.starts_with(begin),
            None => signature == issue.signature,
        };
        let fitting: Vec<&KnownIssue> = self.known.iter().filter(fits).collect();
        match (
            fitting.iter().find(|issue| today <= issue.until.as_str()),
            fitting.first(),
        ) {
            (Some(issue), _) => Standing::Known((*issue).clone()),
            (None, Some(issue)) => Standing::Expired((*issue).clone()),
            (None, None) => Standing::New,
        }
    }
}

/// Days of this shape compare as text.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excuses_end() {
        let issues: KnownIssues = toml::from_str(
            "[[known]]\nsignature = \"linearizable/*\"\nissue = \"i1\"\nuntil = \"2026-12-01\"\n",
        )
        .unwrap();
        let standing = |signature, today| issues.standing(signature, today);
        assert!(matches!(
            standing("linearizable/stale-read@kill", "2026-12-01"),
            Standing::Known(_)
        ));
        assert!(matches!(
            standing("linearizable/stale-read@kill", "2026-12-02"),
            Standing::Expired(_)
        ));
        assert_eq!(
            standing("no-lost-write/lost-write@kill", "2026-11-21"),
            Standing::New
        );
    }

    #[test]
    fn an_excuse_without_an_end_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("known.toml");
        for until in ["", "until = \"never\""] {
            fs::write(
                &path,
                format!("[[known]]\nsignature = \"a\"\nissue = \"b\"\n{until}\n"),
            )
            .unwrap();
            assert!(KnownIssues::read(&path).is_err(), "{until}");
        }
    }
}
