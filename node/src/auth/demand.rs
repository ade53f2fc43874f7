//! What a request demands of whoever sends it.

use bson::{Bson, Document};

use super::role::{Right, Role};
use super::user::USERS;

/// What it takes to run a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: it is how one introduces oneself.
    Nothing,
    /// Some login.
    Login,
    /// All these rights, each in its database.
    Rights(Vec<(Right, String)>),
}

/// Commands that anybody may send, as in MongoDB.
const OPEN: &[&str] = &[
    "_isSelf",
    "buildInfo",
    "buildinfo",
    "connectionStatus",
    "endSessions",
    "hello",
    "isMaster",
    "ismaster",
    "listCommands",
    "logout",
    "ping",
    "saslContinue",
    "saslStart",
    "whatsmyuri",
];

/// Commands for which any login will do. What they show is filtered by rights, or belongs to the client.
const OWN: &[&str] = &[
    "getLastError",
    "killCursors",
    "listDatabases",
    "killSessions",
    "refreshSessions",
    "startSession",
    "getParameter",
    "usersInfo",
];

/// What each other command demands, in its own database.
const TABLE: &[(Right, &[&str])] = &[
    (
        Right::Read,
        &[
            "aggregate",
            "count",
            "distinct",
            "dbHash",
            "dbhash",
            "find",
            "getMore",
        ],
    ),
    (
        Right::Write,
        &["delete", "findAndModify", "findandmodify", "insert", "update"],
    ),
    (
        Right::Schema,
        &[
            "collMod",
            "create",
            "createIndexes",
            "createSearchIndexes",
            "drop",
            "dropIndexes",
            "dropSearchIndex",
            "deleteIndexes",
            "updateSearchIndex",
        ],
    ),
    (Right::Database, &["dropDatabase", "profile", "validate"]),
    (
        Right::Inspect,
        &[
            "collStats",
            "collstats",
            "dbStats",
            "dbstats",
            "listCollections",
            "listIndexes",
            "listSearchIndexes",
        ],
    ),
    (
        Right::Users,
        &[
            "createUser",
            "dropAllUsersFromDatabase",
            "dropUser",
            "grantRolesToUser",
            "revokeRolesFromUser",
            "updateUser",
        ],
    ),
    (
        Right::Monitor,
        &[
            "currentOp",
            "getCmdLineOpts",
            "hostInfo",
            "replSetGetConfig",
            "replSetGetStatus",
            "serverStatus",
            "top",
        ],
    ),
    (
        Right::Manage,
        &[
            "replSetFreeze",
            "replSetInitiate",
            "replSetMaintenance",
            "replSetReconfig",
            "replSetResync",
            "replSetStepDown",
            "replSetStepUp",
            "replSetSyncFrom",
            "resync",
        ],
    ),
    (
        Right::Host,
        &[
            "configureFailPoint",
            "getLog",
            "killAllSessions",
            "killAllSessionsByPattern",
            "killOp",
            "setParameter",
            "shutdown",
        ],
    ),
];

/// May the localhost exception (nobody has a user yet, the client is on this machine) run this? As MongoDB: found
/// the set, and make the first user.
#[must_use]
pub fn is_for_beginners(command: &str, database: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "replSetGetConfig",
        "replSetGetStatus",
        "replSetInitiate",
        "replSetReconfig",
        "createUser",
        "grantRolesToUser",
    ];
    database == "admin" && COMMANDS.contains(&command)
}

/// On an arbiter, which has no users and never will, also these (as MongoDB).
#[must_use]
pub fn is_for_arbiters(command: &str) -> bool {
    ["getCmdLineOpts", "getParameter", "serverStatus", "shutdown"].contains(&command)
}

/// Is this command in the lists?
#[must_use]
pub fn is_listed(command: &str) -> bool {
    let special = ["explain", "renameCollection"];
    OPEN.contains(&command)
        || OWN.contains(&command)
        || special.contains(&command)
        || right_of(command).is_some()
}

/// What a command demands. `arguments` is the whole command, for what it says about other databases.
#[must_use]
pub fn of(command: &str, database: &str, arguments: &dyn Fn() -> Document) -> Demand {
    if OPEN.contains(&command) {
        return Demand::Nothing;
    }
    match command {
        "explain" => of_explained(database, &arguments()),
        "renameCollection" => of_renaming(&arguments()),
        _ => of_plain(command, database, arguments),
    }
}

fn of_plain(command: &str, database: &str, arguments: &dyn Fn() -> Document) -> Demand {
    let Some(right) = right_of(command) else {
        // Whatever is not known is answered so; nobody without a login learns even that.
        return Demand::Login;
    };
    let own = |right| (right, database.to_owned());
    let mut rights = vec![own(right)];
    match right {
        Right::Users => {
            let roles = arguments();
            let roles = roles.get_array("roles").cloned().unwrap_or_default();
            // Nobody gives away what he may not rule.
            let elsewhere = roles.iter().filter_map(|role| Role::of_bson(role, database));
            rights.extend(elsewhere.map(|role| (Right::Users, role.database)));
        }
        Right::Read | Right::Write => {
            let arguments = arguments();
            if command == "aggregate" {
                let pipeline = arguments.get_array("pipeline").map_or(&[][..], Vec::as_slice);
                pipeline
                    .iter()
                    .for_each(|stage| stage_rights(stage, database, &mut rights));
            }
            if command.eq_ignore_ascii_case("findandmodify") {
                rights.push(own(Right::Read));
            }
        }
        _ => {}
    }
    if matches!(right, Right::Read | Right::Write | Right::Schema) {
        secrets(command, right, database, arguments, &mut rights);
    }
    rights.dedup();
    Demand::Rights(rights)
}

/// Users' credentials are no data like other data: whoever touches them must be allowed to rule users, in `admin`. In a
/// pipeline any mention counts: it may be the source of a `$lookup`.
fn secrets(
    command: &str,
    right: Right,
    database: &str,
    arguments: &dyn Fn() -> Document,
    rights: &mut Vec<(Right, String)>,
) {
    let (users_in, users) = USERS.split_once('.').unwrap_or_default();
    let arguments = arguments();
    let target = arguments.values().next().cloned().unwrap_or(Bson::Null);
    let target = if command == "getMore" {
        arguments.get("collection").cloned().unwrap_or(Bson::Null)
    } else {
        target
    };
    let touches = match command {
        "aggregate" | "renameCollection" => {
            let all = Bson::Document(arguments);
            mentions(&all, USERS)
                || (mentions(&all, users) && (database == users_in || mentions(&all, users_in)))
        }
        _ => database == users_in && target.as_str() == Some(users),
    };
    if !touches {
        return;
    }
    rights.push((Right::Users, users_in.to_owned()));
    if right != Right::Read {
        rights.push((Right::Host, users_in.to_owned()));
    }
}

fn mentions(value: &Bson, word: &str) -> bool {
    match value {
        Bson::String(text) => text == word,
        Bson::Array(values) => values.iter().any(|value| mentions(value, word)),
        Bson::Document(fields) => fields.values().any(|value| mentions(value, word)),
        _ => false,
    }
}

/// What one stage of a pipeline demands beyond reading the pipeline's own database.
fn stage_rights(stage: &Bson, database: &str, rights: &mut Vec<(Right, String)>) {
    let Some((name, value)) = stage.as_document().and_then(|stage| stage.iter().next()) else {
        return;
    };
    let other = |value: &Bson| {
        let named = value.as_document().and_then(|value| value.get_str("db").ok());
        named.unwrap_or(database).to_owned()
    };
    match name.as_str() {
        "$out" => rights.push((Right::Write, other(value))),
        "$merge" => {
            let into = value.as_document().and_then(|value| value.get("into"));
            rights.push((Right::Write, into.map_or_else(|| database.to_owned(), other)));
        }
        "$lookup" | "$graphLookup" | "$unionWith" => {
            let from = value.as_document().and_then(|value| value.get("from"));
            rights.push((Right::Read, from.map_or_else(|| other(value), other)));
        }
        "$currentOp" | "$listLocalSessions" | "$listSessions" => {
            rights.clear();
            rights.push((Right::Monitor, database.to_owned()));
        }
        "$collStats" | "$indexStats" => {
            rights.retain(|(right, _)| *right != Right::Read);
            rights.push((Right::Inspect, database.to_owned()));
        }
        _ => {}
    }
}

fn of_explained(database: &str, arguments: &Document) -> Demand {
    let inner = arguments.get_document("explain").cloned().unwrap_or_default();
    match inner.keys().next() {
        Some(command) if command != "explain" => of(command, database, &|| inner.clone()),
        _ => Demand::Login,
    }
}

fn of_renaming(arguments: &Document) -> Demand {
    let database = |key| {
        let ns = arguments.get_str(key).unwrap_or_default();
        ns.split('.').next().unwrap_or_default().to_owned()
    };
    let mut rights = vec![
        (Right::Schema, database("renameCollection")),
        (Right::Schema, database("to")),
    ];
    rights.dedup();
    secrets(
        "renameCollection",
        Right::Schema,
        "",
        &|| arguments.clone(),
        &mut rights,
    );
    Demand::Rights(rights)
}

fn right_of(command: &str) -> Option<Right> {
    let row = TABLE.iter().find(|(_, commands)| commands.contains(&command));
    row.map(|(right, _)| *right)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn whoever_is_not_known_may_only_introduce_himself() {
        for open in [
            "hello",
            "isMaster",
            "ping",
            "saslStart",
            "saslContinue",
            "buildInfo",
            "logout",
        ] {
            assert_eq!(demand(doc! { open: 1 }), Demand::Nothing, "{open}");
        }
        assert_eq!(demand(doc! { "listDatabases": 1 }), Demand::Login);
        assert_eq!(demand(doc! { "whatIsThis": 1 }), Demand::Login);
    }

    #[test]
    fn commands_demand_rights_where_they_work() {
        assert_eq!(demand(doc! { "find": "c" }), rights(&[(Right::Read, "d")]));
        assert_eq!(
            demand(doc! { "findAndModify": "c" }),
            rights(&[(Right::Write, "d"), (Right::Read, "d")])
        );
        assert_eq!(
            demand(doc! { "aggregate": "c", "pipeline": [{ "$out": { "db": "e", "coll": "x" } }] }),
            rights(&[(Right::Read, "d"), (Right::Write, "e")])
        );
        assert_eq!(
            demand(doc! { "renameCollection": "a.b", "to": "c.d" }),
            rights(&[(Right::Schema, "a"), (Right::Schema, "c")])
        );
        assert_eq!(
            demand(doc! { "explain": { "delete": "c" } }),
            rights(&[(Right::Write, "d")])
        );
        assert_eq!(
            demand(doc! { "createUser": "u", "roles": ["read", { "role": "root", "db": "admin" }] }),
            rights(&[(Right::Users, "d"), (Right::Users, "admin")])
        );
    }

    #[test]
    fn credentials_are_not_read_like_other_data() {
        let wants = |demand| match demand {
            Demand::Rights(rights) => rights.contains(&(Right::Users, "admin".to_owned())),
            _ => false,
        };
        let on_admin = |command: Document| {
            let name = command.keys().next().cloned().unwrap_or_default();
            of(&name, "admin", &|| command.clone())
        };
        assert!(wants(on_admin(doc! { "find": "system.users" })));
        assert!(wants(on_admin(doc! { "insert": "system.users" })));
        assert!(wants(on_admin(doc! { "drop": "system.users" })));
        let lookup = doc! { "$lookup": { "from": "system.users", "as": "x" } };
        assert!(wants(on_admin(doc! { "aggregate": "c", "pipeline": [lookup] })));
        let far = doc! { "$lookup": { "from": { "db": "admin", "coll": "system.users" }, "as": "x" } };
        assert!(wants(demand(doc! { "aggregate": "c", "pipeline": [far] })));
        assert!(wants(demand(
            doc! { "renameCollection": "admin.system.users", "to": "d.x" }
        )));
        assert!(!wants(demand(doc! { "find": "system.users" })));
    }

    fn demand(command: Document) -> Demand {
        let name = command.keys().next().cloned().unwrap_or_default();
        of(&name, "d", &|| command.clone())
    }

    fn rights(rights: &[(Right, &str)]) -> Demand {
        let own = |(right, database): &(Right, &str)| (*right, (*database).to_owned());
        Demand::Rights(rights.iter().map(own).collect())
    }
}
