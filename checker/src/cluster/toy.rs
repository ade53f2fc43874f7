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
        "disk" => parts::disk(argument),
        "disk-owner" => super::fuse_disk::play_owner(argument),
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

    /// Does to the files of a directory what each line read says, and answers `ok` or `error ERRNO`.
    pub(super) fn disk(directory: &str) {
        let directory = std::path::Path::new(directory);
        // The test harness has begun a line of its own.
        println!();
        for line in stdin().lock().lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            match disk_deed(directory, &words) {
                Ok(()) => println!("ok"),
                Err(error) => println!("error {}", error.raw_os_error().unwrap_or(0)),
            }
        }
    }

    fn disk_deed(directory: &std::path::Path, words: &[&str]) -> std::io::Result<()> {
        use std::{
            fs::{self, File, OpenOptions},
            os::unix::fs::{FileExt, OpenOptionsExt as _},
        };
        let path = |name: &str| directory.join(name);
        match *words {
            ["append", name, text] => {
                let mut file = OpenOptions::new().create(true).append(true).open(path(name))?;
                file.write_all(text.as_bytes())
            }
            ["dsync", name, text] => {
                let mut options = OpenOptions::new();
                let file = options.create(true).append(true);
                let mut file = file
                    .custom_flags(nix::fcntl::OFlag::O_DSYNC.bits())
                    .open(path(name))?;
                file.write_all(text.as_bytes())
            }
            ["pwrite", name, offset, text] => {
                let file = OpenOptions::new().write(true).open(path(name))?;
                file.write_all_at(text.as_bytes(), offset.parse().expect("an offset"))
            }
            ["truncate", name, size] => {
                let file = OpenOptions::new().write(true).open(path(name))?;
                file.set_len(size.parse().expect("a size"))
            }
            ["rewrite", name, text] => fs::write(path(name), text),
            ["read", name] => fs::read(path(name)).map(drop),
            ["sync", name] => File::open(path(name))?.sync_data(),
            ["syncdir"] => File::open(directory)?.sync_all(),
            ["rename", from, to] => fs::rename(path(from), path(to)),
            ["unlink", name] => fs::remove_file(path(name)),
            ["mkdir", name] => fs::create_dir(path(name)),
            _ => panic!("no such deed: {words:?}"),
        }
    }

    /// Waits for the file `peers` (per member where it listens and where it is known), and then sends a byte to every other member again and again, reading the clocks
    /// and writing to its disk meanwhile.
    pub(super) fn member(peers: &str) {
        let text = loop {
            match std::fs::read_to_string(peers) {
                Ok(text) => break text,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let addresses: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        // A second filter of the test binary, which no test bears as its name.
        let told =
            |name: &str| std::env::args().find_map(|argument| Some(argument.strip_prefix(name)?.to_owned()));
        let seat = told("seat=").expect("the toy is told its place");
        let data = told("data=").expect("the toy is told its directory");
        let log = std::path::Path::new(&data).join("log");
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
            // Errors are the point of some tests; this server takes them lightly.
            let _ = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&log)
                .and_then(|mut file| {
                    file.write_all(b"synced")?;
                    file.sync_data()?;
                    file.write_all(b"unsynced")
                });
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
