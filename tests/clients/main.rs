//! Can unmodified clients use a set: connect, follow a failover, go on without reconnecting by hand?
//!
//! `.ci/run` installs the clients and names them in `CLIENT_PYTHON` (a Python with PyMongo) and `CLIENT_MONGOSH`. Without
//! them each story says aloud that it was not told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use bson::doc;
use tests::{Node, Set};

/// How long a story may say nothing; its scripts wait 30 s at most for anything, one thing after the other.
const STORY: Duration = Duration::from_secs(240);

/// Row S2-01 of the notes.
#[test]
fn pymongo_follows_a_failover() {
    tell("CLIENT_PYTHON", &["-u", "failover.py"]);
}

/// Row S3-01 of the notes.
#[test]
fn mongosh_follows_a_failover() {
    tell("CLIENT_MONGOSH", &["--quiet", "--nodb", "failover.mongosh.js"]);
}

#[test]
fn pymongo_logs_in_to_a_set_with_a_key() {
    tell_with_a_key("CLIENT_PYTHON", &["-u", "login.py"]);
}

#[test]
fn mongosh_logs_in_to_a_set_with_a_key() {
    tell_with_a_key("CLIENT_MONGOSH", &["--quiet", "--nodb", "login.mongosh.js"]);
}

/// The life of a set with the shell's helpers.
/// Rows S2-13, S2-15, S2-16, S2-17, S3-06, S3-11, S3-12, S3-15, S4-24 of the notes.
#[test]
fn mongosh_adds_removes_and_changes_members() {
    let Some(program) = client("CLIENT_MONGOSH") else {
        return;
    };
    let (_directory, mut nodes) = strangers(4);
    let hosts: Vec<String> = nodes.iter().map(Node::host).collect();
    let arguments = ["--quiet", "--nodb", "membership.mongosh.js"];
    play(&program, &arguments, ("NODES", hosts.join(",")), &mut nodes);
}

/// `show dbs`, `show collections`, `rs.printReplicationInfo`, `rs.printSecondaryReplicationInfo`, `db.shutdownServer`.
/// Rows S2-09, S2-18 of the notes.
#[test]
fn mongosh_shows_what_an_operator_looks_at() {
    tell("CLIENT_MONGOSH", &["--quiet", "--nodb", "operator.mongosh.js"]);
}

/// The transcript of MongoDB 2.4.9, with today's shell: S0-01, S0-02, S0-03, S0-08, S0-09, S0-10, S0-12, S0-16, S0-17,
/// S0-18, S0-19, S0-22, S0-23, S0-24, S0-26, S2-02, S2-05, S2-07, S2-11, S2-12, S2-16, S3-02, S3-10.
/// Rows S0-20, S4-16, S4-17, S4-21, S4-22, S4-29 of the notes.
#[test]
fn the_transcript_of_2_4_plays_through() {
    let Some(program) = client("CLIENT_MONGOSH") else {
        return;
    };
    let (_directory, mut nodes) = strangers(3);
    let hosts: Vec<String> = nodes.iter().map(Node::host).collect();
    let arguments = ["--quiet", "--nodb", "transcript.mongosh.js"];
    play(&program, &arguments, ("NODES", hosts.join(",")), &mut nodes);
    let line = "replSet can't get local.system.replset config from self or any seed (EMPTYCONFIG)";
    assert!(nodes[0].log().contains(line), "S0-07");
}

/// S0-11, S3-23: the shell's prompt names the set and the member's state.
#[test]
fn the_prompt_tells_set_and_state() {
    let Some(program) = client("CLIENT_MONGOSH") else {
        return;
    };
    let set = Set::start(3);
    let primary = set.primary();
    for (member, node) in set.nodes.iter().enumerate() {
        let prompt = if member == primary {
            "t0 [direct: primary] test>"
        } else {
            "t0 [direct: secondary] test>"
        };
        let mut child = Command::new(&program)
            .args([
                "--quiet",
                &format!("mongodb://{}/test?directConnection=true", node.host()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Statistics run on a secondary, too.
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"db.stats().ok + 41\n")
            .unwrap();
        let said = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains(prompt) && said.contains("42"), "{said}");
    }
}

/// The client, if there is one.
fn client(variable: &str) -> Option<std::ffi::OsString> {
    let program = std::env::var_os(variable);
    if program.is_none() {
        println!("NOT TOLD: {variable} is not set; .ci/run installs the client and tells this story");
    }
    program
}

/// Members that no set knows yet.
fn strangers(count: usize) -> (tempfile::TempDir, Vec<Node>) {
    let directory = tempfile::tempdir().unwrap();
    let nodes = (0..count).map(|member| {
        let own = directory.path().join(member.to_string());
        std::fs::create_dir_all(&own).unwrap();
        Node::start(&own)
    });
    let nodes = nodes.collect();
    (directory, nodes)
}

/// Runs a story beside a set of three that share a key.
fn tell_with_a_key(variable: &str, arguments: &[&str]) {
    let Some(program) = client(variable) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    std::fs::write(&key, "c2VjcmV0IG9mIHRoZSBzZXQ=\n").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o400)).unwrap();
    let mut set = Set::with(3, &["--keyFile", key.to_str().unwrap()]);
    let uri = set.uri();
    play(&program, arguments, ("SET_URI", uri), &mut set.nodes);
}

/// Runs a story beside a set of three.
fn tell(variable: &str, arguments: &[&str]) {
    let Some(program) = client(variable) else {
        return;
    };
    let mut set = Set::start(3);
    let uri = set.uri();
    play(&program, arguments, ("SET_URI", uri), &mut set.nodes);
}

/// Runs a story: it prints "kill HOST" when a member is to be killed, goes on after the answer, "ends HOST" when one must
/// end by itself without an error, and "done" in the end.
fn play(program: &std::ffi::OsStr, arguments: &[&str], place: (&str, String), nodes: &mut [Node]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let killed = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env(place.0, place.1)
        .env("KILLED_FILE", killed.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that waits for ever is a finding, not a test that never ends: what the members say of it is told.
    let (told, lines) = channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                break;
            }
        }
    });
    let mut done = false;
    loop {
        let line = match lines.recv_timeout(STORY) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                nodes.iter().for_each(describe);
                panic!("the story stood still for {STORY:?} after what is above");
            }
        };
        println!("{line}");
        if let Some(host) = line.strip_prefix("kill ") {
            let victim = nodes.iter().position(|node| node.host() == host.trim());
            nodes[victim.expect("a member of the set")].kill();
            killed.as_file().write_all(b"killed").unwrap();
        }
        if let Some(host) = line.strip_prefix("ends ") {
            let member = nodes.iter().position(|node| node.host() == host.trim());
            let status = nodes[member.expect("a member of the set")].wait_for_end();
            assert!(status.success(), "{host} ended with {status}");
        }
        done |= line == "done";
    }
    let status = child.wait().unwrap();
    assert!(status.success() && done, "the story broke off: {status}");
}

/// What a member knows of itself, for the reader of a story that stood still.
fn describe(node: &Node) {
    println!("---- member {}", node.host());
    for command in ["replSetGetStatus", "currentOp"] {
        println!("{command}: {:?}", node.try_admin(doc! { command: 1 }));
    }
    let log = node.log();
    let lines: Vec<&str> = log.lines().collect();
    for line in &lines[lines.len().saturating_sub(40)..] {
        println!("{line}");
    }
}
