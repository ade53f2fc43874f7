//! Members come and go while the set lives: added, arbiter, removed, back again.

use bson::{Bson, Document, doc};
use tests::{Node, Set, ask, wait_for};

#[test]
fn members_come_and_go() {
    let mut set = Set::start(3);
    let primary = set.primary();
    let directory = tempfile::tempdir().unwrap();
    let [fourth, arbiter] = ["fourth", "arbiter"].map(|name| {
        let own = directory.path().join(name);
        std::fs::create_dir_all(&own).unwrap();
        Node::start(&own)
    });
    insert(&set, primary, 1);

    // Two at once are refused; so is a version that does not rise.
    let two = change(&set, primary, |members| {
        members.push(Bson::Document(doc! { "_id": 3, "host": fourth.host() }));
        members.push(Bson::Document(
            doc! { "_id": 4, "host": arbiter.host(), "arbiterOnly": true },
        ));
    });
    assert_eq!(reconfigure(&set, primary, &two).get_i32("code").ok(), Some(103));
    let same = set.nodes[primary].admin(doc! { "replSetGetConfig": 1 });
    let same = same.get_document("config").unwrap().clone();
    assert_eq!(reconfigure(&set, primary, &same).get_i32("code").ok(), Some(103));
    let secondary = (primary + 1) % 3;
    assert_eq!(
        reconfigure(&set, secondary, &two).get_i32("code").ok(),
        Some(10107)
    );

    // One after the other; the new member has the data before it counts.
    let add = change(&set, primary, |members| {
        members.push(Bson::Document(doc! { "_id": 3, "host": fourth.host() }));
    });
    succeeds(&reconfigure(&set, primary, &add));
    is_in_state(&fourth, "SECONDARY");
    wait_for("four voters", || {
        let status = ask(set.nodes[primary].port, "admin", &doc! { "replSetGetStatus": 1 })?;
        (status.get_i32("votingMembersCount").ok()? == 4).then_some(())
    });
    let add = change(&set, primary, |members| {
        members.push(Bson::Document(
            doc! { "_id": 4, "host": arbiter.host(), "arbiterOnly": true },
        ));
    });
    succeeds(&reconfigure(&set, primary, &add));
    is_in_state(&arbiter, "ARBITER");
    insert(&set, primary, 2);

    // Whoever is removed learns it, and can come back.
    let remove = change(&set, primary, |members| drop(members.remove(3)));
    succeeds(&reconfigure(&set, primary, &remove));
    wait_for("the removed member knows", || {
        let reply = ask(fourth.port, "admin", &doc! { "replSetGetStatus": 1 })?;
        (reply.get_i32("code").ok()? == 93).then_some(())
    });
    insert(&set, primary, 3);
    let back = change(&set, primary, |members| {
        members.push(Bson::Document(doc! { "_id": 5, "host": fourth.host() }));
    });
    succeeds(&reconfigure(&set, primary, &back));
    is_in_state(&fourth, "SECONDARY");
    wait_for("the third document", || {
        let count = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
        (ask(fourth.port, "test", &count)?.get_i32("n").ok()? == 3).then_some(())
    });

    // The set survives its primary: two of the three, the fourth and the arbiter are a majority of five.
    set.nodes[primary].kill();
    wait_for("a new primary", || {
        let others = set.nodes.iter().enumerate().filter(|(at, _)| *at != primary);
        let mut ports = others.map(|(_, node)| node.port).chain([fourth.port]);
        ports.find(|port| {
            ask(*port, "admin", &doc! { "hello": 1 })
                .is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
        })
    });
}

/// Row S3-16 of the notes.
#[test]
fn the_member_that_the_operator_prefers_takes_over() {
    let set = Set::start(3);
    let primary = set.primary();
    let preferred = (primary + 1) % 3;
    let change = change(&set, primary, |members| {
        let row = members[preferred].as_document_mut().unwrap();
        row.insert("priority", 5.0);
    });
    succeeds(&reconfigure(&set, primary, &change));
    wait_for("the takeover", || (set.primary() == preferred).then_some(()));
}

/// write concerns by tags, and a member that is kept behind.
#[test]
fn concerns_have_names_and_a_member_is_kept_behind() {
    const DELAY_SECS: i64 = 3;
    let set = Set::start(3);
    let primary = set.primary();
    let late = (primary + 2) % 3;
    let mut next = change(&set, primary, |members| {
        for (at, row) in members.iter_mut().enumerate() {
            let centre = if at == late { "west" } else { "east" };
            let row = row.as_document_mut().unwrap();
            row.insert("tags", doc! { "dc": centre });
            if at == late {
                row.insert("priority", 0);
                row.insert("hidden", true);
                row.insert("secondaryDelaySecs", DELAY_SECS);
            }
        }
    });
    let settings = next.get_document_mut("settings").unwrap();
    settings.insert(
        "getLastErrorModes",
        doc! { "everywhere": { "dc": 2 }, "thrice": { "dc": 3 } },
    );
    succeeds(&reconfigure(&set, primary, &next));

    let port = set.nodes[primary].port;
    let write = |id: i32, concern: Document| {
        let insert = doc! { "insert": "docs", "documents": [{ "_id": id }], "writeConcern": concern };
        ask(port, "test", &insert).unwrap()
    };
    let code = |reply: &Document| reply.get_document("writeConcernError").ok()?.get_i32("code").ok();
    assert_eq!(code(&write(1, doc! { "w": "nowhere" })), Some(79));
    assert_eq!(code(&write(2, doc! { "w": "thrice" })), Some(100));
    let begun = std::time::Instant::now();
    assert_eq!(
        code(&write(3, doc! { "w": "everywhere", "wtimeout": 60_000 })),
        None
    );
    // Entries are named by whole seconds.
    let least = std::time::Duration::from_secs(DELAY_SECS.unsigned_abs() - 1);
    assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
    let count = |member: usize| {
        let count = doc! { "count": "docs", "$readPreference": { "mode": "nearest" } };
        ask(set.nodes[member].port, "test", &count)?.get_i32("n").ok()
    };
    assert_eq!(count(late), Some(3), "whoever acknowledged it has it");
    let hello = set.nodes[late].admin(doc! { "hello": 1 });
    assert_eq!(
        hello.get_i64("secondaryDelaySecs").ok(),
        Some(DELAY_SECS),
        "{hello}"
    );
    assert_eq!(
        hello.get_document("tags").ok(),
        Some(&doc! { "dc": "west" }),
        "{hello}"
    );

    // A majority is here already, and the late member does not have it yet.
    assert_eq!(
        code(&write(4, doc! { "w": "majority", "wtimeout": 60_000 })),
        None
    );
    assert_eq!((count(primary), count(late)), (Some(4), Some(3)));
    wait_for("the fourth document", || (count(late)? == 4).then_some(()));
}

fn change(set: &Set, primary: usize, change: impl FnOnce(&mut Vec<Bson>)) -> Document {
    let reply = set.nodes[primary].admin(doc! { "replSetGetConfig": 1 });
    let mut config = reply.get_document("config").unwrap().clone();
    let version = config.get_i32("version").unwrap();
    config.insert("version", version + 1);
    let mut members = config.get_array("members").unwrap().clone();
    change(&mut members);
    config.insert("members", members);
    config
}

fn reconfigure(set: &Set, member: usize, config: &Document) -> Document {
    set.nodes[member].admin(doc! { "replSetReconfig": config.clone(), "maxTimeMS": 60_000 })
}

fn succeeds(reply: &Document) {
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
}

fn is_in_state(node: &Node, state: &str) {
    wait_for(state, || {
        let status = ask(node.port, "admin", &doc! { "replSetGetStatus": 1 })?;
        let rows = status.get_array("members").ok()?;
        let own = rows.iter().filter_map(Bson::as_document);
        let mut own = own.filter(|row| row.get_bool("self").unwrap_or(false));
        (own.next()?.get_str("stateStr").ok()? == state).then_some(())
    });
}

fn insert(set: &Set, primary: usize, id: i32) {
    let command = doc! {
        "insert": "docs", "documents": [{ "_id": id }], "writeConcern": { "w": "majority", "wtimeout": 60_000 },
    };
    let reply = ask(set.nodes[primary].port, "test", &command).unwrap();
    assert_eq!(reply.get_i32("n").ok(), Some(1), "{reply}");
    assert!(!reply.contains_key("writeConcernError"), "{reply}");
}
