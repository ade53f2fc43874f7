//! `find`.

use std::collections::VecDeque;

use bson::{Bson, Document, Timestamp};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, OplogTail, Source, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::hint::check_hint;
use super::oplog_reader::OPLOG;
use super::scan::{self, Scan};
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::query::projection::{Dialect, Projection};
use crate::query::sort::SortPattern;
use crate::storage::store::Order;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["find"],
    access: Access::Read(run),
    scope: Scope::Any,
};

/// Bytes of documents that one sort may hold (292 beyond), as MongoDB's limit: what is sorted has to lie in memory.
const SORT_BYTES_MAX: usize = 100 << 20;

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
        access.cursors.open(ns.clone(), source, access.reading)
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
    check_hint(access.store, access.at, ns, arguments.get("hint"))?;
    for unsupported in ["min", "max", "returnKey", "showRecordId"] {
        let asks = match arguments.get(unsupported) {
            Some(Bson::Document(bounds)) => !bounds.is_empty(),
            _ => arguments.flag(unsupported, false),
        };
        if asks {
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
    let mut scan = Scan::on(access, ns, filter, &variables)?;
    let given_order = key_order(&sort)?;
    let sort = if let Some(order) = given_order {
        scan = scan.by_key(order);
        Document::new()
    } else {
        sort
    };
    let projection = match fields.is_empty() {
        true => None,
        false => Some(Projection::parse(&fields, Dialect::Find, &variables)?),
    };
    if sort.is_empty() {
        return Ok(Source::Scan(Box::new(scan.shaped(skip, limit, projection))));
    }
    let mut found = Vec::new();
    let mut bytes = 0;
    while let Some((_, document)) = scan.next(access.store, access.at)? {
        bytes += scan.last_bytes();
        if bytes > SORT_BYTES_MAX {
            let text = format!(
                "Executor error during find command :: caused by :: Sort exceeded memory limit of {SORT_BYTES_MAX} bytes"
            );
            return Err(CommandError::new(292, text));
        }
        found.push(document);
    }
    let mut result = VecDeque::new();
    let sorted = SortPattern::parse(&sort)?.sort(found);
    for document in sorted.into_iter().skip(skip).take(limit.unwrap_or(usize::MAX)) {
        result.push_back(scan::project(projection.as_ref(), scan.matcher(), document)?);
    }
    Ok(Source::Found(result))
}

/// The order of keys, when a sort asks for it: documents lie by `_id`, which is also their natural order, and no
/// two have the same, so that what follows `_id` in a sort says nothing.
fn key_order(sort: &Document) -> Result<Option<Order>, CommandError> {
    let Some((path, direction)) = sort
        .iter()
        .next()
        .filter(|(path, _)| *path == "_id" || *path == "$natural")
    else {
        return Ok(None);
    };
    if path == "_id" {
        SortPattern::parse(sort)?;
    }
    match number(direction) {
        Some(1) => Ok(Some(Order::Forward)),
        Some(-1) => Ok(Some(Order::Backward)),
        _ => Err(CommandError::new(2, "$natural sort must be 1 or -1")),
    }
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
