//! A real set where more, or less, is allowed than usual: as a user who may do nothing, in a network of packets, on disks
//! of its own. Each test runs this binary again where it must be.

use std::{
    ffi::OsString,
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use checker::{
    cluster::{
        build::{self, Flavour, PREBUILT_VARIABLE},
        fuse_disk::{self, NamesLaw},
        leftovers,
        network::NetworkBackend,
        switch::inside::{self, Gate, INSIDE_VARIABLE},
    },
    record::verdict::Overall,
    run::{live::Live, scenario::Disks},
};
use nix::unistd::{Gid, Uid, chown};

use super::{
    Interrupter, MACHINE, live,
    members::{effects, passes},
};

/// `nobody`, on every system that we know.
const NOBODY: u32 = 65_534;

/// Says to the binary that it was started by one of these tests, and is nobody now.
const NOBODY_VARIABLE: &str = "CHECKER_TEST_AS_NOBODY";

/// Every kind of T0: signals, proxies, clocks, disks, power.
#[tokio::test(flavor = "multi_thread")]
async fn faults_strike_a_real_node_without_privileges() {
    if Uid::effective().is_root() && std::env::var_os(NOBODY_VARIABLE).is_none() {
        let _alone = MACHINE.lock().await;
        let home = Home::make();
        let name = "backends::faults_strike_a_real_node_without_privileges";
        let mut command = Command::new(&home.program);
        command.args(["--exact", name, "--nocapture"]);
        command.uid(NOBODY).gid(NOBODY).env(NOBODY_VARIABLE, "1");
        return home.ends_well(command);
    }
    let results = tempfile::tempdir().expect("a temporary directory");
    let nemeses = ["kill", "pause", "partition", "clock", "slow-disk", "power-loss"];
    let effects = played(results.path(), &nemeses, |_| {}).await;
    assert!(
        effects["processes_gone"] + effects.get("paused").copied().unwrap_or(0) > 0,
        "{effects:?}"
    );
}

/// Losses below TCP, in namespaces that anybody may have.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_set_lives_in_a_network_of_packets() {
    if inside::starter().is_some() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let nemeses = ["partition", "lossy-links", "duplicate-links", "reorder-links"];
        let packets = |live: &mut Live| live.scenario.network = NetworkBackend::Packets;
        let effects = played(results.path(), &nemeses, packets).await;
        assert!(effects["links_struck"] > 0, "{effects:?}");
        return;
    }
    let _alone = MACHINE.lock().await;
    let home = Home::make();
    let name = "backends::a_real_set_lives_in_a_network_of_packets";
    let arguments = ["--exact", name, "--nocapture"].map(OsString::from);
    // As root: the harder case, of somebody who has no privilege at all.
    let mut command = Gate::User.command(&home.program, arguments);
    if Uid::effective().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    if let Err(why) = Gate::find() {
        return eprintln!("no packet network here: {why}");
    }
    command.env(INSIDE_VARIABLE, leftovers::own_words());
    home.ends_well(command);
}

/// The whole set loses power, and a real file system says what is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_set_loses_power_on_disks_of_its_own() {
    if inside::starter().is_some() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let images = |live: &mut Live| {
            live.scenario.network = NetworkBackend::Packets;
            live.scenario.disks = Disks::Images;
        };
        let effects = played(results.path(), &["leader-loses-power"], images).await;
        assert!(
            effects["power_lost"] > 0 && effects["files_changed"] > 0,
            "{effects:?}"
        );
        return;
    }
    if Gate::find() != Ok(Gate::Root) {
        return eprintln!("no disk images here: they need root");
    }
    let _alone = MACHINE.lock().await;
    let home = Home::make();
    let name = "backends::a_real_set_loses_power_on_disks_of_its_own";
    let mut command = Gate::Root.command(
        &home.program,
        ["--exact", name, "--nocapture"].map(OsString::from),
    );
    command.env(INSIDE_VARIABLE, leftovers::own_words());
    home.ends_well(command);
}

/// The same for somebody without any privilege, on disks that the checker serves from its memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_set_loses_power_on_disks_in_memory() {
    if inside::starter().is_some() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let fuse = |live: &mut Live| {
            live.scenario.network = NetworkBackend::Packets;
            live.scenario.disks = Disks::Fuse(NamesLaw::Ordered);
        };
        let effects = played(results.path(), &["leader-loses-power"], fuse).await;
        assert!(
            effects["power_lost"] > 0 && effects["files_changed"] > 0 && effects["calls_struck"] > 0,
            "{effects:?}"
        );
        return;
    }
    if let Err(why) = fuse_disk::probe(Gate::User) {
        return eprintln!("no FUSE disks here: {why}");
    }
    let _alone = MACHINE.lock().await;
    let home = Home::make();
    let name = "backends::a_real_set_loses_power_on_disks_in_memory";
    let arguments = ["--exact", name, "--nocapture"].map(OsString::from);
    let mut command = Gate::User.command(&home.program, arguments);
    if Uid::effective().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.env(INSIDE_VARIABLE, leftovers::own_words());
    home.ends_well(command);
}

async fn played(
    results: &Path,
    nemeses: &[&str],
    change: impl FnOnce(&mut Live),
) -> std::collections::BTreeMap<String, u64> {
    let (_interrupter, interrupt) = Interrupter::pair();
    let mut live = live(results, nemeses, 15, interrupt);
    change(&mut live);
    let outcome = live.play().await.expect("the run's own machinery works");
    // A machine that is short of time starves the run of traffic; what it suffered is asked by the caller.
    if outcome.verdict.overall != Overall::Invalid {
        passes(&outcome);
    }
    effects(&outcome.directory)
}

/// A directory that nobody can reach: the build's own may lie below root's home.
struct Home {
    program: std::path::PathBuf,
    directory: tempfile::TempDir,
}

impl Home {
    fn make() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = directory.path();
        fs::set_permissions(home, Permissions::from_mode(0o755)).expect("it is ours");
        let programs = build::programs(Flavour::Correct).expect("the node builds");
        let this = std::env::current_exe().expect("the test binary knows its path");
        for (from, to) in [
            (&this, "tests"),
            (&programs.node, "node"),
            (&programs.shim, "libshim.so"),
        ] {
            fs::copy(from, home.join(to)).expect("it can be copied");
        }
        let scratch = home.join("scratch");
        fs::create_dir(&scratch).expect("it is ours");
        if Uid::effective().is_root() {
            chown(&scratch, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY))).expect("root may");
        }
        Self {
            program: home.join("tests"),
            directory,
        }
    }

    fn ends_well(&self, mut command: Command) {
        let scratch = self.directory.path().join("scratch");
        let ended = command
            .current_dir(&scratch)
            .env("TMPDIR", &scratch)
            .env(PREBUILT_VARIABLE, self.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let told = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && told.contains("1 passed"), "{told}");
    }
}
