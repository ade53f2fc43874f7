//! Does the server binary behave: bad input gets a clear error, what should live lives, data survives.

mod access;
mod failover;
mod giving_up;
mod kills;
mod linearizable;
mod long_copy;
mod membership;
mod playground;
mod rollback;
mod soak;
mod syncing;
mod unfinished;

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use bson::doc;
use tests::{Node, Set, ask, built, run_to_exit, send_bytes, wait_for};

#[test]
fn a_wrong_flag_is_named() {
    let (status, said) = run_to_exit(&["--prot", "1"]);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("--prot") && said.contains("--port"), "{said}");
}

#[test]
fn a_configuration_file_is_read_and_its_errors_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node.conf");
    std::fs::write(&path, "port=27017\nreplset=x\n").unwrap();
    let (status, said) = run_to_exit(&["-f", path.to_str().unwrap()]);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("node.conf:2") && said.contains("replset"), "{said}");
}

#[test]
fn a_taken_port_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dbpath = directory.path().join("data");
    let (status, said) = run_to_exit(&["--port", &port, "--dbpath", dbpath.to_str().unwrap()]);
    assert_eq!(status.code(), Some(48), "{said}");
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
}

#[test]
fn a_data_directory_in_use_is_refused_and_its_owner_lives() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::start(directory.path());
    let (status, said) = run_to_exit(&[
        "--port",
        "0",
        "--replSet",
        "t0",
        "--dbpath",
        node.dbpath.to_str().unwrap(),
    ]);
    assert_eq!(status.code(), Some(100), "{said}");
    assert!(said.contains("DBPathInUse"), "{said}");
    assert_eq!(node.admin(doc! { "ping": 1 }).get_f64("ok").ok(), Some(1.0));
}

#[test]
fn a_directory_of_another_set_is_refused() {
    let mut set = Set::start(1);
    let dbpath = set.nodes[0].dbpath.clone();
    set.nodes[0].kill();
    let (status, said) = run_to_exit(&[
        "--port",
        "0",
        "--replSet",
        "other",
        "--dbpath",
        dbpath.to_str().unwrap(),
    ]);
    assert!(!status.success());
    assert!(said.contains("\"t0\"") && said.contains("other"), "{said}");
}

#[test]
fn a_damaged_oplog_stops_the_member_with_the_files_name() {
    let mut set = Set::start(1);
    insert(&set, 0, 50);
    let dbpath = set.nodes[0].dbpath.clone();
    set.nodes[0].kill();
    let segment = std::fs::read_dir(dbpath.join("oplog"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("seg-"))
        .unwrap();
    // In the middle of what was written: records before and after it are whole.
    let file = File::options().write(true).open(&segment).unwrap();
    file.write_all_at(&[0xff; 8], 700).unwrap();
    let (status, said) = run_to_exit(&[
        "--port",
        "0",
        "--replSet",
        "t0",
        "--dbpath",
        dbpath.to_str().unwrap(),
    ]);
    assert!(!status.success(), "a damaged oplog must never be cut silently");
    assert!(
        said.contains(segment.file_name().unwrap().to_str().unwrap()),
        "{said}"
    );
}

#[test]
fn garbage_and_oversized_messages_harm_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::start(directory.path());
    let _ = send_bytes(node.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let _ = send_bytes(node.port, &[0xff; 4096]);
    let mut oversized = Vec::new();
    for word in [49_000_000_i32, 1, 0, 2013] {
        oversized.extend_from_slice(&word.to_le_bytes());
    }
    oversized.resize(1 << 16, 0);
    let reply = send_bytes(node.port, &oversized).unwrap();
    let text = String::from_utf8_lossy(&reply).into_owned();
    assert!(text.contains("48000000"), "the limit is named: {text}");
    assert_eq!(node.admin(doc! { "ping": 1 }).get_f64("ok").ok(), Some(1.0));
}

#[test]
fn an_uninitiated_member_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let node = Node::start(directory.path());
    let status = node.admin(doc! { "replSetGetStatus": 1 });
    assert_eq!(status.get_i32("code").ok(), Some(94));
    let line = "can't get local.system.replset config from self or any seed (EMPTYCONFIG)";
    assert!(node.log().contains(line), "S0-07");
    let hello = node.admin(doc! { "hello": 1 });
    assert!(
        hello.get("setName").is_none() && hello.get_bool("isreplicaset").unwrap(),
        "{hello}"
    );
}

#[test]
fn the_reply_and_status_are_those_of_the_transcript() {
    let set = Set::start(3);
    let again = set.nodes[0].admin(doc! { "replSetInitiate": {} });
    assert_eq!(again.get_i32("code").ok(), Some(23), "AlreadyInitialized");
    let primary = set.primary();
    let status = set.nodes[primary].admin(doc! { "replSetGetStatus": 1 });
    for field in ["set", "date", "myState", "members", "ok"] {
        assert!(status.contains_key(field), "S0-13 {field}");
    }
    for row in status.get_array("members").unwrap() {
        let row = row.as_document().unwrap();
        let own = row.get_bool("self").unwrap_or(false);
        for field in [
            "_id",
            "name",
            "health",
            "state",
            "stateStr",
            "uptime",
            "optime",
            "optimeDate",
        ] {
            assert!(row.contains_key(field), "S0-14 {field}");
        }
        for field in ["lastHeartbeat", "lastHeartbeatRecv", "pingMs"] {
            assert_eq!(row.contains_key(field), !own, "S0-15 {field}");
        }
    }
}

/// Rows S2-20, S3-07, S3-08 of the notes.
#[test]
fn acknowledged_writes_survive_kill_9_of_all_members() {
    let mut set = Set::start(3);
    let primary = set.primary();
    insert(&set, primary, 200);
    for node in &mut set.nodes {
        node.kill();
    }
    for node in &mut set.nodes {
        node.restart();
    }
    let primary = set.primary();
    let found = ask(set.nodes[primary].port, "test", &doc! { "count": "docs" }).unwrap();
    assert_eq!(found.get_i32("n").ok(), Some(200), "{found}");
}

/// Rows S2-19, S4-01, S4-03 of the notes.
#[test]
fn a_member_that_was_away_catches_up_and_is_equal() {
    let mut set = Set::start(3);
    let primary = set.primary();
    let away = (primary + 1) % 3;
    set.nodes[away].kill();
    insert(&set, primary, 100);
    set.nodes[away].restart();
    wait_for("equal data", || {
        let hash = |member: usize| {
            let command = doc! { "dbHash": 1, "$readPreference": { "mode": "nearest" } };
            let reply = ask(set.nodes[member].port, "test", &command)?;
            reply.get_document("collections").ok().cloned()
        };
        let (ours, theirs) = (hash(primary)?, hash(away)?);
        (ours == theirs && !ours.is_empty()).then_some(())
    });
}

/// The notes' way to lose a primary: `db.adminCommand({shutdown: 1})`; another one is primary then.
/// Row S2-09 of the notes.
#[test]
fn a_primary_that_is_shut_down_hands_over() {
    let set = Set::start(3);
    let primary = set.primary();
    let reply = set.nodes[primary].admin(doc! { "shutdown": 1 });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    wait_for("another primary", || {
        let others = (0..3).filter(|member| *member != primary);
        others
            .filter_map(|member| ask(set.nodes[member].port, "admin", &doc! { "isMaster": 1 }))
            .any(|reply| reply.get_bool("ismaster").unwrap_or(false))
            .then_some(())
    });
}

/// S2-06, S2-07: the old words of a secondary that is asked without being allowed.
#[test]
fn a_secondary_refuses_reads_unless_they_are_allowed() {
    let set = Set::start(3);
    let primary = set.primary();
    insert(&set, primary, 1);
    let port = set.nodes[(primary + 1) % 3].port;
    let refused = ask(port, "test", &doc! { "find": "docs" }).unwrap();
    assert_eq!(refused.get_i32("code").ok(), Some(13435), "{refused}");
    assert_eq!(
        refused.get_str("errmsg").ok(),
        Some("not master and slaveOk=false")
    );
    wait_for("the copy", || {
        let command = doc! { "count": "docs", "$readPreference": { "mode": "secondary" } };
        let reply = ask(port, "test", &command)?;
        (reply.get_i32("n").ok()? == 1).then_some(())
    });
}

/// Drivers send what ends with `$merge` or `$out` to secondaries, too: it is passed on to the primary.
#[test]
fn a_secondary_passes_on_what_its_pipeline_writes() {
    let set = Set::start(3);
    let primary = set.primary();
    insert(&set, primary, 3);
    let secondary = set.nodes[(primary + 1) % 3].port;
    let merge = |preference| {
        doc! {
            "aggregate": "docs", "pipeline": [{ "$match": { "_id": { "$gt": 0 } } }, { "$merge": { "into": "merged" } }],
            "cursor": {}, "writeConcern": { "w": "majority" }, "$readPreference": { "mode": preference },
        }
    };
    let refused = ask(secondary, "test", &merge("primary")).unwrap();
    assert_eq!(refused.get_i32("code").ok(), Some(10107), "{refused}");
    let reply = wait_for("the secondary to know its primary", || {
        ask(secondary, "test", &merge("secondary")).filter(|reply| reply.get_f64("ok").ok() == Some(1.0))
    });
    assert_eq!(
        reply.get_document("cursor").unwrap().get_i64("id").ok(),
        Some(0),
        "{reply}"
    );
    let counted = ask(set.nodes[primary].port, "test", &doc! { "count": "merged" }).unwrap();
    assert_eq!(counted.get_i32("n").ok(), Some(2), "{counted}");
}

/// Inserts `count` documents by majority writes.
fn insert(set: &Set, member: usize, count: i32) {
    assert!(built().node.exists());
    for id in 0..count {
        let command = doc! {
            "insert": "docs", "documents": [{ "_id": id }], "writeConcern": { "w": "majority", "wtimeout": 60_000 },
        };
        let reply = ask(set.nodes[member].port, "test", &command).unwrap();
        assert_eq!(reply.get_i32("n").ok(), Some(1), "{reply}");
        assert!(!reply.contains_key("writeConcernError"), "{reply}");
    }
}
