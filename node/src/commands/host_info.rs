//! `hostInfo`.

use bson::{DateTime, Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["hostInfo"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(doc! {
        "system": {
            "currentTime": DateTime::now(),
            "hostname": &access.facts.host,
            "cpuAddrSize": 64,
            "numCores": i32::try_from(cores).unwrap_or(i32::MAX),
            "cpuArch": std::env::consts::ARCH,
        },
        "os": { "type": std::env::consts::OS, "name": std::env::consts::OS, "version": "" },
        "extra": {},
        "ok": 1.0,
    })
}
