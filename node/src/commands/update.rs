//! `update`.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, Timestamp};

use super::arguments::{Arguments, check_collation, number};
use super::collections::{check_writable, creation};
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::read_hint;
use super::scan::{Scan, id_document, raw};
use super::write_batch::{self, Done, check_unique};
use crate::query::expression::Variables;
use crate::query::update::{ApplyContext, Update};
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["update"],
    access: Access::Write(run),
    scope: Scope::Any,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["updates", "ordered"])?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    let updates = arguments.documents("updates")?;
    let variables = arguments.variables()?;
    for update in &updates {
        if let Some(missing) = ["q", "u"].iter().find(|field| !update.contains_key(field)) {
            let text = format!("BSON field 'update.updates.{missing}' is missing but a required field");
            return Err(CommandError::new(40414, text));
        }
        if let Some(unknown) = update
            .keys()
            .find(|key| !STATEMENT_FIELDS.contains(&key.as_str()))
        {
            let text = format!("BSON field 'update.updates.{unknown}' is an unknown field.");
            return Err(CommandError::new(40415, text));
        }
    }
    write_batch::run(
        access,
        &arguments,
        updates.len(),
        true,
        |access, index, statement| one(access, &ns, &updates[index], &variables, statement),
    )
}

const STATEMENT_FIELDS: [&str; 9] = [
    "q",
    "u",
    "c",
    "multi",
    "upsert",
    "arrayFilters",
    "hint",
    "collation",
    "sampleId",
];

fn one(
    access: &mut dyn WriteAccess,
    ns: &str,
    given: &Document,
    variables: &Variables,
    statement: i32,
) -> Result<Done, CommandError> {
    let filter = given.get_document("q").map_err(|_| match given.get("q") {
        Some(_) => CommandError::new(
            14,
            "BSON field 'update.updates.q' is the wrong type, expected type 'object'",
        ),
        None => CommandError::new(
            40414,
            "BSON field 'update.updates.q' is missing but a required field",
        ),
    })?;
    let wanted = given.get("u").ok_or_else(|| {
        CommandError::new(
            40414,
            "BSON field 'update.updates.u' is missing but a required field",
        )
    })?;
    let flag = |key: &str| match given.get(key) {
        Some(Bson::Boolean(value)) => *value,
        Some(value) => number(value).is_some_and(|value| value != 0),
        None => false,
    };
    let (multi, upsert) = (flag("multi"), flag("upsert"));
    check_collation(given.get("collation"))?;
    let hint = read_hint(access.store(), ReadAt::Latest, ns, given.get("hint"))?;
    let constants = match given.get("c") {
        None => None,
        Some(Bson::Document(constants)) if matches!(wanted, Bson::Array(_)) => Some(constants),
        Some(_) => {
            let text = "Constant values may only be specified for pipeline updates";
            return Err(CommandError::new(51198, text));
        }
    };
    let variables = &constants.map_or_else(|| variables.clone(), |given| variables.with_constants(given));
    let update = compile(given, wanted, variables)?;
    if multi && update.is_replacement() {
        return Err(CommandError::new(
            9,
            "multi update is not supported for replacement-style update",
        ));
    }
    let mut scan = Scan::new(ns, filter, variables)?.hinted(hint);
    let found = found(access, &mut scan, multi)?;
    // The second of two documents that get the same unique value must see the first one's.
    let one_by_one = multi && has_unique_index(access, ns)?;
    let mut writes = Vec::new();
    let mut done = Done::default();
    for before in &found {
        done.n += 1;
        if let Some(write) = change(access, ns, &scan, &update, before)? {
            done.modified += 1;
            if one_by_one {
                access.write(statement, vec![write])?;
            } else {
                writes.push(write);
            }
        }
    }
    if done.n == 0 && upsert {
        let (id, insert) = insertion(access, ns, &scan, &update)?;
        writes.extend(creation(access, ns)?);
        writes.push(insert);
        done = Done {
            n: 1,
            modified: 0,
            upserted: Some(id),
        };
    }
    write_batch::write(access, statement, writes, done)
}

/// The documents that a statement is about: all of them, or the first. (`sort` comes with wire version 25.)
fn found(access: &dyn WriteAccess, scan: &mut Scan, multi: bool) -> Result<Vec<Document>, CommandError> {
    let mut found = Vec::new();
    while (multi || found.is_empty())
        && let Some((_, document)) = scan.next(access.store(), ReadAt::Latest)?
    {
        found.push(document);
    }
    Ok(found)
}

fn has_unique_index(access: &dyn WriteAccess, ns: &str) -> Result<bool, CommandError> {
    let collection = access.store().collection(ns, ReadAt::Latest)?;
    Ok(collection.is_some_and(|found| found.indexes.iter().any(|index| index.spec.is_unique)))
}

/// Compiles `u` with its `arrayFilters`.
pub(super) fn compile(
    given: &Document,
    wanted: &Bson,
    variables: &Variables,
) -> Result<Update, CommandError> {
    let filters: Vec<Document> = match given.get("arrayFilters") {
        None => Vec::new(),
        Some(Bson::Array(filters)) => filters.iter().filter_map(Bson::as_document).cloned().collect(),
        Some(_) => {
            return Err(CommandError::new(
                14,
                "arrayFilters must be an array of documents",
            ));
        }
    };
    Ok(Update::compile(wanted, &filters, variables)?)
}

/// The write that turns `before` into what the update makes of it; none when that is the same.
pub(super) fn change(
    access: &dyn WriteAccess,
    ns: &str,
    scan: &Scan,
    update: &Update,
    before: &Document,
) -> Result<Option<WriteOp>, CommandError> {
    let (_, position) = scan.matcher().matches_at(before)?;
    let updated = update.apply(before, &context(position, false))?;
    if !updated.modified {
        return Ok(None);
    }
    let document = raw(&updated.document)?;
    check_size(document.as_bytes().len())?;
    check_unique(access, ns, &document, false)?;
    let id = id_document(before.get("_id").unwrap_or(&Bson::Null))?;
    Ok(Some(WriteOp::Update {
        ns: ns.to_owned(),
        id,
        document,
    }))
}

/// The upsert's document and its `_id`.
pub(super) fn insertion(
    access: &dyn WriteAccess,
    ns: &str,
    scan: &Scan,
    update: &Update,
) -> Result<(Bson, WriteOp), CommandError> {
    let mut document = update.upsert_document(scan.matcher(), &context(None, true))?;
    if !document.contains_key("_id") {
        document.insert("_id", ObjectId::new());
    }
    let id = document.get("_id").cloned().unwrap_or(Bson::Null);
    let document = super::insert::with_id(&raw(&document)?)?;
    check_unique(access, ns, &document, true)?;
    Ok((
        id,
        WriteOp::Insert {
            ns: ns.to_owned(),
            document,
        },
    ))
}

fn context(position: Option<usize>, inserting: bool) -> ApplyContext {
    let now = DateTime::now();
    let time = u32::try_from(now.timestamp_millis() / 1000).unwrap_or(0);
    ApplyContext {
        position,
        inserting,
        now,
        timestamp: Timestamp { time, increment: 1 },
    }
}

fn check_size(bytes: usize) -> Result<(), CommandError> {
    if bytes > crate::wire::DOCUMENT_BYTES_MAX {
        return Err(CommandError::new(
            17419,
            format!(
                "Resulting document after update is larger than {}",
                crate::wire::DOCUMENT_BYTES_MAX
            ),
        ));
    }
    Ok(())
}
