//! `buildInfo`.

use bson::{Bson, Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["buildInfo", "buildinfo"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    let version: Vec<i32> = crate::VERSION
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let mut array: Vec<Bson> = version.into_iter().map(Bson::Int32).collect();
    array.push(Bson::Int32(0));
    Ok(doc! {
        "version": crate::VERSION,
        "gitVersion": "unknown",
        "modules": [],
        "allocator": "system",
        "javascriptEngine": "none",
        "sysInfo": "deprecated",
        "versionArray": array,
        "openssl": { "running": "disabled", "compiled": "disabled" },
        "bits": 64,
        "debug": cfg!(debug_assertions),
        "maxBsonObjectSize": i32::try_from(crate::wire::DOCUMENT_BYTES_MAX).unwrap_or(i32::MAX),
        "storageEngines": ["fjall"],
        "ok": 1.0,
    })
}
