//! Logins: members that share a key, clients with passwords, and whoever has neither.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bson::{Document, doc};
use mongodb::Client;
use mongodb::error::ErrorKind;
use tests::{Node, Set, ask, run_to_exit, wait_for};

#[test]
fn a_set_with_a_key_file_lets_in_who_has_a_password_and_fails_over() {
    let directory = tempfile::tempdir().unwrap();
    let key = key_file(directory.path(), "key", "c2VjcmV0IG9mIHRoZSBzZXQ=");
    let mut set = Set::with(3, &["--keyFile", key.to_str().unwrap()]);
    let primary = set.primary();
    let port = set.nodes[primary].port;

    // While there is nobody, whoever is on this machine makes the first user; nothing else is open.
    assert_eq!(code(port, "test", &doc! { "find": "docs" }), 13);
    assert_eq!(code(port, "admin", &doc! { "shutdown": 1 }), 13);
    let first = doc! { "createUser": "root", "pwd": "pencil", "roles": ["root"] };
    assert_eq!(code(port, "test", &first), 13, "in admin only");
    assert_eq!(code(port, "admin", &first), 0);
    let second = doc! { "createUser": "eve", "pwd": "pencil", "roles": ["root"] };
    assert_eq!(
        code(port, "admin", &second),
        13,
        "the exception ends with the first user"
    );
    assert_eq!(code(port, "admin", &doc! { "replSetGetStatus": 1 }), 13);
    assert_eq!(code(port, "admin", &doc! { "hello": 1 }), 0);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let uri = set.uri().replacen("mongodb://", "mongodb://root:WORD@", 1);
        let wrong = Client::with_uri_str(uri.replace("WORD", "pencils"))
            .await
            .unwrap();
        let error = wrong.list_database_names().await.unwrap_err();
        assert!(
            matches!(*error.kind, ErrorKind::Authentication { .. })
                || error.to_string().contains("Authentication"),
            "{error}"
        );
        let root = Client::with_uri_str(uri.replace("WORD", "pencil")).await.unwrap();
        let shop = root.database("shop");
        shop.run_command(doc! { "createUser": "ann", "pwd": "chalk", "roles": ["read"] })
            .await
            .unwrap();
        let docs = root.database("shop").collection::<Document>("docs");
        docs.insert_one(doc! { "_id": 1 }).await.unwrap();

        // Ann reads her database, and that is all.
        let uri = set.uri().replacen("mongodb://", "mongodb://ann:chalk@", 1) + "&authSource=shop";
        let ann = Client::with_uri_str(uri).await.unwrap();
        let hers = ann.database("shop").collection::<Document>("docs");
        assert_eq!(hers.count_documents(doc! {}).await.unwrap(), 1);
        let refused = hers.insert_one(doc! { "_id": 2 }).await.unwrap_err();
        assert!(
            refused.to_string().contains("not authorized on shop"),
            "{refused}"
        );
        let users = ann.database("admin").collection::<Document>("system.users");
        assert!(users.find_one(doc! {}).await.is_err());
        let status = ann
            .database("shop")
            .run_command(doc! { "connectionStatus": 1 })
            .await
            .unwrap();
        let info = status.get_document("authInfo").unwrap();
        let expected = doc! { "user": "ann", "db": "shop" };
        assert_eq!(info.get_array("authenticatedUsers").unwrap(), &[expected.into()]);
        // Granted now, allowed now: over the same connection.
        let grant = doc! { "grantRolesToUser": "ann", "roles": ["readWrite"] };
        shop.run_command(grant).await.unwrap();
        hers.insert_one(doc! { "_id": 2 }).await.unwrap();

        // The members know each other: the set fails over, and both log in again at the new primary.
        set.nodes[primary].kill();
        let begun = std::time::Instant::now();
        loop {
            // Until the driver has noticed, it may give up on a member that refuses connections.
            match docs.insert_one(doc! { "_id": 3 }).await {
                Ok(_) => break,
                Err(error) => assert!(begun.elapsed() < tests::PATIENCE, "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(hers.count_documents(doc! {}).await.unwrap(), 3);
        // Dropped now, out now.
        shop.run_command(doc! { "dropUser": "ann" }).await.unwrap();
        assert!(hers.count_documents(doc! {}).await.is_err());
    });
}

#[test]
fn a_member_with_another_key_or_none_is_refused_and_both_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let start = |name: &str, arguments: &[&str]| {
        let own = directory.path().join(name);
        std::fs::create_dir_all(&own).unwrap();
        Node::with(&own, arguments)
    };
    let keys = ["c2VjcmV0IG9uZQ==", "c2VjcmV0IHR3bw=="].map(|key| key_file(directory.path(), key, key));
    let right = start("right", &["--keyFile", keys[0].to_str().unwrap()]);
    let wrong = start("wrong", &["--keyFile", keys[1].to_str().unwrap()]);
    let none = start("none", &[]);
    let row = |id: i32, node: &Node| doc! { "_id": id, "host": node.host() };
    let config = doc! { "_id": "t0", "members": [row(0, &right), row(1, &wrong), row(2, &none)] };
    let reply = right.admin(doc! { "replSetInitiate": config });
    assert_eq!(reply.get_f64("ok").ok(), Some(1.0), "{reply}");
    wait_for("the log of the caller", || {
        let log = right.log();
        let refused: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("authentication between members failed"))
            .collect();
        let tells = |node: &Node, why: &str| {
            refused
                .iter()
                .any(|line| line.contains(&node.host()) && line.contains(why))
        };
        (tells(&wrong, "another key in its --keyFile") && tells(&none, "started without --keyFile"))
            .then_some(())
    });
    // Neither of them hears anything: no configuration comes through.
    for node in [&wrong, &none] {
        let status = ask(node.port, "admin", &doc! { "hello": 1 }).unwrap();
        assert!(!status.contains_key("setName"), "{status}");
    }
    // Whoever has no key and speaks as a member is told off, too.
    let alone = doc! { "_id": "t0", "members": [row(0, &none)] };
    assert_eq!(code(none.port, "admin", &doc! { "replSetInitiate": alone }), 0);
    let reconfig = doc! { "_id": "t0", "version": 2, "members": [row(0, &none), row(1, &wrong)] };
    wait_for("a primary", || {
        let hello = ask(none.port, "admin", &doc! { "hello": 1 })?;
        hello.get_bool("isWritablePrimary").ok()?.then_some(())
    });
    wait_for("the log of the called", || {
        // Refused as long as nothing of its term is committed, and once it is in force.
        let _ = none.admin(doc! { "replSetReconfig": reconfig.clone(), "maxTimeMS": 500 });
        wrong
            .log()
            .contains("authentication of a member failed: a message without a greeting")
            .then_some(())
    });
}

#[test]
fn wrong_key_files_and_contradictions_are_named_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let good = key_file(directory.path(), "good", "c2VjcmV0");
    let open = key_file(directory.path(), "open", "c2VjcmV0");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let short = key_file(directory.path(), "short", "abc");
    let good = good.to_str().unwrap();
    for (arguments, expected) in [
        (&["--keyFile", open.to_str().unwrap()][..], "permissions on"),
        (&["--keyFile", short.to_str().unwrap()], "length 3"),
        (&["--keyFile", "/nowhere/key"], "/nowhere/key"),
        (&["--auth", "--replSet", "t0"], "security.keyFile is required"),
        (&["--keyFile", good, "--noauth"], "contradicts"),
        (&["--maxConns", "1"], "at least 5"),
    ] {
        let (status, said) = run_to_exit(arguments);
        assert_eq!(status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn one_connection_too_many_is_refused_and_the_others_live() {
    use std::io::Read as _;
    let directory = tempfile::tempdir().unwrap();
    let node = Node::with(directory.path(), &["--maxConns", "5"]);
    let connect = || std::net::TcpStream::connect(("127.0.0.1", node.port)).unwrap();
    // The five places, taken by whoever says nothing; the starter's own may still be closing.
    let mut open = Vec::new();
    wait_for("the limit", || {
        let mut one = connect();
        one.set_read_timeout(Some(std::time::Duration::from_millis(200)))
            .unwrap();
        let mut byte = [0];
        let refused = one.read(&mut byte).is_ok_and(|count| count == 0);
        open.push(one);
        refused.then_some(())
    });
    assert!((5..=7).contains(&open.len()), "{}", open.len());
    assert!(node.log().contains("too many open connections"));
    drop(open);
    let status = wait_for("a free place", || node.try_admin(doc! { "serverStatus": 1 }));
    let connections = status.get_document("connections").unwrap();
    let both = ["current", "available"].map(|field| connections.get_i32(field).unwrap());
    assert_eq!(both.iter().sum::<i32>(), 5, "{connections}");
}

fn key_file(directory: &Path, name: &str, key: &str) -> PathBuf {
    let path = directory.join(format!("{}.key", name.replace('/', "_")));
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// The code of the answer; 0 for success.
fn code(port: u16, database: &str, command: &Document) -> i32 {
    let reply = wait_for("an answer", || ask(port, database, command));
    reply.get_i32("code").unwrap_or(0)
}
