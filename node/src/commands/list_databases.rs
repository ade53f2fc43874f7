//! `listDatabases`.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::auth::role::Right;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["listDatabases"],
    access: Access::Read(run),
    scope: Scope::Admin,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["filter", "nameOnly", "authorizedDatabases"])?;
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    for (ns, _) in access.store.collections(access.at)? {
        let database = ns.split('.').next().unwrap_or(&ns).to_owned();
        *sizes.entry(database).or_default() += access.store.counts(&ns, access.at)?.bytes;
    }
    let oplog = i64::try_from(access.facts.oplog_bytes).unwrap_or(i64::MAX);
    *sizes.entry("local".to_owned()).or_default() += oplog;
    // Whoever may not see how the set does sees the databases where he may look around.
    if let Some(who) = &access.facts.who
        && (arguments.flag("authorizedDatabases", false) || !who.grants(Right::Monitor, "admin"))
    {
        sizes.retain(|name, _| who.grants(Right::Inspect, name) || who.grants(Right::Read, name));
    }
    let matcher = Matcher::compile(&arguments.document("filter")?, &Variables::default())?;
    let name_only = arguments.flag("nameOnly", false);
    let (mut rows, mut total) = (Vec::new(), 0);
    for (name, size) in sizes {
        let row = if name_only {
            doc! { "name": name }
        } else {
            doc! { "name": name, "sizeOnDisk": size, "empty": size == 0 }
        };
        if matcher.matches(&row)? {
            total += size;
            rows.push(Bson::Document(row));
        }
    }
    let mut reply = doc! { "databases": rows };
    if !name_only {
        reply.insert("totalSize", total);
        reply.insert("totalSizeMb", total >> 20);
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}
