//! `delete`: one entry for each document (S2-21).

use bson::{Bson, Document};

use super::arguments::{Arguments, check_collation, missing, number};
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::read_hint;
use super::scan::{Scan, id_document};
use super::write_batch::{self, Done};
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["delete"],
    access: Access::Write(run),
    scope: Scope::Any,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["deletes", "ordered"])?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    let deletes = arguments.documents("deletes")?;
    let variables = arguments.variables()?;
    for delete in &deletes {
        if let Some(field) = ["q", "limit"].iter().find(|field| !delete.contains_key(field)) {
            return Err(missing("delete", &format!("deletes.{field}")));
        }
        let known = ["q", "limit", "hint", "collation", "sampleId"];
        if let Some(unknown) = delete.keys().find(|key| !known.contains(&key.as_str())) {
            let text = format!("BSON field 'delete.deletes.{unknown}' is an unknown field.");
            return Err(CommandError::new(40415, text));
        }
    }
    write_batch::run(
        access,
        &arguments,
        deletes.len(),
        false,
        |access, index, statement| {
            let given = &deletes[index];
            check_collation(given.get("collation"))?;
            let hint = read_hint(access.store(), ReadAt::Latest, &ns, given.get("hint"))?;
            let filter = given.get_document("q").map_err(|_| match given.get("q") {
                Some(_) => CommandError::new(
                    14,
                    "BSON field 'delete.deletes.q' is the wrong type, expected type 'object'",
                ),
                None => missing("delete", "deletes.q"),
            })?;
            let limit = match given.get("limit").and_then(number) {
                Some(limit @ (0 | 1)) => limit,
                Some(other) => {
                    let text = format!("The limit field in delete objects must be 0 or 1. Got {other}");
                    return Err(CommandError::new(9, text));
                }
                None => return Err(missing("delete", "deletes.limit")),
            };
            let mut scan = Scan::new(&ns, filter, &variables)?.hinted(hint);
            let mut writes = Vec::new();
            while let Some((_, document)) = scan.next(access.store(), ReadAt::Latest)? {
                let id = id_document(document.get("_id").unwrap_or(&Bson::Null))?;
                writes.push(WriteOp::Delete { ns: ns.clone(), id });
                if limit == 1 {
                    break;
                }
            }
            let n = i32::try_from(writes.len()).unwrap_or(i32::MAX);
            write_batch::write(access, statement, writes, Done { n, ..Done::default() })
        },
    )
}
