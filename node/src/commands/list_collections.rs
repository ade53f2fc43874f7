//! `listCollections`.

use bson::{Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::first_batch;
use super::error::CommandError;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["listCollections"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(
        request,
        &["filter", "nameOnly", "authorizedCollections", "cursor"],
    )?;
    let database = arguments.database().to_owned();
    let prefix = format!("{database}.");
    let mut names: Vec<String> = access
        .store
        .collections(access.at)?
        .iter()
        .filter_map(|(ns, _)| ns.strip_prefix(&prefix).map(str::to_owned))
        .collect();
    if database == "local" {
        names.push("oplog.rs".to_owned());
        if access.facts.me.is_some() {
            names.push("me".to_owned());
        }
        if access.facts.config.is_some() {
            names.push("system.replset".to_owned());
        }
    }
    let matcher = Matcher::compile(&arguments.document("filter")?, &Variables::default())?;
    let mut found = Vec::new();
    for name in names {
        let mut row = doc! { "name": &name, "type": "collection" };
        if !arguments.flag("nameOnly", false) {
            row.insert(
                "options",
                if name == "oplog.rs" && database == "local" {
                    doc! { "capped": true }
                } else {
                    doc! {}
                },
            );
            row.insert("info", doc! { "readOnly": false });
            row.insert("idIndex", doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" });
        }
        if matcher.matches(&row)? {
            found.push(row);
        }
    }
    Ok(first_batch(0, &format!("{database}.$cmd.listCollections"), found))
}
