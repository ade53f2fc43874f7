//! `find`.

use bson::{Bson, Document, Timestamp};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, OplogTail, Source, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::hint::read_hint;
use super::oplog_reader::OPLOG;
use super::scan::Scan;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::query::projection::{Dialect, Projection};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["find"],
    access: Access::Read(run),
    scope: Scope::Any,
};

const FIELDS: &[&str] = &[
    "filter",
    "sort",
    "projection",
    "skip",
    "limit",
    "batchSize",
    "singleBatch",
    "tailable",
    "awaitData",
    "noCursorTimeout",
    "oplogReplay",
    "min",
    "max",
    "returnKey",
    "showRecordId",
    "allowPartialResults",
    "term",
];

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    let ns = arguments.namespace()?;
    let filter = arguments.document("filter")?;
    let batch = arguments.count("batchSize")?.unwrap_or(FIRST_BATCH);
    if arguments.flag("awaitData", false) && !arguments.flag("tailable", false) {
        let text = "Cannot set 'awaitData' without also setting 'tailable'";
        return Err(CommandError::new(9, text));
    }
    let mut source = if ns == OPLOG {
        on_oplog(access, &arguments, &filter)?
    } else {
        on_data(access, &arguments, &ns, &filter)?
    };
    let (documents, exhausted) = fill(access, &mut source, access.at, batch)?;
    let single = arguments.flag("singleBatch", false);
    let id = if exhausted || single {
        0
    } else {
        let id = access.cursors.open(ns.clone(), source, access.reading);
        if arguments.flag("noCursorTimeout", false) {
            access.cursors.keep(id);
        }
        id
    };
    Ok(first_batch(id, &ns, documents))
}

fn on_data(
    access: &ReadAccess<'_>,
    arguments: &Arguments,
    ns: &str,
    filter: &Document,
) -> Result<Source, CommandError> {
    let sort = arguments.document("sort")?;
    let limit = arguments.count("limit")?.filter(|limit| *limit > 0);
    let skip = arguments.count("skip")?.unwrap_or(0);
    let fields = arguments.document("projection")?;
    let variables = arguments.variables()?;
    let hint = read_hint(access.store, access.at, ns, arguments.get("hint"))?;
    for unsupported in ["returnKey", "showRecordId"] {
        if arguments.flag(unsupported, false) {
            return Err(CommandError::new(
                115,
                format!("the option '{unsupported}' is not supported"),
            ));
        }
    }
    if arguments.flag("tailable", false) {
        let text = format!("error processing query: tailable cursor requested on non capped collection {ns}");
        return Err(CommandError::new(2, text));
    }
    let scan = Scan::on(access, ns, filter, &variables)?
        .hinted(hint)
        .sorted(&sort)?
        .between(
            (access.store, access.at),
            &arguments.document("min")?,
            &arguments.document("max")?,
        )?;
    let projection = match fields.is_empty() {
        true => None,
        false => Some(Projection::parse(&fields, Dialect::Find, &variables)?),
    };
    Ok(Source::Scan(Box::new(scan.shaped(skip, limit, projection))))
}

fn on_oplog(
    access: &mut ReadAccess<'_>,
    arguments: &Arguments,
    filter: &Document,
) -> Result<Source, CommandError> {
    let matcher = Matcher::compile(filter, &Variables::default())?;
    let backwards = arguments.document("sort")?.get("$natural").and_then(number) == Some(-1);
    let from = match (least_timestamp(filter), backwards) {
        // The newest entry alone is what tools ask for; more of them are read from the front.
        (None, true) if arguments.count("limit")? == Some(1) => access.oplog.newest(),
        (from, _) => from,
    };
    let tailable = arguments.flag("tailable", false);
    let mut tail = OplogTail {
        from: from.unwrap_or(Timestamp {
            time: 0,
            increment: 0,
        }),
        matcher,
        tailable,
        awaits: tailable && arguments.flag("awaitData", false),
        placed: false,
    };
    let limit = arguments.count("limit")?.filter(|limit| *limit > 0);
    if tailable || (limit.is_none() && !backwards) {
        return Ok(Source::Oplog(Box::new(tail)));
    }
    tail.tailable = false;
    let mut source = Source::Oplog(Box::new(tail));
    let wanted = if backwards {
        usize::MAX
    } else {
        limit.unwrap_or(usize::MAX)
    };
    let (mut found, _) = fill(access, &mut source, access.at, wanted)?;
    if backwards {
        found.reverse();
        found.truncate(limit.unwrap_or(usize::MAX));
    }
    Ok(Source::Found(found.into()))
}

/// The least timestamp that the filter lets through, if it says so at the top.
fn least_timestamp(filter: &Document) -> Option<Timestamp> {
    match filter.get("ts")? {
        Bson::Timestamp(exact) => Some(*exact),
        Bson::Document(condition) => {
            ["$gte", "$gt", "$eq"]
                .iter()
                .find_map(|operator| match condition.get(*operator) {
                    Some(Bson::Timestamp(from)) => Some(*from),
                    _ => None,
                })
        }
        _ => None,
    }
}
