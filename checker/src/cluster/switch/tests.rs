//! The switch with real packets: these tests run themselves again inside, as whoever runs them and as nobody.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    thread,
    time::{Duration, Instant},
};

use nix::unistd::{Uid, User};

use super::{
    Switch,
    inside::{self, Gate, INSIDE_VARIABLE},
};
use crate::cluster::{
    leftovers,
    proxy::{Endpoint, Heal, LinkRule},
};

const ONE: Endpoint = Endpoint::Member(0);
const OTHER: Endpoint = Endpoint::Member(1);

/// Longer than TCP waits before it sends again, shorter than anybody waits for a test.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn packets_of_members_pass_rules_below_tcp() {
    again("packets_between_rooms_obey_rules", Gate::find());
}

#[test]
fn the_same_for_a_user_who_may_do_nothing() {
    if Uid::effective().is_root() && User::from_name("nobody").is_ok_and(|user| user.is_some()) {
        again("packets_between_rooms_obey_rules", Ok(Gate::User));
    }
}

/// Does nothing outside.
#[test]
fn packets_between_rooms_obey_rules() {
    if inside::starter().is_none() {
        return;
    }
    let switch = Switch::start(2, 1).expect("inside it is allowed");
    let address = switch.address(1);
    let server = listen(&switch, address);

    // A sound link carries bytes both ways.
    let mut stream = connect(&switch, address, PATIENCE).expect("nothing is wrong");
    assert_eq!(ask(&mut stream, b"a"), b'a');

    // A cut one lets connections time out, where a proxy would accept them.
    switch.set_rule(ONE, OTHER, LinkRule::HOLD);
    let refused = connect(&switch, address, Duration::from_millis(300)).expect_err("the link is cut");
    assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
    switch.heal(ONE, OTHER, Heal::Reset);
    let counts = switch.counts(ONE, OTHER);
    assert!(counts.connections_held > 0 && counts.bytes_lost > 0, "{counts:?}");
    assert_eq!(ask(&mut stream, b"b"), b'b');

    // TCP hides loss, repetition, disorder and turned bits; the counters prove them.
    let rules = [
        LinkRule::lossy(200),
        LinkRule::duplicate(300),
        LinkRule::reorder(300),
        LinkRule::corrupt(200),
    ];
    for (place, rule) in rules.into_iter().enumerate() {
        switch.set_rule(ONE, OTHER, rule);
        let began = Instant::now();
        loop {
            assert_eq!(ask(&mut stream, b"c"), b'c');
            let counts = switch.counts(ONE, OTHER);
            let struck = [
                counts.chunks_lost,
                counts.chunks_duplicated,
                counts.chunks_reordered,
                counts.chunks_corrupted,
            ];
            if struck[place] > 2 {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{counts:?}");
        }
        switch.heal(ONE, OTHER, Heal::Deliver);
    }

    // A reset reaches the client's kernel.
    switch.reset(ONE, OTHER);
    stream.set_read_timeout(Some(PATIENCE)).expect("it is a time");
    let broken = stream.read(&mut [0]).expect_err("it is broken");
    assert_eq!(broken.kind(), io::ErrorKind::ConnectionReset);
    drop(server);
}

/// A server of bytes in the room of member 1.
fn listen(switch: &Switch, address: SocketAddr) -> thread::JoinHandle<()> {
    let room = switch.room(1);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        room.enter().expect("the room is there");
        let listener = TcpListener::bind(address).expect("it is the room's own address");
        ready.send(()).expect("somebody waits");
        for stream in listener.incoming() {
            let mut stream = stream.expect("it came");
            let _echo = thread::spawn(move || {
                let mut byte = [0];
                while stream
                    .read_exact(&mut byte)
                    .and_then(|()| stream.write_all(&byte))
                    .is_ok()
                {}
            });
        }
    });
    is_ready.recv().expect("it listens");
    server
}

/// A connection from the room of member 0.
fn connect(switch: &Switch, address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let room = switch.room(0);
    let connecting = thread::spawn(move || {
        room.enter()?;
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    connecting.join().expect("it does not crash")
}

fn ask(stream: &mut TcpStream, byte: &[u8; 1]) -> u8 {
    let mut answer = [0];
    stream.set_read_timeout(Some(PATIENCE)).expect("it is a time");
    stream.write_all(byte).expect("the socket takes it");
    stream
        .read_exact(&mut answer)
        .expect("it is sent until it arrives");
    answer[0]
}

/// Runs a test of this binary inside; as nobody, if root may give itself up.
fn again(test: &str, gate: Result<Gate, String>) {
    let gate = match gate {
        Ok(gate) => gate,
        // A machine without namespaces has the proxy only, and says so (see `doctor`).
        Err(why) => return eprintln!("no packet network here: {why}"),
    };
    let home = tempfile::tempdir().expect("a directory");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let program = home.path().join("tests");
    fs::copy(std::env::current_exe().expect("it knows its path"), &program).expect("it can be copied");
    let arguments = [
        "--exact",
        &format!("cluster::switch::tests::{test}"),
        "--nocapture",
    ]
    .map(OsString::from);
    let mut command = gate.command(&program, arguments);
    if gate == Gate::User && Uid::effective().is_root() {
        let mut as_nobody = std::process::Command::new("setpriv");
        as_nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "unshare"]);
        as_nobody.args(command.get_args());
        command = as_nobody;
    }
    command
        .env(INSIDE_VARIABLE, leftovers::own_words())
        .current_dir(home.path());
    let ended = command.output().expect("it starts");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(ended.status.success() && told.contains("1 passed"), "{told}");
}
