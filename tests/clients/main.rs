//! Can unmodified clients use a set: connect, follow a failover, go on without reconnecting by hand?
//!
//! `.ci/run` installs the clients and names them in `CLIENT_PYTHON` (a Python with PyMongo) and `CLIENT_MONGOSH`. Without
//! them each story says aloud that it was not told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use tests::Set;

#[test]
fn pymongo_follows_a_failover() {
    tell("CLIENT_PYTHON", &["-u", "failover.py"]);
}

#[test]
fn mongosh_follows_a_failover() {
    tell("CLIENT_MONGOSH", &["--quiet", "--nodb", "failover.mongosh.js"]);
}

/// Runs a story beside a set of three: it prints "kill HOST" when the primary is to be killed, goes on after the
/// answer, and ends with "done".
fn tell(client: &str, arguments: &[&str]) {
    let Some(program) = std::env::var_os(client) else {
        println!("NOT TOLD: {client} is not set; .ci/run installs the client and tells this story");
        return;
    };
    let mut set = Set::start(3);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let killed = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("SET_URI", set.uri())
        .env("KILLED_FILE", killed.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut done = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        println!("{line}");
        if let Some(host) = line.strip_prefix("kill ") {
            let victim = set.nodes.iter().position(|node| node.host() == host.trim());
            set.nodes[victim.expect("a member of the set")].kill();
            killed.as_file().write_all(b"killed").unwrap();
        }
        done |= line == "done";
    }
    let status = child.wait().unwrap();
    assert!(status.success() && done, "the story broke off: {status}");
}
