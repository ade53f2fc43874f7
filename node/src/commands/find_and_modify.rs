//! `findAndModify`: one document changed, its old or new form returned, as one statement.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::collections::{check_writable, creation};
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::read_hint;
use super::scan::{Scan, id_document, tree};
use super::update::{change, compile, insertion};
use crate::query::projection::{Dialect, Projection};
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["findAndModify", "findandmodify"],
    access: Access::Write(run),
    scope: Scope::Any,
};

const FIELDS: &[&str] = &[
    "query",
    "sort",
    "remove",
    "update",
    "new",
    "fields",
    "upsert",
    "arrayFilters",
];

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    if let Some(mut recorded) = access.executed(0) {
        recorded.insert("retriedStmtId", 0);
        recorded.insert("ok", 1.0);
        return Ok(recorded);
    }
    let (remove, new) = (arguments.flag("remove", false), arguments.flag("new", false));
    let wanted = arguments.get("update");
    if remove == wanted.is_some() {
        let text = "Either an update or remove=true must be specified, and not both";
        return Err(CommandError::new(9, text));
    }
    let variables = arguments.variables()?;
    let hint = read_hint(access.store(), ReadAt::Latest, &ns, arguments.get("hint"))?;
    if remove && (new || arguments.flag("upsert", false)) {
        let text = "Cannot specify new=true or upsert=true with remove=true; 'remove' always returns the deleted document";
        return Err(CommandError::new(9, text));
    }
    let mut scan = Scan::new(&ns, &arguments.document("query")?, &variables)?
        .hinted(hint)
        .sorted(&arguments.document("sort")?)?
        .shaped(0, Some(1), None);
    let found = scan
        .next(access.store(), ReadAt::Latest)?
        .map(|(_, document)| document);
    let mut writes = Vec::new();
    let (value, last_error) = match (found, wanted) {
        (Some(before), None) => {
            let id = id_document(before.get("_id").unwrap_or(&Bson::Null))?;
            writes.push(WriteOp::Delete { ns, id });
            (Some(before), doc! { "n": 1 })
        }
        (None, None) => (None, doc! { "n": 0 }),
        (Some(before), Some(wanted)) => {
            let update = compile(&given_filters(&arguments), wanted, &variables)?;
            let write = change(access, &ns, &scan, &update, &before)?;
            let after = match &write {
                Some(WriteOp::Update { document, .. }) => tree(document.as_bytes())?,
                _ => before.clone(),
            };
            writes.extend(write);
            (
                Some(if new { after } else { before }),
                doc! { "n": 1, "updatedExisting": true },
            )
        }
        (None, Some(wanted)) if arguments.flag("upsert", false) => {
            let update = compile(&given_filters(&arguments), wanted, &variables)?;
            let (id, insert) = insertion(access, &ns, &scan, &update)?;
            let inserted = match &insert {
                WriteOp::Insert { document, .. } => Some(tree(document.as_bytes())?),
                _ => None,
            };
            writes.extend(creation(access, &ns)?);
            writes.push(insert);
            (
                inserted.filter(|_| new),
                doc! { "n": 1, "updatedExisting": false, "upserted": id },
            )
        }
        (None, Some(_)) => (None, doc! { "n": 0, "updatedExisting": false }),
    };
    let value = match value {
        Some(document) => Bson::Document(project(&arguments, &scan, document)?),
        None => Bson::Null,
    };
    let mut reply = doc! { "lastErrorObject": last_error, "value": value };
    if !writes.is_empty() {
        access.record(0, &|| reply.clone());
        access.write(0, writes)?;
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

fn given_filters(arguments: &Arguments) -> Document {
    let mut given = Document::new();
    if let Some(filters) = arguments.get("arrayFilters") {
        given.insert("arrayFilters", filters.clone());
    }
    given
}

fn project(arguments: &Arguments, scan: &Scan, document: Document) -> Result<Document, CommandError> {
    let fields = arguments.document("fields")?;
    if fields.is_empty() {
        return Ok(document);
    }
    let projection = Projection::parse(&fields, Dialect::Find, &arguments.variables()?)?;
    let (_, position) = scan.matcher().matches_at(&document)?;
    Ok(projection.apply(&document, position)?)
}
