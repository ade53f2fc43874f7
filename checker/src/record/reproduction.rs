//! `repro.sh`: the command that repeats the run, as a script.

use std::os::unix::fs::PermissionsExt;

use super::{
    directory::{RunDirectory, RunFile, write_whole},
    error::RecordError,
    run::RunRecord,
};

/// Writes `repro.sh` beside the other records. Started anywhere inside the repository, it runs the same
/// scenario from the same seed.
pub fn write_reproduction(directory: &RunDirectory, run: &RunRecord) -> Result<(), RecordError> {
    let path = directory.path(RunFile::Reproduction);
    let text = format!(
        "#!/bin/sh\n# Repeats run {id} (seed {seed}, {time}).\n# To judge its stored history again, without a \
         cluster:\n#   {recheck}\nset -eu\ncd \"$(git rev-parse --show-toplevel)\"\nexec {repeat}\n",
        id = run.id,
        seed = run.seed,
        time = one_line(&run.started_at),
        recheck = one_line(&run.commands.recheck),
        repeat = one_line(&run.commands.repeat),
    );
    write_whole(&path, text.as_bytes())?;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, executable).map_err(RecordError::file(&path))
}

/// A line break in a command would end the comment that it stands in.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
