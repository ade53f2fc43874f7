//! What nobody else has heard of is taken back and kept in files; too much of it needs everything anew; and a copied
//! directory seeds a member.

use std::path::Path;

use bson::{Bson, Document, doc};
use tests::{Node, Set, ask, wait_for};

/// Documents of the set, and entries to take back: one for each (S3-09).
const DOCUMENTS: i32 = 10_000;

/// S2-31, S3-18, S4-25: 10,000 entries that only the old primary has.
#[test]
fn ten_thousand_entries_are_rolled_back_and_their_documents_kept() {
    let mut set = Set::start(3);
    let old = strand(&mut set);
    wait_for("the old primary is a secondary", || state(&set, old, "SECONDARY"));
    are_equal(&set);
    // In the log in this order, after the last start.
    let log = set.nodes[old].log();
    let log = &log[log.rfind("rolling back").expect("it says so")..];
    let states: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split("state changed state=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(states, ["RECOVERING", "SECONDARY"], "{log}");
    let folder = set.nodes[old].dbpath.join("rollback").join("test.docs");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let content = std::fs::read(file).unwrap();
    let (mut rest, mut kept) = (content.as_slice(), 0);
    while !rest.is_empty() {
        let document = Document::from_reader(&mut rest).unwrap();
        assert_eq!(document.get_i32("lost").ok(), Some(1), "{document}");
        kept += 1;
    }
    assert_eq!(kept, DOCUMENTS);
}

/// S2-25, S2-32: beyond the limit nothing is taken back: RECOVERING until it copies everything.
#[test]
fn a_rollback_beyond_the_limit_needs_everything_anew() {
    let mut set = Set::with(3, &["--setParameter", "rollbackLimitBytes=10000"]);
    let old = strand(&mut set);
    wait_for("the old primary gives up", || {
        set.nodes[old].log().contains("rollback too large").then_some(())
    });
    wait_for("RECOVERING", || state(&set, old, "RECOVERING"));
    assert!(
        !set.nodes[old].dbpath.join("rollback").exists(),
        "nothing was taken back"
    );
    let reply = set.nodes[old].admin(doc! { "resync": 1 });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    wait_for("SECONDARY", || state(&set, old, "SECONDARY"));
    are_equal(&set);
}

/// S4-05: everybody has a name of his own in `local.me`, which lasts. S4-13: a copy of a member's directory becomes a member without copying everything over the network.
#[test]
fn a_copied_directory_seeds_a_member() {
    let mut set = Set::start(3);
    let primary = set.primary();
    fill(&set, primary, 500);
    let source = (primary + 1) % 3;
    set.nodes[source].kill();
    let directory = tempfile::tempdir().unwrap();
    copy(&set.nodes[source].dbpath, &directory.path().join("data"));
    set.nodes[source].restart();
    let mut seeded = Node::start(directory.path());
    assert!(seeded.log().contains("another member's copy"), "{}", seeded.log());
    let primary = set.primary();
    let reply = set.nodes[primary].admin(doc! { "replSetGetConfig": 1 });
    let mut config = reply.get_document("config").unwrap().clone();
    config.insert("version", config.get_i32("version").unwrap() + 1);
    let members = config.get_array_mut("members").unwrap();
    members.push(Bson::Document(doc! { "_id": 9, "host": seeded.host() }));
    let reply = set.nodes[primary].admin(doc! { "replSetReconfig": config, "maxTimeMS": 60_000 });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    wait_for("the seeded member", || own_state(&seeded, "SECONDARY"));
    wait_for("its data", || {
        let count = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
        (ask(seeded.port, "test", &count)?.get_i32("n").ok()? == 500).then_some(())
    });
    assert!(
        !seeded.log().contains("initial sync: data are whole"),
        "{}",
        seeded.log()
    );
    let name = own_name(&seeded);
    assert_ne!(name, own_name(&set.nodes[source]));
    seeded.kill();
    seeded.restart();
    assert_eq!(own_name(&seeded), name);
    // S3-03: four votes, told as what they are.
    wait_for("the warning", || {
        seeded.log().contains("an even number of votes").then_some(())
    });
}

fn own_name(node: &Node) -> Bson {
    wait_for("local.me", || {
        let find = doc! { "find": "me", "$readPreference": { "mode": "nearest" } };
        let reply = ask(node.port, "local", &find)?;
        let batch = reply.get_document("cursor").ok()?.get_array("firstBatch").ok()?;
        batch.first()?.as_document()?.get("_id").cloned()
    })
}

/// Leaves one member with 10,000 entries that the others do not have, while these go on without it; then brings it back.
fn strand(set: &mut Set) -> usize {
    let old = set.primary();
    fill(set, old, DOCUMENTS);
    for member in (0..3).filter(|member| *member != old) {
        set.nodes[member].kill();
    }
    // One statement, one entry a document; nobody is there to hear of them.
    let update = doc! {
        "update": "docs",
        "updates": [{ "q": {}, "u": { "$set": { "lost": 1 } }, "multi": true }],
        "writeConcern": { "w": 1, "j": true },
    };
    let reply = ask(set.nodes[old].port, "test", &update).unwrap();
    wait_for("all of them on disk", || {
        let status = set.nodes[old].try_admin(doc! { "replSetGetStatus": 1 })?;
        let optimes = status.get_document("optimes").ok()?;
        let both = ["appliedOpTime", "durableOpTime"].map(|key| optimes.get_document(key).ok().cloned());
        (both[0] == both[1] && both[0].is_some()).then_some(())
    });
    assert!(reply.get_i32("code").unwrap_or(11602) == 11602, "{reply}");
    set.nodes[old].kill();
    for member in (0..3).filter(|member| *member != old) {
        set.nodes[member].restart();
    }
    let new = wait_for("a new primary", || {
        (0..3).filter(|member| *member != old).find(|member| {
            let hello = ask(set.nodes[*member].port, "admin", &doc! { "hello": 1 });
            hello.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
        })
    });
    let insert = doc! { "insert": "docs", "documents": [{ "_id": -1 }], "writeConcern": { "w": 2 } };
    let reply = ask(set.nodes[new].port, "test", &insert).unwrap();
    assert_eq!(reply.get_i32("n").ok(), Some(1), "{reply}");
    set.nodes[old].restart();
    old
}

fn fill(set: &Set, primary: usize, count: i32) {
    let documents: Vec<Document> = (0..count).map(|id| doc! { "_id": id }).collect();
    // On their disks: the others are killed next, and what they have only heard of would be rolled back, too.
    let concern = doc! { "w": 3, "j": true };
    let insert = doc! { "insert": "docs", "documents": documents, "writeConcern": concern };
    let reply = ask(set.nodes[primary].port, "test", &insert).unwrap();
    assert!(!reply.contains_key("writeConcernError"), "{reply}");
    assert_eq!(reply.get_i32("n").ok(), Some(count), "{reply}");
}

fn state(set: &Set, member: usize, wanted: &str) -> Option<()> {
    own_state(&set.nodes[member], wanted)
}

fn own_state(node: &Node, wanted: &str) -> Option<()> {
    let status = node.try_admin(doc! { "replSetGetStatus": 1 })?;
    let rows = status.get_array("members").ok()?;
    let mut rows = rows.iter().filter_map(Bson::as_document);
    let own = rows.find(|row| row.get_bool("self").unwrap_or(false))?;
    (own.get_str("stateStr").ok()? == wanted).then_some(())
}

fn are_equal(set: &Set) {
    wait_for("equal data", || {
        let hash = |node: &Node| {
            let command = doc! { "dbHash": 1, "$readPreference": { "mode": "nearest" } };
            let reply = ask(node.port, "test", &command)?;
            reply.get_document("collections").ok().cloned()
        };
        let first = hash(&set.nodes[0]).filter(|hashes| !hashes.is_empty())?;
        let rest = set.nodes[1..]
            .iter()
            .all(|node| hash(node).as_ref() == Some(&first));
        rest.then_some(())
    });
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
