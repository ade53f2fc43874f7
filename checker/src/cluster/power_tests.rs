//! A toy that does to files what it is told, under the shim; then the power fails.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Duration,
};

use nix::errno::Errno;

use super::*;
use crate::cluster::{
    build,
    shim_layout::page::{
        OPERATION_READ, OPERATION_SYNC, OPERATION_WRITE, PAGE_VARIABLE, SCOPE_VARIABLE, UNDO_VARIABLE,
    },
    shim_page::{DiskAction, DiskOrder, ShimPage},
    toy,
};

/// Row S3-19 of the notes.
#[test]
fn kill_alone_loses_nothing_and_power_loss_what_was_not_synced() {
    let mut disk = Disk::start();
    disk.does(&["append log one", "sync log", "append log two"]);
    disk.kill();
    assert_eq!(disk.file("log"), Some("onetwo".to_owned()));
    let loss = disk.lose_power(0);
    assert_eq!(disk.file("log"), Some("one".to_owned()));
    assert_eq!((loss.files_changed, loss.bytes_lost), (1, 3));
    // The journal starts anew: a second loss finds nothing to take.
    assert_eq!(disk.lose_power(0), Loss::default());
}

#[test]
fn overwritten_bytes_come_back_in_the_right_order() {
    let mut disk = Disk::start();
    disk.does(&[
        "append f 0123456789",
        "sync f",
        "pwrite f 2 AAAA",
        "pwrite f 4 BBBB",
        "pwrite f 12 C",
    ]);
    disk.kill();
    disk.lose_power(0);
    assert_eq!(disk.file("f"), Some("0123456789".to_owned()));
}

#[test]
fn cut_and_grown_files_get_their_size_back() {
    let mut disk = Disk::start();
    disk.does(&[
        "append cut 0123456789",
        "sync cut",
        "truncate cut 3",
        "append cut xyz",
    ]);
    disk.does(&["append grown ab", "sync grown", "truncate grown 9"]);
    disk.does(&["append replaced old", "sync replaced", "rewrite replaced newer"]);
    disk.kill();
    disk.lose_power(0);
    assert_eq!(disk.file("cut"), Some("0123456789".to_owned()));
    assert_eq!(disk.file("grown"), Some("ab".to_owned()));
    assert_eq!(disk.file("replaced"), Some("old".to_owned()));
}

#[test]
fn names_go_back_in_order_and_a_sync_of_any_file_keeps_them() {
    let mut disk = Disk::start();
    disk.does(&[
        "append current v1",
        "sync current",
        "append stays x",
        "append next v2",
        "sync next",
    ]);
    disk.does(&[
        "rename next current",
        "mkdir sub",
        "append sub/new y",
        "unlink stays",
    ]);
    disk.kill();
    let loss = disk.lose_power(0);
    assert_eq!(disk.file("current"), Some("v1".to_owned()));
    assert_eq!(disk.file("next"), Some("v2".to_owned()));
    // Its name was made before the sync of `next`, its content never was synced.
    assert_eq!(disk.file("stays"), Some(String::new()));
    assert!(!disk.path("sub").exists());
    assert_eq!(loss.names_undone, 4);
    let mut disk = Disk::start();
    disk.does(&["append a 1", "sync a", "append b 2", "rename b c", "syncdir"]);
    disk.kill();
    disk.lose_power(0);
    assert_eq!((disk.file("b"), disk.file("c")), (None, Some(String::new())));
}

#[test]
fn a_second_life_continues_the_journal() {
    let mut disk = Disk::start();
    disk.does(&["append log a", "sync log", "append log b"]);
    disk.kill();
    disk.restart();
    disk.does(&["append log c", "append other d", "sync other"]);
    disk.kill();
    disk.lose_power(0);
    assert_eq!(disk.file("log"), Some("a".to_owned()));
    assert_eq!(disk.file("other"), Some("d".to_owned()));
}

#[test]
fn a_journal_does_not_grow_while_all_is_synced() {
    let mut disk = Disk::start();
    for _ in 0..50 {
        disk.does(&["append log more", "sync log"]);
    }
    // A file that is never synced does not keep the records of the others.
    disk.does(&["append straggler x"]);
    for _ in 0..50 {
        disk.does(&["pwrite log 0 again", "sync log"]);
    }
    let sizes = fs::read_dir(disk.undo()).expect("readable").flatten();
    let total: u64 = sizes.map(|entry| entry.metadata().expect("readable").len()).sum();
    assert!(total < 300, "{total} bytes");
    let counters = disk.page.counters().expect("readable");
    assert!(
        counters.undo_records >= 100 && counters.disk_syncs == 100,
        "{counters:?}"
    );
    assert_eq!(counters.undo_missed, 0);
}

#[test]
fn sectors_may_survive_by_chance_and_the_same_seed_keeps_the_same() {
    let outcome = |keep_permille| {
        let mut disk = Disk::start();
        let (old, new) = ("o".repeat(20 * 512), "n".repeat(40 * 512));
        disk.does(&[&format!("append f {old}"), "sync f", &format!("pwrite f 0 {new}")]);
        disk.kill();
        let loss = disk.lose_power(keep_permille);
        (disk.file("f").expect("it is there"), loss)
    };
    let (torn, loss) = outcome(500);
    assert!(loss.sectors_kept > 5 && loss.sectors_kept < 35, "{loss:?}");
    let sectors = torn.as_bytes().chunks(512);
    assert!(
        sectors
            .clone()
            .all(|sector| sector.iter().all(|byte| *byte == sector[0]))
    );
    let kinds: std::collections::BTreeSet<u8> = sectors.map(|sector| sector[0]).collect();
    assert_eq!(kinds, [0, b'n', b'o'].into());
    assert_eq!(outcome(500), (torn, loss));
    assert_eq!(outcome(1000).0, "n".repeat(40 * 512));
}

#[test]
fn disk_calls_fail_as_ordered_and_only_in_the_scope() {
    let mut disk = Disk::start();
    disk.does(&["append f x"]);
    let fail = |operations, errno| {
        Some(DiskOrder {
            operations,
            action: DiskAction::Fail(errno),
            permille: 1000,
            skip: 0,
        })
    };
    disk.page
        .set_disk(0, fail(OPERATION_SYNC, Errno::EIO))
        .expect("writable");
    disk.page
        .set_disk(1, fail(OPERATION_WRITE, Errno::ENOSPC))
        .expect("writable");
    disk.page
        .set_disk(2, fail(OPERATION_READ, Errno::EIO))
        .expect("writable");
    assert_eq!(disk.tell("sync f"), format!("error {}", Errno::EIO as i32));
    assert_eq!(disk.tell("append f y"), format!("error {}", Errno::ENOSPC as i32));
    assert_eq!(disk.tell("read f"), format!("error {}", Errno::EIO as i32));
    // The toy's answers are writes too, outside of the scope.
    assert_eq!(disk.page.disk_counts(1).expect("readable"), (1, 1));
    for slot in 0..3 {
        disk.page.set_disk(slot, None).expect("writable");
    }
    disk.does(&["append f z", "sync f", "read f"]);
    assert_eq!(disk.file("f"), Some("xz".to_owned()));
}

#[test]
fn a_share_of_the_calls_fails() {
    let mut disk = Disk::start();
    let order = DiskOrder {
        operations: OPERATION_WRITE,
        action: DiskAction::Fail(Errno::EIO),
        permille: 250,
        skip: 10,
    };
    disk.page.set_disk(3, Some(order)).expect("writable");
    let failed = (0..110)
        .filter(|_| disk.tell("append f x").starts_with("error"))
        .count();
    assert!((15..35).contains(&failed), "{failed} of 100");
    assert_eq!(disk.page.disk_counts(3).expect("readable"), (110, failed as u64));
}

#[test]
fn a_slow_disk_is_slow() {
    let mut disk = Disk::start();
    disk.does(&["append f x"]);
    let order = DiskOrder {
        operations: OPERATION_SYNC,
        action: DiskAction::Delay(Duration::from_millis(120)),
        permille: 1000,
        skip: 0,
    };
    disk.page.set_disk(0, Some(order)).expect("writable");
    let began = std::time::Instant::now();
    disk.does(&["sync f"]);
    assert!(began.elapsed() >= Duration::from_millis(120));
}

#[test]
fn a_lying_disk_loses_what_it_promised() {
    let mut disk = Disk::start();
    disk.does(&["append f kept", "sync f"]);
    let order = DiskOrder {
        operations: OPERATION_SYNC,
        action: DiskAction::Lie,
        permille: 1000,
        skip: 0,
    };
    disk.page.set_disk(0, Some(order)).expect("writable");
    disk.does(&["append f promised", "sync f"]);
    disk.kill();
    assert_eq!(disk.file("f"), Some("keptpromised".to_owned()));
    disk.lose_power(0);
    assert_eq!(disk.file("f"), Some("kept".to_owned()));
}

#[test]
fn a_crash_comes_at_the_ordered_sync() {
    let mut disk = Disk::start();
    disk.does(&["append f x", "sync f"]);
    let order = DiskOrder {
        operations: OPERATION_SYNC,
        action: DiskAction::Kill,
        permille: 1000,
        skip: 2,
    };
    disk.page.set_disk(0, Some(order)).expect("writable");
    disk.does(&["sync f", "append f y", "sync f", "append f z"]);
    assert_eq!(disk.tell("sync f"), "");
    assert_eq!(disk.page.disk_counts(0).expect("readable"), (3, 1));
    disk.kill();
    disk.lose_power(0);
    assert_eq!(disk.file("f"), Some("xy".to_owned()));
}

/// A process with a data directory, a shim and an undo journal.
struct Disk {
    page: ShimPage,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    directory: tempfile::TempDir,
}

impl Disk {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for name in ["data", "undo"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        let page = ShimPage::create(&directory.path().join("page")).expect("a page");
        let (child, input, output) = launch(directory.path(), &page);
        Self {
            page,
            child,
            input,
            output,
            directory,
        }
    }

    fn restart(&mut self) {
        (self.child, self.input, self.output) = launch(self.directory.path(), &self.page);
    }

    /// Gives commands, each of which must succeed.
    fn does(&mut self, commands: &[&str]) {
        for command in commands {
            assert_eq!(self.tell(command), "ok", "{}", &command[..command.len().min(40)]);
        }
    }

    /// Gives a command; the answer is empty if the toy died of it.
    fn tell(&mut self, command: &str) -> String {
        writeln!(self.input, "{command}").expect("the toy listens");
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).expect("the toy speaks") == 0 {
                return String::new();
            }
            // Lines of the test harness come before.
            let line = line.trim_end();
            if line == "ok" || line.starts_with("error") {
                return line.to_owned();
            }
        }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().expect("it can be reaped");
    }

    fn lose_power(&self, keep_permille: u32) -> Loss {
        lose_power(&self.path(""), &self.undo(), keep_permille, 7).expect("the journal is readable")
    }

    fn undo(&self) -> PathBuf {
        self.directory.path().join("undo")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("data").join(name)
    }

    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(directory: &Path, page: &ShimPage) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let directory = directory.canonicalize().expect("it is there");
    let mut child = toy::command("disk", directory.join("data").to_str().expect("utf-8"))
        .env("LD_PRELOAD", build::shim_library().expect("the shim builds"))
        .env(PAGE_VARIABLE, page.path())
        .env(SCOPE_VARIABLE, directory.join("data"))
        .env(UNDO_VARIABLE, directory.join("undo"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the toy starts");
    let input = child.stdin.take().expect("stdin is piped");
    let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
    (child, input, output)
}
