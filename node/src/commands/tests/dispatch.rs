//! Names, arguments, and what every command accepts or refuses.

use bson::doc;

use super::harness::Member;
use crate::commands::COMMANDS;

#[test]
fn every_name_is_one_commands() {
    let names: Vec<&str> = COMMANDS
        .iter()
        .flat_map(|command| command.names.iter().copied())
        .collect();
    for (position, name) in names.iter().enumerate() {
        assert!(!names[position + 1..].contains(name), "{name}");
    }
}

#[test]
fn arguments_are_checked() {
    let mut member = Member::new();
    assert_eq!(member.code(doc! { "nothing": 1 }), 59);
    assert_eq!(member.code(doc! { "find": "c", "unknown": 1 }), 40415);
    assert_eq!(member.code(doc! { "insert": "c" }), 40414);
    assert_eq!(member.code(doc! { "insert": "c", "documents": 1 }), 14);
    assert_eq!(member.code(doc! { "insert": "c", "documents": [] }), 16);
    assert_eq!(member.code(doc! { "update": "c" }), 40414);
    assert_eq!(
        member.code(doc! { "update": "c", "updates": [{ "q": {} }] }),
        40414
    );
    assert_eq!(
        member.code(doc! { "update": "c", "updates": [{ "q": {}, "u": {}, "x": 1 }] }),
        40415
    );
    assert_eq!(member.code(doc! { "find": 1 }), 73);
    assert_eq!(member.code(doc! { "find": "c", "filter": 1 }), 14);
    assert_eq!(member.code(doc! { "find": "c", "limit": -1 }), 51024);
    assert_eq!(member.code(doc! { "find": "c", "filter": { "$x": 1 } }), 2);
    assert_eq!(member.code(doc! { "find": "c", "autocommit": false }), 263);
    assert_eq!(
        member.code(doc! { "find": "c", "collation": { "locale": "fr" } }),
        115
    );
    assert_eq!(member.code(doc! { "getParameter": "foo" }), 72);
    assert_eq!(member.code(doc! { "getLog": "foo" }), 96);
    assert_eq!(member.code(doc! { "getMore": 5, "collection": "c" }), 14);
    for generic in [
        doc! { "lsid": {}, "$clusterTime": {}, "$readPreference": { "mode": "primary" }, "comment": 1 },
        doc! { "maxTimeMS": 5, "readConcern": {}, "writeConcern": { "w": 1 }, "apiVersion": "1", "txnNumber": 1_i64 },
    ] {
        for mut command in [doc! { "ping": 1 }, doc! { "find": "c" }, doc! { "count": "c" }] {
            command.extend(generic.clone());
            member.command(command);
        }
    }
}

#[test]
fn a_bad_statement_is_a_write_error_and_others_go_on() {
    let mut member = Member::new();
    let reply = member.command(doc! { "update": "c", "ordered": false, "updates": [
    { "q": { "_id": 1 }, "u": { "$nothing": { "a": 1 } }, "upsert": true },
    { "q": { "_id": 2 }, "u": { "$set": { "a": 1 } }, "upsert": true }] });
    assert_eq!(reply.get_i32("n").expect("n"), 1);
    let error = reply.get_array("writeErrors").expect("errors")[0]
        .as_document()
        .expect("one")
        .clone();
    assert_eq!(
        (
            error.get_i32("index").expect("index"),
            error.get_i32("code").expect("code")
        ),
        (0, 9)
    );
}

/// Row S3-21 of the notes.
#[test]
fn commands_about_the_server_answer() {
    let mut member = Member::new();
    for command in [
        doc! { "buildInfo": 1 },
        doc! { "hostInfo": 1 },
        doc! { "getLog": "startupWarnings" },
        doc! { "connectionStatus": 1 },
        doc! { "whatsmyuri": 1 },
        doc! { "getParameter": 1, "featureCompatibilityVersion": 1 },
        doc! { "getCmdLineOpts": 1 },
        doc! { "serverStatus": 1 },
        doc! { "listCommands": 1 },
        doc! { "startSession": 1 },
        doc! { "refreshSessions": [] },
        doc! { "killAllSessions": [] },
        doc! { "usersInfo": 1 },
        doc! { "currentOp": 1 },
        doc! { "killOp": 1, "op": 1 },
        doc! { "profile": -1 },
    ] {
        member.command(command);
    }
}
