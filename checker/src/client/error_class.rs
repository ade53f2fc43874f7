//! What an error says about the request: it certainly did not happen, or nobody knows.
//!
//! Most false alarms of testers of this kind come from calling an unknown result a failure, and most missed
//! bugs from calling a failure a success; so only what is certain is called certain.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::limits::ERROR_CHARACTERS_MAX;

/// What an error says about a request that changes something. (A read that failed changed nothing.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It did not happen, and never will.
    NotDone,
    /// A document with that `_id` was there already: refused for that reason.
    DuplicateKey,
    /// It may have happened, or may yet.
    Unknown,
}

/// Codes of replies by which a member says that it refused before it executed anything.
///
/// Not among them, on purpose: 189 PrimarySteppedDown, 11602 InterruptedDueToReplStateChange, 11600
/// InterruptedAtShutdown, 91 ShutdownInProgress, 64 WriteConcernTimeout, 262 ExceededTimeLimit, 50
/// MaxTimeMSExpired, 112 WriteConflict: they can come after the write was applied.
const REFUSED: &[(i32, &str)] = &[
    (2, "BadValue"),
    (9, "FailedToParse"),
    (13, "Unauthorized"),
    (14, "TypeMismatch"),
    (20, "IllegalOperation"),
    (59, "CommandNotFound"),
    (72, "InvalidOptions"),
    (73, "InvalidNamespace"),
    (10107, "NotWritablePrimary"),
    (13435, "NotPrimaryNoSecondaryOk"),
    (13436, "NotPrimaryOrSecondary"),
    (40414, "IDLFailedToParse"),
    (40415, "IDLUnknownField"),
];

const DUPLICATE_KEY: i32 = 11000;

/// The class of a reply with this code. `write_concern` is true for the code of a `writeConcernError`, which
/// always comes after the write was applied.
pub fn of_code(code: i32, write_concern: bool) -> ErrorClass {
    if write_concern {
        ErrorClass::Unknown
    } else if code == DUPLICATE_KEY {
        ErrorClass::DuplicateKey
    } else if REFUSED.iter().any(|(refused, _)| *refused == code) {
        ErrorClass::NotDone
    } else {
        ErrorClass::Unknown
    }
}

/// The class of an error of the driver. `sent` is false when the request certainly never left.
pub fn of_error(error: &Error, sent: bool) -> ErrorClass {
    if !sent {
        return ErrorClass::NotDone;
    }
    match error.kind.as_ref() {
        ErrorKind::Command(command) => of_code(command.code, false),
        ErrorKind::Write(WriteFailure::WriteError(write)) => of_code(write.code, false),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => of_code(concern.code, true),
        ErrorKind::ServerSelection { .. } => ErrorClass::NotDone,
        _ => ErrorClass::Unknown,
    }
}

/// The error in a short line, with its code.
pub fn words(error: &Error) -> String {
    let text = match error.kind.as_ref() {
        ErrorKind::Command(command) => {
            format!("{} ({}): {}", command.code_name, command.code, command.message)
        }
        ErrorKind::Write(WriteFailure::WriteError(write)) => {
            format!("write error {}: {}", write.code, write.message)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => format!(
            "write concern: {} ({}): {}",
            concern.code_name, concern.code, concern.message
        ),
        ErrorKind::ServerSelection { message, .. } => format!("no server: {message}"),
        other => other.to_string(),
    };
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(ERROR_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_certain_and_interruptions_are_not() {
        for code in [10107, 13435, 13436, 9, 59] {
            assert_eq!(of_code(code, false), ErrorClass::NotDone, "{code}");
        }
        for code in [189, 11602, 11600, 91, 64, 262, 50, 112, 6, 1, 0, -1] {
            assert_eq!(of_code(code, false), ErrorClass::Unknown, "{code}");
        }
        assert_eq!(of_code(11000, false), ErrorClass::DuplicateKey);
    }

    #[test]
    fn behind_a_write_concern_error_the_write_was_applied() {
        for code in [10107, 13435, 64, 91, 11000] {
            assert_eq!(of_code(code, true), ErrorClass::Unknown, "{code}");
        }
    }

    #[test]
    fn what_was_never_sent_was_never_done() {
        let lost = Error::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert_eq!(of_error(&lost, true), ErrorClass::Unknown);
        assert_eq!(of_error(&lost, false), ErrorClass::NotDone);
    }

    #[test]
    fn words_are_one_short_line() {
        let long = Error::custom("é\n".repeat(500));
        let words = words(&long);
        assert_eq!(words.chars().count(), ERROR_CHARACTERS_MAX + 1);
        assert!(!words.contains('\n'));
    }
}
