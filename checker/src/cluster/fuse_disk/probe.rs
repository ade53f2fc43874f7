//! Whether FUSE disks can be had: one is mounted, and nobody serves it.

use std::{path::Path, process::Stdio};

use crate::cluster::switch::inside::Gate;

/// What a shell must be able to do inside. The helper program that some systems have for FUSE is not asked (`-i`): it would
/// do what the checker then could not.
const TRIAL: &str = "d=$(mktemp -d) || exit 1; trap 'rmdir $d' EXIT; exec 3<>/dev/fuse && \
    mount -i -n -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 checker-trial $d && umount -l $d";

/// Tries it behind a gate.
///
/// # Errors
/// Why not, as the machine said it.
pub fn probe(gate: Gate) -> Result<(), String> {
    let mut trial = gate.command(Path::new("sh"), ["-c".into(), TRIAL.into()]);
    match trial.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")),
        Err(error) => Err(format!("the program `unshare` cannot be run ({error})")),
    }
}
