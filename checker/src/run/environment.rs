//! On what a run ran: sources, binary, machine. What cannot be found out stays empty.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use sha2::{Digest, Sha256};

use crate::{
    cluster::{doctor::Tier, network::NetworkBackend, rig::PowerBackend},
    record::run::{Environment, Versions},
};

/// The sources and the server binary.
pub fn versions(node: &Path) -> Versions {
    Versions {
        checker: env!("CARGO_PKG_VERSION").to_owned(),
        git: git(),
        node: first_line(Command::new(node).arg("--version")),
        node_hash: fs::read(node).map_or_else(|_| String::new(), |bytes| hash(&bytes)),
    }
}

/// The machine, and what of it the run uses.
pub fn environment(network: NetworkBackend, power: PowerBackend) -> Environment {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Environment {
        os: format!("{} {}", std::env::consts::OS, release.trim()),
        cores: thread::available_parallelism().map_or(0, |cores| cores.get() as u32),
        memory_mib: memory_mib().unwrap_or(0),
        tier: match (power, network) {
            (PowerBackend::Image, _) => Tier::T2,
            (PowerBackend::Fuse(_), _) | (_, NetworkBackend::Packets) => Tier::T1,
            (_, NetworkBackend::Proxy) => Tier::T0,
        }
        .to_string(),
        back_ends: [
            ("network", network.word()),
            ("clock", "preload shim"),
            ("disk", power.word()),
            ("process", "signals"),
        ]
        .map(|(power, back_end)| (power.to_owned(), back_end.to_owned()))
        .into(),
    }
}

/// SHA-256 as `sha256:hex`.
pub fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The commit of the sources this checker was built from.
pub fn git() -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments);
        first_line(&mut command)
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]);
    if commit.is_empty() || git(&["status", "--porcelain", "--untracked-files=no"]).is_empty() {
        commit
    } else {
        format!("{commit}-dirty")
    }
}

/// The mean number of processes that were at work or wanted to be, over the last minute.
pub fn load() -> Option<f32> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

fn memory_mib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes / 1024)
}

fn first_line(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known_and_a_missing_binary_is_not_an_error() {
        let environment = environment(NetworkBackend::Packets, PowerBackend::None);
        assert_eq!(environment.tier, "T1");
        assert!(environment.cores > 0 && environment.memory_mib > 0);
        assert!(load().is_some_and(|load| load >= 0.0));
        let versions = versions(Path::new("/nowhere/node"));
        assert_eq!((versions.node.as_str(), versions.node_hash.as_str()), ("", ""));
    }
}
