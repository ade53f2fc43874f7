//! `getParameter` and `getCmdLineOpts`.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["getParameter"],
    access: Access::Nothing(run),
    scope: Scope::Admin,
};

pub(super) const COMMAND_LINE: Command = Command {
    names: &["getCmdLineOpts"],
    access: Access::Nothing(command_line),
    scope: Scope::Admin,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let known = doc! {
        "featureCompatibilityVersion": { "version": "7.0" },
        "enableTestCommands": access.facts.test_commands,
        "logLevel": 0,
        "quiet": false,
        "requireApiVersion": false,
        "authenticationMechanisms": [],
        "transactionLifetimeLimitSeconds": 60,
        "maxBsonObjectSize": i32::try_from(crate::wire::DOCUMENT_BYTES_MAX).unwrap_or(i32::MAX),
    };
    let asked = request
        .to_document()
        .map_err(|error| CommandError::new(9, error.to_string()))?;
    let mut reply = Document::new();
    if asked.get("getParameter") == Some(&Bson::String("*".to_owned())) {
        reply.extend(known);
    } else {
        for (name, value) in known {
            if asked.contains_key(&name) {
                reply.insert(name, value);
            }
        }
    }
    if reply.is_empty() {
        return Err(CommandError::new(72, "no option found to get"));
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

fn command_line(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    Arguments::of(request, &[])?;
    let facts = access.facts;
    let mut parsed = doc! {
        "net": { "port": i32::from(facts.port) },
        "replication": { "replSet": &facts.set_name },
    };
    let parameters: Document = facts
        .parameters
        .iter()
        .filter_map(|given| given.split_once('='))
        .map(|(name, value)| (name.to_owned(), Bson::String(value.to_owned())))
        .collect();
    if !parameters.is_empty() {
        parsed.insert("setParameter", parameters);
    }
    Ok(doc! { "argv": facts.arguments.clone(), "parsed": parsed, "ok": 1.0 })
}
