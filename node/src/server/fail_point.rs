//! Failures that a test asks for (`configureFailPoint`, only with `enableTestCommands`).
//!
//! A command that `failCommand` strikes fails before it runs, loses its connection, is held up, or runs and gets a write concern
//! error beside its result, as MongoDB's failpoint of the same name.

use std::time::Duration;

use bson::{Bson, Document};

use crate::commands::CommandError;

/// The longest that a command is held up.
const BLOCK_MAX: Duration = Duration::from_secs(60);

/// What a struck command suffers, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// It is held up.
    pub block: Option<Duration>,
    /// Its connection is closed without an answer.
    pub closes: bool,
    /// It runs, then its connection is closed without an answer.
    pub closes_after: bool,
    /// It fails with this code.
    pub error: Option<i32>,
    /// It runs, and this stands beside its result.
    pub write_concern_error: Option<Document>,
    /// Labels of the answer, instead of those that its code would get.
    pub labels: Option<Vec<Bson>>,
}

/// All failpoints that there are.
#[derive(Debug, Default)]
pub(super) struct FailPoints {
    command: FailPoint,
    transactional: FailPoint,
    applying: FailPoint,
    producer: FailPoint,
}

impl FailPoints {
    /// Reads `{configureFailPoint, mode, data}`; returns how often the former one struck.
    ///
    /// # Errors
    /// 140 for an unknown failpoint; 2, 9 or 14 for what can't be meant: the former setting stays then.
    pub(super) fn configure(&mut self, command: &Document) -> Result<i64, CommandError> {
        match command.get_str("configureFailPoint") {
            Ok("failCommand") => self.command.configure(command, failure),
            // What is fetched from the source is not taken.
            Ok("stopReplProducer") => self.producer.configure(command, |_| Ok(Failure::default())),
            // Ours: a fetched entry can't be applied.
            Ok("failApplyingOplog") => self.applying.configure(command, |_| Ok(Failure::default())),
            Ok("onPrimaryTransactionalWrite") => self.transactional.configure(command, transactional_failure),
            _ => {
                let name = command.get("configureFailPoint").unwrap_or(&Bson::Null);
                Err(CommandError::new(140, format!("there is no failpoint {name}")))
            }
        }
    }

    /// May any strike a client's command?
    pub(super) fn wait_for_commands(&self) -> bool {
        self.command.mode != Mode::Off || self.transactional.mode != Mode::Off
    }

    /// Is what the source answers lost? Asking counts.
    pub(super) fn strikes_fetching(&mut self) -> bool {
        self.producer.strike("", "", None).is_some()
    }

    /// Does the entry that a follower is about to apply fail? Asking counts.
    pub(super) fn strikes_applying(&mut self, follows: bool) -> bool {
        follows && self.applying.strike("", "", None).is_some()
    }

    /// What a command of this application suffers. `statements`: how many of a retryable write it executes now. Asking counts.
    pub(super) fn strike(
        &mut self,
        command: &str,
        namespace: &str,
        application: Option<&str>,
        statements: i64,
    ) -> Option<Failure> {
        let struck = self.command.strike(command, namespace, application);
        let writes = statements > 0 && TRANSACTIONAL.contains(&command);
        struck.or_else(|| {
            if !writes {
                return None;
            }
            // Each statement is a write of its own: those that are let through count one by one.
            let mut struck = None;
            for _ in 0..statements {
                struck = self.transactional.strike("", namespace, application);
                if struck.is_some() {
                    break;
                }
            }
            struck
        })
    }
}

/// Commands that `onPrimaryTransactionalWrite` strikes when they can be retried.
const TRANSACTIONAL: [&str; 5] = ["insert", "update", "delete", "findAndModify", "findandmodify"];

/// A failpoint, as it is set.
#[derive(Debug, Default)]
struct FailPoint {
    mode: Mode,
    commands: Vec<String>,
    application: Option<String>,
    namespace: Option<String>,
    failure: Failure,
    struck: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Off,
    AlwaysOn,
    Times(i64),
    Skip(i64),
}

impl FailPoint {
    fn configure(
        &mut self,
        command: &Document,
        failure: fn(&Document) -> Result<Failure, CommandError>,
    ) -> Result<i64, CommandError> {
        let data = match command.get("data") {
            None => Document::new(),
            Some(Bson::Document(data)) => data.clone(),
            Some(_) => return Err(CommandError::new(14, "data must be an object")),
        };
        let new = Self {
            mode: mode(command.get("mode"))?,
            commands: words(&data, "failCommands")?,
            application: data.get_str("appName").ok().map(str::to_owned),
            namespace: data.get_str("namespace").ok().map(str::to_owned),
            failure: failure(&data)?,
            struck: 0,
        };
        Ok(std::mem::replace(self, new).struck)
    }

    fn strike(&mut self, command: &str, namespace: &str, application: Option<&str>) -> Option<Failure> {
        let meant = (command.is_empty() || self.commands.iter().any(|named| named == command))
            && self
                .application
                .as_deref()
                .is_none_or(|named| application == Some(named))
            && self.namespace.as_deref().is_none_or(|named| namespace == named);
        if !meant {
            return None;
        }
        match self.mode {
            Mode::Off | Mode::Times(..=0) => return None,
            Mode::Skip(left @ 1..) => {
                self.mode = Mode::Skip(left - 1);
                return None;
            }
            Mode::Times(left) => self.mode = Mode::Times(left - 1),
            Mode::AlwaysOn | Mode::Skip(_) => {}
        }
        self.struck += 1;
        Some(self.failure.clone())
    }
}

fn mode(given: Option<&Bson>) -> Result<Mode, CommandError> {
    let whole = |value: &Bson| match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        _ => None,
    };
    let bad = || {
        CommandError::new(
            2,
            "a failpoint's mode is 'off', 'alwaysOn', {times: n} or {skip: n}",
        )
    };
    match given {
        Some(Bson::String(word)) if word == "off" => Ok(Mode::Off),
        Some(Bson::String(word)) if word == "alwaysOn" => Ok(Mode::AlwaysOn),
        Some(Bson::Document(counted)) => match counted.iter().next() {
            Some((word, number)) if word == "times" => whole(number).map(Mode::Times).ok_or_else(bad),
            Some((word, number)) if word == "skip" => whole(number).map(Mode::Skip).ok_or_else(bad),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

fn failure(data: &Document) -> Result<Failure, CommandError> {
    let flag = |key| data.get_bool(key).unwrap_or(false);
    let number = |key| match data.get(key) {
        Some(Bson::Int32(number)) => Some(i64::from(*number)),
        Some(Bson::Int64(number)) => Some(*number),
        _ => None,
    };
    let held = number("blockTimeMS")
        .and_then(|held| u64::try_from(held).ok())
        .unwrap_or(0);
    let labels = match data.get("errorLabels") {
        None => None,
        Some(Bson::Array(labels)) => Some(labels.clone()),
        Some(_) => return Err(CommandError::new(14, "errorLabels must be an array")),
    };
    Ok(Failure {
        block: flag("blockConnection").then(|| Duration::from_millis(held).min(BLOCK_MAX)),
        closes: flag("closeConnection"),
        closes_after: false,
        error: number("errorCode").and_then(|code| i32::try_from(code).ok()),
        write_concern_error: data.get_document("writeConcernError").ok().cloned(),
        labels,
    })
}

/// `onPrimaryTransactionalWrite`: fails before anything is written, or loses the answer of what was written.
fn transactional_failure(data: &Document) -> Result<Failure, CommandError> {
    let closes = data.get_bool("closeConnection").unwrap_or(true);
    let error = data.get_i32("failBeforeCommitExceptionCode").ok();
    Ok(Failure {
        closes: closes && error.is_some(),
        closes_after: closes && error.is_none(),
        error,
        ..Failure::default()
    })
}

fn words(data: &Document, key: &str) -> Result<Vec<String>, CommandError> {
    match data.get(key) {
        None => Ok(Vec::new()),
        Some(Bson::Array(words)) => Ok(words.iter().filter_map(Bson::as_str).map(str::to_owned).collect()),
        Some(_) => Err(CommandError::new(14, format!("{key} must be an array"))),
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn set(mode: impl Into<Bson>, data: Document) -> FailPoint {
        let mut point = FailPoint::default();
        let command = doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": data };
        point.configure(&command, failure).unwrap();
        point
    }

    #[test]
    fn it_strikes_as_often_as_asked_and_only_what_was_named() {
        let mut point = set(
            doc! { "times": 2 },
            doc! { "failCommands": ["insert"], "errorCode": 91 },
        );
        assert_eq!(point.strike("find", "a.b", None), None);
        assert_eq!(point.strike("insert", "a.b", None).unwrap().error, Some(91));
        assert!(point.strike("insert", "a.b", None).is_some());
        assert_eq!(point.strike("insert", "a.b", None), None);
        let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
        assert_eq!(point.configure(&off, failure).unwrap(), 2);
    }

    #[test]
    fn it_skips_and_looks_at_the_application() {
        let data = doc! { "failCommands": ["find"], "closeConnection": true, "appName": "mine" };
        let mut point = set(doc! { "skip": 1 }, data);
        assert_eq!(point.strike("find", "a.b", Some("other")), None);
        assert_eq!(point.strike("find", "a.b", Some("mine")), None);
        assert!(point.strike("find", "a.b", Some("mine")).unwrap().closes);
    }

    #[test]
    fn transactional_writes_count_by_statement_and_retries_not_at_all() {
        let mut points = FailPoints::default();
        let skip = doc! { "configureFailPoint": "onPrimaryTransactionalWrite", "mode": { "skip": 3 } };
        points.configure(&skip).unwrap();
        assert_eq!(points.strike("insert", "a.b", None, 3), None);
        assert_eq!(points.strike("insert", "a.b", None, 0), None);
        assert!(
            points
                .strike("insert", "a.b", None, 1)
                .is_some_and(|failure| failure.closes_after)
        );
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        let mut point = FailPoint::default();
        for command in [
            doc! {},
            doc! { "mode": "sometimes" },
            doc! { "mode": { "times": "x" } },
        ] {
            assert_eq!(
                point.configure(&command, failure).unwrap_err().code.number(),
                2,
                "{command}"
            );
        }
    }
}
