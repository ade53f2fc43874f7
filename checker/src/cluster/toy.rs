//! Toy processes for the tests of this room: the test binary itself, started again to play one part.
//!
//! A part is a test function that returns at once unless its variable is set; started by [`command`], it
//! plays. So toys need no other program on the machine.

use std::{env, path::Path, process::Command};

use super::launch::Launch;

/// Set in a toy: which part it plays, with its arguments after a colon.
pub(crate) const VARIABLE: &str = "CHECKER_TOY";

/// A command that runs this test binary as the toy `part` with `argument`.
pub(crate) fn command(part: &str, argument: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the test binary knows its path"));
    command
        .args(ARGUMENTS)
        .env(VARIABLE, format!("{part}:{argument}"));
    command
}

/// The same as a launch.
pub(crate) fn launch(part: &str, argument: &str, log: &Path) -> Launch {
    let program = env::current_exe().expect("the test binary knows its path");
    let mut launch = Launch::new(&program, ARGUMENTS.map(Into::into).to_vec(), log);
    launch
        .environment
        .push((VARIABLE.into(), format!("{part}:{argument}").into()));
    launch
}

/// The arguments that make the test binary run the toy only.
pub(crate) const ARGUMENTS: [&str; 4] = ["cluster::toy::toy", "--exact", "--nocapture", "--test-threads=1"];

/// The stage: not a test by itself.
#[test]
fn toy() {
    let Ok(play) = env::var(VARIABLE) else { return };
    let (part, argument) = play.split_once(':').expect("a toy has a part and an argument");
    match part {
        "busy" => loop {
            std::hint::spin_loop();
        },
        "clock" => parts::clock(argument),
        "deaf" => parts::deaf(argument),
        "exit" => std::process::exit(argument.parse().expect("an exit code")),
        "forever" => loop {
            std::thread::park();
        },
        "member" => parts::member(argument),
        "parent" => super::process::tests::play_parent(argument),
        other => panic!("no toy plays {other}"),
    }
    std::process::exit(0);
}

mod parts {
    use std::{
        io::{BufRead, Write, stdin},
        net::{TcpListener, TcpStream},
        sync::{Condvar, Mutex},
        time::{Duration, Instant, SystemTime, UNIX_EPOCH},
    };

    /// Ignores SIGTERM; makes the file `ready` when it does.
    pub(super) fn deaf(ready: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let _inside = runtime.enter();
        let kind = tokio::signal::unix::SignalKind::terminate();
        let _handler = tokio::signal::unix::signal(kind).expect("a handler can be set");
        std::fs::write(ready, "").expect("the file can be written");
        loop {
            std::thread::park();
        }
    }

    /// Waits for the file `peers` (per member where it listens and where it is known), and then sends a byte to every other member again and again, reading the clocks meanwhile.
    pub(super) fn member(peers: &str) {
        let text = loop {
            match std::fs::read_to_string(peers) {
                Ok(text) => break text,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let addresses: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        // A second filter of the test binary, which no test bears as its name.
        let seat = std::env::args().find_map(|argument| Some(argument.strip_prefix("seat=")?.to_owned()));
        let seat = seat.expect("the toy is told its place");
        let own = addresses
            .iter()
            .position(|(listen, _)| *listen == seat)
            .expect("the place is listed");
        let listener = TcpListener::bind(&seat).expect("the place is free");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
            }
        });
        let mut streams: Vec<Option<TcpStream>> = addresses.iter().map(|_| None).collect();
        loop {
            for (number, (_, known)) in addresses.iter().enumerate().filter(|(number, _)| *number != own) {
                let stream = streams[number].take().or_else(|| TcpStream::connect(known).ok());
                streams[number] =
                    stream.and_then(|mut stream| stream.write_all(b".").is_ok().then_some(stream));
            }
            let _ = (SystemTime::now(), Instant::now());
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// For each line read: prints wall ns, ns since start, and how long a wait of 50 ms took by this
    /// process's own clock.
    pub(super) fn clock(_argument: &str) {
        let start = Instant::now();
        for _ in stdin().lock().lines() {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            let since = start.elapsed();
            let before = Instant::now();
            let never = Mutex::new(());
            let guard = never.lock().expect("nobody panics here");
            let _ = Condvar::new().wait_timeout(guard, Duration::from_millis(50));
            println!(
                "{} {} {}",
                wall.as_nanos(),
                since.as_nanos(),
                before.elapsed().as_nanos()
            );
        }
    }
}
