//! Into namespaces of one's own: a checker that needs them starts itself again inside.
//!
//! Inside it may make networks and mounts as root may, and everything that it makes, processes too, ends with it: it is the
//! first process of a process namespace.

use std::{
    env,
    ffi::OsString,
    io::{self, Read as _},
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// Says to the checker inside who has started it: process id and start time, as seen outside.
pub const INSIDE_VARIABLE: &str = "CHECKER_OUTSIDE";

/// What a shell must be able to do inside.
const TRIAL: &str = "ip link set lo up && ip tuntap add dev trial0 mode tun && test -r /proc/self/stat";

/// The exit code of a checker whose starter was killed, as a shell would tell it.
const KILLED: i32 = 137;

/// How namespaces are had on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As root.
    Root,
    /// By a user namespace, which needs no privilege.
    User,
}

/// Who started this checker inside, in the words of [`INSIDE_VARIABLE`]; nothing outside.
pub fn starter() -> Option<String> {
    env::var(INSIDE_VARIABLE).ok()
}

impl Gate {
    /// The one that works here.
    ///
    /// # Errors
    /// Why none does, as the machine said it.
    pub fn find() -> Result<Self, String> {
        let root = nix::unistd::geteuid().is_root();
        let gates = if root {
            &[Gate::Root, Gate::User][..]
        } else {
            &[Gate::User]
        };
        let mut why = String::new();
        for gate in gates {
            match gate.tried() {
                Ok(()) => return Ok(*gate),
                Err(words) => why = words,
            }
        }
        Err(why)
    }

    /// A command that runs `program` inside.
    pub fn command(self, program: &Path, arguments: impl IntoIterator<Item = OsString>) -> Command {
        let mut command = Command::new("unshare");
        if self == Gate::User {
            command.args(["--user", "--map-root-user"]);
        }
        command
            .args([
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--",
            ])
            .arg(program)
            .args(arguments);
        command
    }

    fn tried(self) -> Result<(), String> {
        let mut trial = self.command(Path::new("sh"), ["-c".into(), TRIAL.into()]);
        match trial.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")),
            Err(error) => Err(format!("the program `unshare` cannot be run ({error})")),
        }
    }
}

/// Inside: ends this process, and with it all others, when the starter is gone. It holds the other end of the standard
/// input, which the kernel closes whatever kills it.
///
/// # Errors
/// When there is no thread to be had.
pub fn die_with_starter() -> io::Result<()> {
    let wait = || {
        let mut rest = Vec::new();
        // Whether it ends or fails: nobody is there any more.
        let _ = io::stdin().read_to_end(&mut rest);
        std::process::exit(KILLED);
    };
    thread::Builder::new()
        .name("starter".to_owned())
        .spawn(wait)
        .map(drop)
}
