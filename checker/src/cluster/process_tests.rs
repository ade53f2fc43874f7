//! Processes disturbed: toys, and the kernel's word on them.

use std::{fs, path::Path};

use super::*;
use crate::cluster::{build, shim_page::ShimPage, toy};

#[tokio::test]
async fn a_killed_process_is_gone_and_can_be_started_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut process = start(directory.path(), "forever", "");
    let first = process.pid().expect("it runs");
    let gone = process.kill().await.expect("it can be killed");
    assert!(gone.was_killed());
    assert_eq!(state(first), ProcState::Gone);
    assert!(
        process
            .kill()
            .await
            .expect_err("nothing is left")
            .to_string()
            .contains("signal: 9")
    );
    process.restart().expect("it starts again");
    assert_ne!(process.pid(), Some(first));
    assert_eq!(process.starts(), 2);
    let log = fs::read_to_string(directory.path().join("log")).expect("a log");
    assert_eq!(log.matches("--- checker: start").count(), 2, "{log}");
}

#[tokio::test]
async fn a_paused_process_stands_still() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // A busy process: it would use processor time if it could.
    let mut process = start(directory.path(), "busy", "");
    let pid = process.pid().expect("it runs");
    wait_until(|| cpu_ticks(pid) > 0);
    process.pause().await.expect("it can be paused");
    assert_eq!(state(pid), ProcState::Stopped);
    // Long enough for ten ticks, were it running.
    let since = Instant::now();
    wait_until(|| since.elapsed() > Duration::from_millis(100));
    let paused = process.resume().await.expect("it wakes");
    assert!(paused.lasted >= Duration::from_millis(100));
    assert_eq!(paused.cpu_ticks, 0);
    let before = cpu_ticks(pid);
    wait_until(|| cpu_ticks(pid) > before);
    process.pause().await.expect("it can be paused");
    assert!(process.kill().await.expect("also while paused").was_killed());
}

#[tokio::test]
async fn a_polite_stop_is_told_from_an_ignored_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut polite = start(directory.path(), "forever", "");
    let gone = polite.terminate(Duration::from_secs(10)).await.expect("it ends");
    assert_eq!(gone.status.signal(), Some(Signal::SIGTERM as i32));
    let mut deaf = start(
        directory.path(),
        "deaf",
        directory.path().join("ready").to_str().expect("utf-8"),
    );
    wait_until(|| directory.path().join("ready").exists());
    assert!(
        deaf.terminate(Duration::from_millis(50))
            .await
            .expect("it is killed")
            .was_killed()
    );
}

#[tokio::test]
async fn a_process_that_ends_by_itself_is_seen() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut process = start(directory.path(), "exit", "7");
    let gone = process.wait(Duration::from_secs(30)).await.expect("it ends");
    assert_eq!(gone.status.code(), Some(7));
    assert!(!gone.was_killed());
    assert!(process.pause().await.is_err());
}

#[tokio::test]
async fn dropping_leaves_no_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut process = start(directory.path(), "forever", "");
    process.pause().await.expect("it can be paused");
    let pid = process.pid().expect("it runs");
    drop(process);
    assert_eq!(state(pid), ProcState::Gone);
}

#[test]
fn a_program_that_is_missing_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let launch = Launch::new(
        Path::new("/nowhere/node"),
        Vec::new(),
        &directory.path().join("log"),
    );
    let error = NodeProcess::start(launch).expect_err("there is no such program");
    assert!(error.to_string().contains("/nowhere/node"), "{error}");
}

/// The checker is killed with SIGKILL, so no destructor runs; its node must go all the same.
#[tokio::test]
async fn a_node_dies_with_its_checker() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    build::shim_library().expect("the shim builds");
    let mut checker = start(
        directory.path(),
        "parent",
        directory.path().to_str().expect("utf-8"),
    );
    let file = directory.path().join("child");
    let child = || {
        fs::read_to_string(&file)
            .ok()
            .and_then(|text| text.trim().parse::<i32>().ok())
    };
    wait_until(|| child().is_some_and(|pid| state(pid) == ProcState::Alive));
    let child = child().expect("just seen");
    checker.kill().await.expect("the checker can be killed");
    wait_until(|| state(child) == ProcState::Gone);
}

/// Played by a toy: a checker with one node. The node is in a group of its own.
pub(crate) fn play_parent(directory: &str) {
    let directory = Path::new(directory);
    let page = ShimPage::create(&directory.join("page")).expect("a page");
    let shim = build::shim_library().expect("the shim is built");
    let launch = toy_launch(directory, "forever", "").with_shim(&shim, page.path());
    // Started from a thread that ends at once: that must not kill it.
    let node = std::thread::spawn(|| NodeProcess::start(launch).expect("it starts"))
        .join()
        .expect("no panic");
    let pid = node.pid().expect("it runs");
    wait_until(|| page.counters().expect("the page is readable").starts == 1);
    fs::write(directory.join("child.new"), pid.to_string()).expect("the file can be written");
    fs::rename(directory.join("child.new"), directory.join("child")).expect("and renamed");
    loop {
        std::thread::park();
    }
}

fn start(directory: &Path, part: &str, argument: &str) -> NodeProcess {
    NodeProcess::start(toy_launch(directory, part, argument)).expect("the toy starts")
}

fn toy_launch(directory: &Path, part: &str, argument: &str) -> Launch {
    toy::launch(part, argument, &directory.join("log"))
}

fn wait_until(condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}
