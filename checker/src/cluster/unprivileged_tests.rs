//! The tests of this room once more, as a user who may do nothing.
//!
//! Whoever runs them as root (a container, a build machine) would not notice that a fault needs privileges.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use nix::unistd::{Gid, Uid, chown};

use super::build::{self, PREBUILT_VARIABLE};

/// `nobody`, on every system that we know.
const NOBODY: u32 = 65_534;

/// Tests of faults on toy processes: signals, limits, the proxy, clocks, disks, power, machines.
const TESTS: [&str; 6] = [
    "cluster::suffer::",
    "cluster::proxy::",
    "cluster::process::",
    "cluster::power::",
    "cluster::shim_page::",
    "cluster::fuse_disk::",
];

#[test]
fn faults_need_no_privileges() {
    if !Uid::effective().is_root() {
        // Then the other tests have shown it already.
        return;
    }
    // All in a directory that nobody can reach: the build's own may lie below root's home.
    let home = tempfile::tempdir().expect("a directory");
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let program = home.path().join("tests");
    let this = std::env::current_exe().expect("the test binary knows its path");
    fs::copy(this, &program).expect("it can be copied");
    let shim = build::shim_library().expect("the shim builds");
    fs::copy(shim, home.path().join("libshim.so")).expect("it can be copied");
    let scratch = home.path().join("scratch");
    fs::create_dir(&scratch).expect("it is ours");
    chown(&scratch, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY))).expect("root may");
    let ended = Command::new(&program)
        .args(TESTS)
        .args(["--test-threads", "2"])
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir(&scratch)
        .env("TMPDIR", &scratch)
        .env(PREBUILT_VARIABLE, home.path())
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(told.contains("a_process_out_of_files_accepts_nobody"), "{told}");
    assert!(!told.contains("running 0 tests"), "{told}");
}
