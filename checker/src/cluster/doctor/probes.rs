//! The trials themselves.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::{Resource, prlimit};

use super::probe::{Answer, Probe, Tier};
use crate::cluster::{
    build, fuse_disk,
    proc_state::{ProcState, state},
    proxy,
    shim_layout::page::PAGE_VARIABLE,
    shim_page::ShimPage,
    switch::inside::Gate,
};

/// How far the clock is bent for the trial.
const TRIAL_OFFSET_MS: i64 = 10 * 86_400_000;

/// Tries everything. Builds the preload library if it is not there.
pub fn examine() -> Vec<Probe> {
    vec![
        Probe {
            name: "processes in /proc",
            tier: Tier::T0,
            enables: "kill, stop, pause and throttle, each verified",
            answer: processes(),
        },
        Probe {
            name: "owners of connections",
            tier: Tier::T0,
            enables: "the proxy: partitions, jams, slow links, resets, by directed link",
            answer: owners(),
        },
        Probe {
            name: "preload library",
            tier: Tier::T0,
            enables: "wrong clocks, disk errors, slow disks, power loss by undo journal",
            answer: preload().unwrap_or_else(|why| Answer::Not {
                why,
                remedy: "a dynamically linked C library, and programs linked against it",
            }),
        },
        Probe {
            name: "limits of processes",
            tier: Tier::T0,
            enables: "a server out of files or out of memory, while it runs",
            answer: limits(),
        },
        Probe {
            name: "namespaces and TUN devices",
            tier: Tier::T1,
            enables: "the packet switch: cuts that time out; packets lost, repeated, reordered, spoiled below TCP",
            answer: namespaces(),
        },
        Probe {
            name: "file systems of processes (FUSE)",
            tier: Tier::T1,
            enables: "members' own disks in memory: power loss, disk errors and slow disks for any program, static ones too",
            answer: fuse_disks(),
        },
        Probe {
            name: "file systems on loop devices",
            tier: Tier::T2,
            enables: "members' own disks: power loss with a real file system's journal, names and mappings included",
            answer: disk_images(),
        },
    ]
}

/// Sets the limit that is in force: a sandbox that forbids the call forbids that too.
fn limits() -> Answer {
    let own = rustix::process::getpid();
    let before = rustix::process::getrlimit(Resource::Nofile);
    match prlimit(Some(own), Resource::Nofile, before) {
        Ok(_) => Answer::Works,
        Err(error) => Answer::Not {
            why: format!("prlimit: {error}"),
            remedy: "a container whose seccomp profile allows prlimit64",
        },
    }
}

fn processes() -> Answer {
    if state(std::process::id() as i32) == ProcState::Alive {
        return Answer::Works;
    }
    Answer::Not {
        why: "/proc does not show this very process".to_owned(),
        remedy: "mount a proc file system at /proc",
    }
}

fn owners() -> Answer {
    let trial = || -> std::io::Result<bool> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let _stream = TcpStream::connect(listener.local_addr()?)?;
        let (accepted, far) = listener.accept()?;
        Ok(proxy::is_opened_by(
            far,
            accepted.local_addr()?,
            std::process::id() as i32,
        ))
    };
    match trial() {
        Ok(true) => Answer::Works,
        Ok(false) => Answer::Not {
            why: "the kernel's tables do not tell who opened a connection".to_owned(),
            remedy: "a readable /proc/net/tcp and /proc/PID/fd of the user's own processes",
        },
        Err(error) => Answer::Not {
            why: format!("no loopback connection: {error}"),
            remedy: "a loopback interface that is up",
        },
    }
}

fn preload() -> Result<Answer, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let shim = build::shim_library().map_err(|error| words(&error))?;
    let directory = tempfile::tempdir().map_err(|error| words(&error))?;
    let mut page = ShimPage::create(&directory.path().join("page")).map_err(|error| words(&error))?;
    page.set_wall_offset(TRIAL_OFFSET_MS)
        .map_err(|error| words(&error))?;
    let output = Command::new("date")
        .arg("+%s")
        .env("LD_PRELOAD", &shim)
        .env(PAGE_VARIABLE, page.path())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("`date`, on which it is tried, cannot be run: {error}"))?;
    let told: Option<i64> = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| words(&error))?;
    let counters = page.counters().map_err(|error| words(&error))?;
    let bent = told.is_some_and(|told| told - now.as_secs() as i64 > TRIAL_OFFSET_MS / 1000 - 3600);
    if bent && counters.starts > 0 && counters.wall_skewed > 0 {
        return Ok(Answer::Works);
    }
    Err(format!(
        "`date` did not see the bent clock (it said {told:?}, {counters:?})"
    ))
}

fn namespaces() -> Answer {
    match Gate::find() {
        Ok(_) => Answer::Works,
        Err(why) => Answer::Not {
            why,
            remedy: "the programs unshare (util-linux) and ip (iproute2), a writable /dev/net/tun, and namespaces: sysctl \
                kernel.apparmor_restrict_unprivileged_userns=0 and user.max_user_namespaces > 0; in containers a seccomp \
                profile that allows unshare, or --privileged; or root",
        },
    }
}

fn fuse_disks() -> Answer {
    match Gate::find().and_then(fuse_disk::probe) {
        Ok(()) => Answer::Works,
        Err(why) => Answer::Not {
            why,
            remedy: "namespaces (see above) and a /dev/fuse that may be opened: modprobe fuse; in containers --device /dev/fuse \
                or mknod -m 666 /dev/fuse c 10 229",
        },
    }
}

/// A file system is made, mounted and taken out again.
fn disk_images() -> Answer {
    const REMEDY: &str =
        "root on a machine, or a privileged container, with loop devices, ext4, mkfs.ext4 and mount";
    const TRIAL: &str = "set -e; d=$(mktemp -d); trap 'rm -rf $d' EXIT; mkdir $d/m; truncate -s 16M $d/f; \
        mkfs.ext4 -q -F $d/f; mount -o loop $d/f $d/m; umount $d/m";
    let not = |why: String| Answer::Not { why, remedy: REMEDY };
    match Gate::find() {
        Ok(Gate::Root) => {}
        Ok(Gate::User) => return not(format!("the effective user is {}", nix::unistd::geteuid())),
        Err(why) => return not(why),
    }
    let mut trial = Gate::Root.command(Path::new("sh"), ["-c".into(), TRIAL.into()]);
    match trial.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Answer::Works,
        Ok(output) => not(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => not(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every machine that runs these tests must allow, root or not.
    #[test]
    fn the_lowest_tier_is_whole_here() {
        let broken: Vec<Probe> = examine()
            .into_iter()
            .filter(|probe| probe.tier == Tier::T0 && !probe.works())
            .collect();
        assert_eq!(broken, Vec::new());
    }
}
