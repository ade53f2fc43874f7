//! What a read asks to be promised, as the client writes it.

use bson::{RawBsonRef, RawDocument, Timestamp};
use protocol::concern::ReadConcern;

use crate::commands::CommandError;
use crate::wire::Request;

/// A parsed `readConcern`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What the core is asked for.
    pub(super) concern: ReadConcern,
    /// One state of the data for the whole result, which the reply names.
    pub(super) snapshot: bool,
    /// Nothing older than this may be seen.
    pub(super) after: Option<Timestamp>,
    /// Just this state (snapshot only).
    pub(super) at: Option<Timestamp>,
}

/// Commands that a snapshot of a single statement is defined for.
const SNAPSHOT_COMMANDS: [&str; 3] = ["find", "aggregate", "distinct"];

/// Reads it from a request.
///
/// # Errors
/// 9 for an unknown level, 14 for a wrong type, 72 for what does not go together, 40415 for an unknown field.
pub(super) fn read_concern(request: &Request) -> Result<Wanted, CommandError> {
    let mut wanted = Wanted {
        concern: ReadConcern::Local,
        snapshot: false,
        after: None,
        at: None,
    };
    let given = match request.body.get("readConcern") {
        Ok(Some(RawBsonRef::Document(given))) => given,
        Ok(Some(_)) => return Err(CommandError::new(14, "readConcern must be a document")),
        _ => return Ok(wanted),
    };
    check_fields(given)?;
    let mut level = "local";
    match given.get("level") {
        Ok(Some(RawBsonRef::String(word))) => level = word,
        Ok(Some(_)) => return Err(CommandError::new(14, "readConcern.level must be a string")),
        _ => {}
    }
    wanted.after = time(given, "afterClusterTime")?;
    wanted.at = time(given, "atClusterTime")?;
    match level {
        "local" | "available" => {}
        "majority" => wanted.concern = ReadConcern::Majority,
        "snapshot" => {
            wanted.concern = ReadConcern::Majority;
            wanted.snapshot = true;
        }
        "linearizable" => wanted.concern = ReadConcern::Linearizable,
        other => {
            let text =
                format!("Enumeration value '{other}' for field 'readConcern.level' is not a valid value.");
            return Err(CommandError::new(2, text));
        }
    }
    if wanted.snapshot && !SNAPSHOT_COMMANDS.contains(&request.name.as_str()) {
        let text = format!(
            "readConcern level 'snapshot' is not supported for '{}'",
            request.name
        );
        return Err(CommandError::new(72, text));
    }
    if wanted.at.is_some() && (!wanted.snapshot || wanted.after.is_some()) {
        let text = "readConcern.atClusterTime needs the level snapshot, and goes not with afterClusterTime";
        return Err(CommandError::new(72, text));
    }
    if wanted.after.is_some() && level == "linearizable" {
        let text = "afterClusterTime field can be set only if level is equal to local, majority or snapshot";
        return Err(CommandError::new(9, text));
    }
    Ok(wanted)
}

/// A write reads nothing but the newest state, except for a pipeline that ends with a write.
///
/// # Errors
/// 72 for another level, and those of [`read_concern`].
pub(super) fn check_concern_of_write(request: &Request) -> Result<(), CommandError> {
    if request.body.get("readConcern").is_ok_and(|given| given.is_none()) {
        return Ok(());
    }
    let wanted = read_concern(request)?;
    let level = match (wanted.concern, wanted.snapshot) {
        (_, true) => "snapshot",
        (ReadConcern::Linearizable, _) => "linearizable",
        _ => return Ok(()),
    };
    let text = format!(
        "Command {} does not support the readConcern level {level}",
        request.name
    );
    Err(CommandError::new(72, text))
}

fn check_fields(given: &RawDocument) -> Result<(), CommandError> {
    const KNOWN: [&str; 4] = ["level", "afterClusterTime", "atClusterTime", "provenance"];
    for field in given {
        let (name, _) = field.map_err(|error| CommandError::new(22, error.to_string()))?;
        if !KNOWN.contains(&name.as_str()) {
            let text = format!("BSON field 'readConcern.{name}' is an unknown field.");
            return Err(CommandError::new(40415, text));
        }
    }
    Ok(())
}

fn time(given: &RawDocument, key: &str) -> Result<Option<Timestamp>, CommandError> {
    match given.get(key) {
        Ok(None) => Ok(None),
        Ok(Some(RawBsonRef::Timestamp(time))) if time.time == 0 && time.increment == 0 => Err(
            CommandError::new(72, format!("readConcern.{key} must not be null")),
        ),
        Ok(Some(RawBsonRef::Timestamp(time))) => Ok(Some(time)),
        _ => Err(CommandError::new(
            14,
            format!("readConcern.{key} must be a timestamp"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::*;
    use crate::wire::RequestKind;

    fn parsed(name: &str, concern: Document) -> Result<Wanted, i32> {
        let body = RawDocumentBuf::try_from(&doc! { name: "c", "readConcern": concern }).unwrap();
        read_concern(&Request {
            id: 1,
            kind: RequestKind::Msg,
            database: "a".to_owned(),
            name: name.to_owned(),
            body: body.into(),
            sequences: Vec::new(),
            more_to_come: false,
            exhaust_allowed: false,
        })
        .map_err(|error| error.code.number())
    }

    #[test]
    fn levels_and_times_are_read() {
        let ts = Timestamp {
            time: 5,
            increment: 1,
        };
        let wanted = parsed("find", doc! { "level": "majority", "afterClusterTime": ts }).unwrap();
        assert_eq!((wanted.concern, wanted.after), (ReadConcern::Majority, Some(ts)));
        let wanted = parsed("find", doc! { "level": "snapshot", "atClusterTime": ts }).unwrap();
        assert!(wanted.snapshot && wanted.at == Some(ts));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let ts = Timestamp {
            time: 5,
            increment: 1,
        };
        assert_eq!(parsed("find", doc! { "level": "best" }), Err(2));
        assert_eq!(parsed("find", doc! { "lvl": "local" }), Err(40415));
        assert_eq!(parsed("find", doc! { "level": 1 }), Err(14));
        assert_eq!(
            parsed("find", doc! { "level": "majority", "atClusterTime": ts }),
            Err(72)
        );
        assert_eq!(parsed("count", doc! { "level": "snapshot" }), Err(72));
        assert_eq!(
            parsed("find", doc! { "level": "linearizable", "afterClusterTime": ts }),
            Err(9)
        );
    }
}
