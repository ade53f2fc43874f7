//! `find`.

use std::collections::VecDeque;

use bson::{Bson, Document, Timestamp};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, OplogTail, Source, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::oplog_reader::OPLOG;
use super::scan::Scan;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::query::projection::{Dialect, Projection};
use crate::query::sort::SortPattern;
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
        access.cursors.open(ns.clone(), source, access.majority)
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
    let limit = match arguments.get("limit").and_then(number) {
        // A negative limit is the old way of asking for one batch.
        Some(limit) => usize::try_from(limit.unsigned_abs())
            .ok()
            .filter(|limit| *limit > 0),
        None => None,
    };
    let skip = arguments.count("skip")?.unwrap_or(0);
    let fields = arguments.document("projection")?;
    let natural = sort.contains_key("$natural");
    let mut scan = Scan::new(ns, filter)?;
    if sort.is_empty() && limit.is_none() && skip == 0 && fields.is_empty() {
        return Ok(Source::Scan(Box::new(scan)));
    }
    let projection = match fields.is_empty() {
        true => None,
        false => Some(Projection::parse(&fields, Dialect::Find, &Variables::default())?),
    };
    let enough = if sort.is_empty() {
        limit.map(|limit| limit + skip)
    } else {
        None
    };
    let mut found = Vec::new();
    while enough.is_none_or(|enough| found.len() < enough)
        && let Some((_, document)) = scan.next(access.store, access.at)?
    {
        found.push(document);
    }
    if natural && sort.get("$natural").and_then(number) == Some(-1) {
        found.reverse();
    } else if !sort.is_empty() && !natural {
        found = SortPattern::parse(&sort)?.sort(found);
    }
    let mut result = VecDeque::new();
    for document in found.into_iter().skip(skip).take(limit.unwrap_or(usize::MAX)) {
        result.push_back(match &projection {
            None => document,
            Some(projection) => {
                let position = match projection.needs_position() {
                    true => scan.matcher().matches_at(&document)?.1,
                    false => None,
                };
                projection.apply(&document, position)?
            }
        });
    }
    Ok(Source::Found(result))
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
