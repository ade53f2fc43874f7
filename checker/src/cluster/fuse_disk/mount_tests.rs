//! A toy that does to files what it is told, on a FUSE disk of its own, in namespaces as root has them and as everybody has them.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use nix::errno::Errno;

use super::*;
use crate::cluster::{
    fuse_disk::probe,
    leftovers,
    shim_layout::page::{OPERATION_SYNC, OPERATION_WRITE},
    shim_page::DiskAction,
    switch::inside::{self, Gate, INSIDE_VARIABLE},
    toy,
};

/// The tests below that need a namespace.
const INNER: &str = "cluster::fuse_disk::mount::tests::inner::";

#[test]
fn it_is_a_disk_for_root_and_for_everybody() {
    for gate in gates() {
        let program = std::env::current_exe().expect("it knows its path");
        let arguments = [INNER, "--nocapture", "--test-threads", "1"].map(OsString::from);
        let mut inside = gate.command(&program, arguments);
        let ended = inside.env(INSIDE_VARIABLE, leftovers::own_words()).output();
        let ended = ended.expect("it starts");
        let told = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{gate:?}: {told}");
        assert!(
            told.contains("power_takes_what_was_not_synced ... ok"),
            "{gate:?}: {told}"
        );
    }
}

#[test]
fn nothing_is_left_of_a_disk_whose_owner_is_killed() {
    for gate in gates() {
        let home = tempfile::tempdir().expect("a directory");
        let program = std::env::current_exe().expect("it knows its path");
        let mut inside = gate.command(&program, toy::ARGUMENTS.map(OsString::from));
        let mut owner = inside
            .env(toy::VARIABLE, format!("disk-owner:{}", home.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut told = BufReader::new(owner.stdout.take().expect("it is piped"));
        let mut line = String::new();
        while !line.contains("mounted and in use") {
            line.clear();
            assert!(
                told.read_line(&mut line).expect("readable") > 0,
                "{gate:?}: no disk"
            );
        }
        owner.kill().expect("it is our child");
        owner.wait().expect("it is our child");
        // All of them hold this end: it ends when the last process of the namespace has, the disk's user included.
        told.read_to_string(&mut line).expect("readable");
        let mounts = fs::read_to_string("/proc/self/mounts").expect("readable");
        assert!(!mounts.contains(&home.path().display().to_string()), "{mounts}");
        assert_eq!(
            fs::read_dir(home.path().join("data"))
                .expect("it is a directory again")
                .count(),
            0
        );
        fs::remove_dir_all(home.path()).expect("nothing holds it");
    }
}

/// The part of the toy that is killed: it serves a disk on which another toy has a file open.
pub(crate) fn play_owner(home: &str) {
    let data = Path::new(home).join("data");
    fs::create_dir(&data).expect("it is new");
    let _disk = FuseDisk::create(&data, NamesLaw::Ordered, DISK_BYTES, 1).expect("it may");
    let _held = fs::File::create(data.join("held")).expect("there is room");
    let mut user = User::start(&data);
    user.does(&["append log one"]);
    println!("\nmounted and in use");
    loop {
        std::thread::park();
    }
}

mod inner {
    use super::*;

    #[test]
    fn power_takes_what_was_not_synced() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        world
            .user
            .does(&["append log one", "sync log", "append log two", "dsync direct now"]);
        world.user.does(&[
            "append new never",
            "mkdir sub",
            "append sub/x y",
            "rename direct moved",
        ]);
        assert_eq!(world.file("log"), Some("onetwo".to_owned()));
        let loss = world.lose_power(0);
        assert_eq!(world.file("log"), Some("one".to_owned()));
        assert_eq!(world.file("direct"), Some("now".to_owned()));
        assert_eq!((world.file("new"), world.file("moved")), (None, None));
        assert!(!world.home.path().join("data/sub").exists());
        assert_eq!((loss.files_changed, loss.names_undone), (3, 4), "{loss:?}");
        // A second life goes on from there, and a loss of nothing takes nothing.
        world.user.does(&["append log three", "sync log"]);
        assert_eq!(world.lose_power(0), Loss::default());
        assert_eq!(world.file("log"), Some("onethree".to_owned()));
    }

    #[test]
    fn sectors_are_torn_by_the_seed() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        let (old, new) = ("o".repeat(20 * 512), "n".repeat(40 * 512));
        world
            .user
            .does(&[&format!("append f {old}"), "sync f", &format!("pwrite f 0 {new}")]);
        let loss = world.lose_power(500);
        let torn = world.file("f").expect("its name was synced");
        assert!((5..35).contains(&loss.sectors_kept), "{loss:?}");
        let sectors: Vec<&[u8]> = torn.as_bytes().chunks(512).collect();
        assert!(
            sectors
                .iter()
                .all(|sector| sector.iter().all(|byte| *byte == sector[0]))
        );
        assert!(
            sectors.iter().any(|sector| sector[0] == b'o') && sectors.iter().any(|sector| sector[0] == b'n')
        );
    }

    #[test]
    fn a_name_is_lost_with_its_unsynced_directory() {
        let Some(mut world) = World::new(NamesLaw::Strict, DISK_BYTES) else {
            return;
        };
        world.user.does(&[
            "append first 1",
            "sync first",
            "syncdir",
            "append second 2",
            "sync second",
        ]);
        let loss = world.lose_power(0);
        assert_eq!(
            (world.file("first"), world.file("second")),
            (Some("1".to_owned()), None)
        );
        assert_eq!(loss.names_undone, 1);
    }

    #[test]
    fn calls_fail_lie_and_stall_by_rules_and_are_counted() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        let order = |operations, action| {
            Some(DiskOrder {
                operations,
                action,
                permille: 1000,
                skip: 1,
            })
        };
        world.user.does(&["append log 1"]);
        world.rule(order(OPERATION_SYNC, DiskAction::Fail(Errno::EIO)));
        world.user.does(&["sync log"]);
        assert_eq!(world.user.fails("sync log"), Errno::EIO as i32);
        assert_eq!(world.disk.rule_counts(0), (2, 1));
        world.rule(order(OPERATION_WRITE, DiskAction::Fail(Errno::ENOSPC)));
        world.user.does(&["append log 2"]);
        assert_eq!(world.user.fails("append log 3"), Errno::ENOSPC as i32);
        world.rule(order(OPERATION_READ, DiskAction::Fail(Errno::EIO)));
        fs::read(world.home.path().join("data/log")).expect("the checker's own reads are not struck");
        world.rule(
            order(OPERATION_READ, DiskAction::Fail(Errno::EIO)).map(|order| DiskOrder { skip: 0, ..order }),
        );
        assert_eq!(world.user.fails("read log"), Errno::EIO as i32);
        world.rule(order(
            OPERATION_SYNC,
            DiskAction::Delay(Duration::from_millis(300)),
        ));
        world.user.does(&["sync log"]);
        let began = Instant::now();
        world.user.does(&["sync log"]);
        assert!(began.elapsed() >= Duration::from_millis(300));
        world.rule(order(OPERATION_SYNC, DiskAction::Lie));
        world.user.does(&["sync log", "append log 4", "sync log"]);
        assert_eq!(world.disk.rule_counts(0), (2, 1));
        // Healed: everything works again, but the lie comes out.
        world.rule(None);
        world.user.does(&["read log"]);
        world.lose_power(0);
        assert_eq!(world.file("log"), Some("12".to_owned()));
        world.user.does(&["append log 5", "sync log"]);
        assert_eq!(world.lose_power(0), Loss::default());
    }

    #[test]
    fn a_process_dies_at_a_chosen_sync() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        world.rule(Some(DiskOrder {
            operations: OPERATION_SYNC,
            action: DiskAction::Kill,
            permille: 1000,
            skip: 2,
        }));
        world
            .user
            .does(&["append log 1", "sync log", "sync log", "append log 2"]);
        world.user.dies_of("sync log");
        assert_eq!(world.disk.rule_counts(0), (3, 1));
        world.lose_power(0);
        assert_eq!(world.file("log"), Some("1".to_owned()));
    }

    /// A process that waits for its disk dies when it is answered. By then the sync would be done.
    #[test]
    fn a_sync_under_way_is_not_done_when_the_power_goes() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        world.user.does(&["append log 1", "sync log", "append log 2"]);
        let delay = Duration::from_secs(60);
        world.rule(Some(DiskOrder {
            operations: OPERATION_SYNC,
            action: DiskAction::Delay(delay),
            permille: 1000,
            skip: 0,
        }));
        let began = Instant::now();
        writeln!(world.user.orders, "sync log").expect("it listens");
        while world.disk.rule_counts(0).1 == 0 {
            assert!(began.elapsed() < delay, "it never syncs");
            std::thread::yield_now();
        }
        world.user.child.kill().expect("it lives");
        world.disk.cut();
        world.lose_power(0);
        assert_eq!(world.file("log"), Some("1".to_owned()));
        assert!(began.elapsed() < delay);
    }

    #[test]
    fn a_full_disk_says_so_and_has_room_again() {
        let Some(mut world) = World::new(NamesLaw::Ordered, 64 * 1024) else {
            return;
        };
        let much = "m".repeat(40 * 1024);
        world.user.does(&[&format!("append a {much}"), "sync a"]);
        assert_eq!(
            world.user.fails(&format!("append b {much}")),
            Errno::ENOSPC as i32
        );
        world.user.does(&[
            "unlink a",
            "truncate b 0",
            "sync b",
            &format!("append b {much}"),
            "sync b",
        ]);
        assert_eq!(world.lose_power(0), Loss::default());
        assert_eq!(world.file("b").map(|text| text.len()), Some(much.len()));
    }

    #[test]
    fn what_the_checker_does_to_it_is_settled() {
        let Some(mut world) = World::new(NamesLaw::Ordered, DISK_BYTES) else {
            return;
        };
        let data = world.home.path().join("data");
        for number in 0..1_000 {
            fs::write(data.join(format!("file {number}")), "x").expect("there is room");
        }
        let file = OpenOptions::new().write(true).open(data.join("file 7"));
        file.and_then(|file| file.set_len(0)).expect("it can be cut");
        world.disk.settle();
        assert_eq!(world.lose_power(0), Loss::default());
        assert_eq!(world.file("file 7"), Some(String::new()));
        let many = data.join("file 8");
        fs::hard_link(&many, data.join("second name")).expect("it is new");
        fs::remove_file(many).expect("it is there");
        assert_eq!(world.file("second name"), Some("x".to_owned()));
        for entry in fs::read_dir(&data).expect("readable") {
            fs::remove_file(entry.expect("readable").path()).expect("it is there");
        }
        assert_eq!(fs::read_dir(&data).expect("readable").count(), 0);
    }
}

/// A disk with one user.
struct World {
    user: User,
    disk: FuseDisk,
    home: tempfile::TempDir,
}

impl World {
    /// Nothing outside.
    fn new(law: NamesLaw, bytes: u64) -> Option<Self> {
        inside::starter()?;
        let home = tempfile::tempdir().expect("a directory");
        let data = home.path().join("data");
        fs::create_dir(&data).expect("it is new");
        let disk = FuseDisk::create(&data, law, bytes, 1).expect("it may");
        let user = User::start(&data);
        Some(Self { user, disk, home })
    }

    fn rule(&mut self, order: Option<DiskOrder>) {
        self.disk.set_rule(0, order).expect("the kernel listens");
    }

    /// Kills the user, takes the power, and gives both back.
    fn lose_power(&mut self, keep_permille: u32) -> Loss {
        self.user.kill();
        let loss = self
            .disk
            .lose_power(keep_permille, 1)
            .expect("the kernel listens");
        self.user = User::start(&self.home.path().join("data"));
        loss
    }

    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.home.path().join("data").join(name)).ok()
    }
}

/// The toy.
struct User {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl User {
    fn start(data: &Path) -> Self {
        let mut command = toy::command("disk", &data.display().to_string());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the toy starts");
        let orders = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            orders,
            answers,
        }
    }

    fn does(&mut self, deeds: &[&str]) {
        for deed in deeds {
            assert_eq!(self.ask(deed).as_deref(), Some("ok"), "{:.40}", deed);
        }
    }

    fn fails(&mut self, deed: &str) -> i32 {
        let answer = self.ask(deed).expect("it lives");
        let errno = answer.strip_prefix("error ").expect("it fails");
        errno.parse().expect("a number")
    }

    fn dies_of(&mut self, deed: &str) {
        assert_eq!(self.ask(deed), None);
    }

    fn ask(&mut self, deed: &str) -> Option<String> {
        writeln!(self.orders, "{deed}").expect("it listens");
        let mut line = String::new();
        while self.answers.read_line(&mut line).expect("readable") > 0 {
            if line.starts_with("ok") || line.starts_with("error") {
                return Some(line.trim().to_owned());
            }
            line.clear();
        }
        None
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().expect("it is our child");
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Those that work here, if a FUSE disk may be mounted in them.
fn gates() -> Vec<Gate> {
    let gates: Vec<Gate> = [Gate::Root, Gate::User]
        .into_iter()
        .filter(|gate| probe(*gate).is_ok())
        .collect();
    if gates.is_empty() {
        eprintln!("no FUSE disks here");
    }
    gates
}
