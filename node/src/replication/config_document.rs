//! The configuration document of `replSetInitiate` and `replSetGetConfig`, and the core's view of it.

use std::collections::BTreeSet;

use bson::{Bson, Document, doc};
use protocol::config::{Config, ConfigId, MemberConfig, MemberId};
use protocol::config_change::Incompatible;
use protocol::optime::Term;

use super::timing::Profile;

/// What is wrong with a configuration (93 `InvalidReplicaSetConfig`).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Fields of a configuration.
const FIELDS: &[&str] = &[
    "_id",
    "version",
    "term",
    "members",
    "protocolVersion",
    "writeConcernMajorityJournalDefault",
    "settings",
];
/// Fields of a member.
const MEMBER_FIELDS: &[&str] = &[
    "_id",
    "host",
    "arbiterOnly",
    "buildIndexes",
    "hidden",
    "newlyAdded",
    "priority",
    "secondaryDelaySecs",
    "slaveDelay",
    "tags",
    "votes",
];
/// Settings of the set.
const SETTINGS: &[&str] = &[
    "catchUpTakeoverDelayMillis",
    "catchUpTimeoutMillis",
    "chainingAllowed",
    "electionTimeoutMillis",
    "getLastErrorDefaults",
    "getLastErrorModes",
    "heartbeatIntervalMillis",
    "heartbeatTimeoutSecs",
    "replicaSetId",
];

/// Priorities are 0 to 100, decimals allowed.
pub const PRIORITY_MAX: f64 = 100.0;
/// `secondaryDelaySecs` is at most 366 days.
pub const DELAY_SECS_MAX: i64 = 31_622_400;

/// Reads and checks a configuration document, filling in every default.
///
/// # Errors
/// A sentence that names the field.
pub fn parse(document: &Document, set_name: &str, profile: Profile) -> Result<Config, ConfigError> {
    check_fields("ReplSetConfig", document, FIELDS)?;
    let name = document
        .get_str("_id")
        .map_err(|_| invalid("the field _id must be the set's name"))?;
    if name != set_name {
        return Err(invalid(&format!(
            "attempting to initiate a replica set with name {name}, but this member was started with --replSet {set_name}"
        )));
    }
    let rows = document
        .get_array("members")
        .map_err(|_| invalid("the field members must be an array"))?;
    if rows.is_empty() || rows.len() > Config::MEMBERS_MAX {
        return Err(invalid(&format!(
            "a set has 1 to {} members, not {}",
            Config::MEMBERS_MAX,
            rows.len()
        )));
    }
    let members = rows.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    let version = integer(document, "version")?.unwrap_or(1);
    let version = u32::try_from(version)
        .ok()
        .filter(|version| (1..=i32::MAX.cast_unsigned()).contains(version))
        .ok_or_else(|| invalid("version is a number from 1 to 2147483647"))?;
    let term = integer(document, "term")?.unwrap_or(0);
    let settings = document.get_document("settings").cloned().unwrap_or_default();
    check_fields("ReplSetConfig.settings", &settings, SETTINGS)?;
    let config = Config {
        id: ConfigId {
            term: Term(term),
            version,
        },
        set_name: name.to_owned(),
        majority_journaled: document
            .get_bool("writeConcernMajorityJournalDefault")
            .unwrap_or(true),
        chaining_allowed: settings.get_bool("chainingAllowed").unwrap_or(true),
        modes: super::write_modes::read(&settings, rows)?,
        document: Vec::new(),
        members,
    };
    check(&config)?;
    with_document(config, document, profile)
}

/// Reads and checks the document that follows `present`. What belongs to the set as a whole is taken over.
///
/// # Errors
/// A sentence that names the field.
pub fn parse_next(
    document: &Document,
    present: &Config,
    set_name: &str,
    profile: Profile,
) -> Result<Config, ConfigError> {
    let mut document = document.clone();
    let identity = settings(present).get("replicaSetId").cloned();
    let mut given = document.get_document("settings").cloned().unwrap_or_default();
    match (identity, given.get("replicaSetId")) {
        (Some(identity), Some(other)) if identity != *other => {
            return Err(invalid("New and old configurations differ in replica set ID"));
        }
        (Some(identity), None) => {
            given.insert("replicaSetId", identity);
            document.insert("settings", given);
        }
        _ => {}
    }
    parse(&document, set_name, profile)
}

/// Why a configuration can't follow the present one, in MongoDB's words where it has some.
#[must_use]
pub fn incompatible(why: Incompatible) -> String {
    let set_again = "to make this change, remove then re-add the member";
    match why {
        Incompatible::SetName => "New and old configurations differ in replica set name".to_owned(),
        Incompatible::Version => "New replica set configuration version must be greater than old".to_owned(),
        Incompatible::Arbiter(id) => format!(
            "New and old configurations differ in the setting of the arbiterOnly field for member {}; {set_again}",
            id.0
        ),
        Incompatible::BuildIndexes(id) => format!(
            "New and old configurations differ in the setting of the buildIndexes field for member {}; {set_again}",
            id.0
        ),
        Incompatible::Host(id) => format!(
            "New and old configurations both have the host of member {}, but the _id field differs",
            id.0
        ),
        Incompatible::ManyVotes => {
            "Non force replica set reconfig can only add or remove at most 1 voting member.".to_owned()
        }
        Incompatible::ElectableTooSoon(id) => format!(
            "Rejecting reconfig where the new config has a PSA topology and the secondary (member {}) is electable, but \
             the old config contains only one writable node: give it its vote with priority 0 first, and then its \
             priority, as rs.reconfigForPSASet() does",
            id.0
        ),
    }
}

/// The document of a configuration, every default written out.
#[must_use]
pub fn format(config: &Config) -> Document {
    let mut document = Document::from_reader(&mut config.document.as_slice()).unwrap_or_default();
    document.insert("version", Bson::Int32(config.id.version.cast_signed()));
    document.insert("term", Bson::Int64(config.id.term.0));
    document
}

/// The `settings` of a configuration.
#[must_use]
pub fn settings(config: &Config) -> Document {
    let document = Document::from_reader(&mut config.document.as_slice()).unwrap_or_default();
    document.get_document("settings").cloned().unwrap_or_default()
}

/// The tags of a member, if it has any.
#[must_use]
pub fn tags(config: &Config, id: MemberId) -> Option<Document> {
    let document = Document::from_reader(&mut config.document.as_slice()).ok()?;
    let rows = document.get_array("members").ok()?;
    let tags = rows
        .get(config.position(id)?)?
        .as_document()?
        .get_document("tags")
        .ok()?;
    (!tags.is_empty()).then(|| tags.clone())
}

fn with_document(mut config: Config, given: &Document, profile: Profile) -> Result<Config, ConfigError> {
    let rows = given
        .get_array("members")
        .map_err(|_| invalid("the field members must be an array"))?;
    let members: Vec<Bson> = config
        .members
        .iter()
        .zip(rows)
        .map(|(member, row)| {
            let tags = row
                .as_document()
                .and_then(|row| row.get_document("tags").ok())
                .cloned();
            Bson::Document(doc! {
                "_id": i32::from(member.id.0),
                "host": &member.host,
                "arbiterOnly": member.arbiter,
                "buildIndexes": member.build_indexes,
                "hidden": member.hidden,
                "priority": f64::from(member.priority_milli) / 1000.0,
                "tags": tags.unwrap_or_default(),
                "secondaryDelaySecs": i64::from(member.delay_secs),
                "votes": i32::from(member.votes),
            })
        })
        .collect();
    let mut settings = doc! {
        "chainingAllowed": true,
        "heartbeatIntervalMillis": 2000,
        "heartbeatTimeoutSecs": profile.heartbeat_timeout_secs(),
        "electionTimeoutMillis": profile.election_timeout_ms(),
        "catchUpTimeoutMillis": -1,
        "catchUpTakeoverDelayMillis": 30000,
        "getLastErrorModes": {},
        "getLastErrorDefaults": { "w": 1, "wtimeout": 0 },
    };
    for (key, value) in given.get_document("settings").cloned().unwrap_or_default() {
        settings.insert(key, value);
    }
    if !settings.contains_key("replicaSetId") {
        settings.insert("replicaSetId", bson::oid::ObjectId::new());
    }
    let document = doc! {
        "_id": &config.set_name,
        "version": config.id.version.cast_signed(),
        "term": config.id.term.0,
        "members": members,
        "protocolVersion": 1_i64,
        "writeConcernMajorityJournalDefault": config.majority_journaled,
        "settings": settings,
    };
    document
        .to_writer(&mut config.document)
        .map_err(|error| invalid(&format!("the configuration can't be stored: {error}")))?;
    Ok(config)
}

/// A misspelt field would be a wish that nobody hears: `priorty: 0` makes a member electable.
fn check_fields(place: &str, document: &Document, known: &[&str]) -> Result<(), ConfigError> {
    let unknown = document.keys().find(|key| !known.contains(&key.as_str()));
    match unknown {
        Some(field) => Err(invalid(&format!(
            "BSON field '{place}.{field}' is an unknown field."
        ))),
        None => Ok(()),
    }
}

fn member(row: &Bson) -> Result<MemberConfig, ConfigError> {
    let row = row
        .as_document()
        .ok_or_else(|| invalid("each of members must be a document"))?;
    check_fields("ReplSetConfig.members", row, MEMBER_FIELDS)?;
    let id = integer(row, "_id")?.ok_or_else(|| invalid("a member lacks _id"))?;
    let id = u8::try_from(id).map_err(|_| invalid("a member's _id is a number from 0 to 255"))?;
    let host = row
        .get_str("host")
        .map_err(|_| invalid(&format!("member {id} lacks host")))?;
    let host = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:{}", crate::options::DEFAULT_PORT)
    };
    let arbiter = boolean(row, "arbiterOnly")?.unwrap_or(false);
    let votes = integer(row, "votes")?.unwrap_or(1);
    if !(0..=1).contains(&votes) {
        return Err(invalid(&format!("member {id}: votes is 0 or 1")));
    }
    let priority = match row.get("priority") {
        None => f64::from(u8::from(!arbiter)),
        Some(Bson::Int32(value)) => f64::from(*value),
        #[expect(clippy::cast_precision_loss, reason = "checked against a small range below")]
        Some(Bson::Int64(value)) => *value as f64,
        Some(Bson::Double(value)) => *value,
        Some(_) => return Err(invalid(&format!("member {id}: priority is a number"))),
    };
    if !(0.0..=PRIORITY_MAX).contains(&priority) {
        return Err(invalid(&format!(
            "member {id}: priority is a number from 0 to {PRIORITY_MAX}"
        )));
    }
    let delay = integer(row, "secondaryDelaySecs")?
        .or(integer(row, "slaveDelay")?)
        .unwrap_or(0);
    if !(0..=DELAY_SECS_MAX).contains(&delay) {
        return Err(invalid(&format!(
            "member {id}: secondaryDelaySecs is a number from 0 to {DELAY_SECS_MAX}"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 ≤ priority ≤ 100"
    )]
    let priority_milli = if arbiter {
        0
    } else {
        (priority * 1000.0).round() as u32
    };
    Ok(MemberConfig {
        id: MemberId(id),
        host,
        votes: votes == 1,
        priority_milli,
        arbiter,
        hidden: boolean(row, "hidden")?.unwrap_or(false),
        delay_secs: u32::try_from(delay).unwrap_or(0),
        build_indexes: boolean(row, "buildIndexes")?.unwrap_or(true),
        newly_added: false,
    })
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let mut ids = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    for member in &config.members {
        let id = member.id.0;
        if !ids.insert(id) {
            return Err(invalid(&format!("two members have the _id {id}")));
        }
        if !hosts.insert(&member.host) {
            return Err(invalid(&format!("two members have the host {}", member.host)));
        }
        let needs_zero = [
            (member.hidden, "hidden"),
            (member.delay_secs > 0, "delayed"),
            (!member.build_indexes, "without indexes"),
            (!member.votes, "without a vote"),
        ];
        if let Some((_, why)) = needs_zero.iter().find(|(is, _)| *is && member.priority_milli > 0) {
            return Err(invalid(&format!("member {id} is {why}: its priority must be 0")));
        }
        if member.arbiter && !member.votes {
            return Err(invalid(&format!(
                "member {id} is an arbiter: it must have a vote"
            )));
        }
    }
    if !config.members.iter().any(MemberConfig::is_electable) {
        return Err(invalid(
            "no member can become primary: give one a priority above 0 and a vote",
        ));
    }
    let voters = config.voters();
    if voters > Config::VOTERS_MAX {
        return Err(invalid(&format!(
            "a set has at most {} voting members, not {voters}",
            Config::VOTERS_MAX
        )));
    }
    Ok(())
}

pub(super) fn integer(document: &Document, key: &str) -> Result<Option<i64>, ConfigError> {
    match document.get(key) {
        None => Ok(None),
        Some(Bson::Int32(value)) => Ok(Some(i64::from(*value))),
        Some(Bson::Int64(value)) => Ok(Some(*value)),
        #[expect(clippy::cast_possible_truncation, reason = "only whole numbers pass")]
        Some(Bson::Double(value)) if value.fract() == 0.0 => Ok(Some(*value as i64)),
        Some(_) => Err(invalid(&format!("{key} must be a whole number"))),
    }
}

fn boolean(document: &Document, key: &str) -> Result<Option<bool>, ConfigError> {
    match document.get(key) {
        None => Ok(None),
        Some(Bson::Boolean(value)) => Ok(Some(*value)),
        Some(Bson::Int32(value)) => Ok(Some(*value != 0)),
        Some(Bson::Double(value)) => Ok(Some(*value != 0.0)),
        Some(_) => Err(invalid(&format!("{key} must be true or false"))),
    }
}

pub(super) fn invalid(why: &str) -> ConfigError {
    ConfigError(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows S0-09, S2-10 of the notes.
    #[test]
    fn the_transcripts_document_is_read() {
        let config = parse(
            &doc! { "_id": "shopex", "members": [
                { "_id": 1, "host": "127.0.0.1:27017" },
                { "_id": 2, "host": "127.0.0.1:27018" },
                { "_id": 9.0, "host": "127.0.0.1:27019", "arbiterOnly": true },
            ] },
            "shopex",
            Profile::Modern,
        )
        .unwrap();
        assert_eq!(
            config
                .members
                .iter()
                .map(|member| member.id.0)
                .collect::<Vec<_>>(),
            [1, 2, 9]
        );
        assert!(config.members[2].arbiter);
        let document = format(&config);
        assert_eq!(document.get_i32("version").unwrap(), 1);
        assert_eq!(
            parse(&document, "shopex", Profile::Modern).unwrap().members,
            config.members
        );
    }

    #[test]
    fn each_rule_names_its_field() {
        let cases = [
            (
                doc! { "_id": "other", "members": [{ "_id": 0, "host": "a:1" }] },
                "name other",
            ),
            (doc! { "_id": "s", "members": [] }, "1 to 50 members"),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1", "priorty": 0 }] },
                "ReplSetConfig.members.priorty",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1" }], "settings": { "electionTimeout": 1 } },
                "ReplSetConfig.settings.electionTimeout",
            ),
            (
                doc! { "_id": "s", "member": [], "members": [{ "_id": 0, "host": "a:1" }] },
                "ReplSetConfig.member' is an unknown field",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1" }, { "_id": 0, "host": "b:1" }] },
                "_id 0",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1" }, { "_id": 1, "host": "a:1" }] },
                "host a:1",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1", "priority": 0 }] },
                "primary",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1", "priority": 101 }] },
                "0 to 100",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 0, "host": "a:1", "hidden": true }] },
                "hidden",
            ),
            (
                doc! { "_id": "s", "members": [{ "_id": 300, "host": "a:1" }] },
                "0 to 255",
            ),
        ];
        for (document, word) in cases {
            let error = parse(&document, "s", Profile::Modern).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    /// Row S3-04 of the notes.
    #[test]
    fn fifty_members_and_seven_votes_are_the_limit() {
        let rows = |count: u8, voters: u8| {
            let rows: Vec<Bson> = (0..count)
                .map(|id| {
                    let votes = i32::from(id < voters);
                    Bson::Document(doc! { "_id": i32::from(id), "host": format!("h{id}:1"), "votes": votes, "priority": votes })
                })
                .collect();
            parse(&doc! { "_id": "s", "members": rows }, "s", Profile::Modern)
        };
        assert!(rows(50, 7).is_ok());
        assert!(rows(51, 7).is_err());
        assert!(rows(50, 8).is_err());
    }
}
