//! `getMore`.

use bson::{Bson, Document, Timestamp};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{OplogTail, REPLY_BYTES_MAX, Reading, Source, next_batch};
use super::error::CommandError;
use super::scan::tree;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["getMore"],
    access: Access::Read(run),
    scope: Scope::Any,
};

/// Oplog entries read at a time.
const OPLOG_PAGE: usize = 1000;

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(
        request,
        &["collection", "batchSize", "term", "lastKnownCommittedOpTime"],
    )?;
    let id = match request.body.get("getMore") {
        Ok(Some(bson::RawBsonRef::Int64(id))) => id,
        _ => {
            return Err(CommandError::new(
                14,
                "BSON field 'getMore.getMore' is the wrong type, expected type 'long'",
            ));
        }
    };
    let collection = match arguments.get("collection") {
        Some(Bson::String(collection)) => collection,
        _ => {
            return Err(CommandError::new(
                14,
                "BSON field 'getMore.collection' must be a string",
            ));
        }
    };
    let ns = format!("{}.{collection}", arguments.database());
    let batch = arguments
        .count_cut("batchSize")?
        .filter(|batch| *batch > 0)
        .unwrap_or(usize::MAX);
    let mut cursor = access.cursors.take(id, &ns)?;
    let at = match cursor.reading {
        Reading::Latest => ReadAt::Latest,
        Reading::Committed => access.committed,
        Reading::Snapshot(point) => ReadAt::At(point),
    };
    let (documents, exhausted) = fill(access, &mut cursor.source, at, batch)?;
    if !exhausted {
        access.cursors.put_back(id, cursor);
    }
    Ok(next_batch(if exhausted { 0 } else { id }, &ns, documents))
}

/// The next documents of a source, at most `batch` and about a reply's worth of bytes; and whether it is at its
/// end for good.
pub(super) fn fill(
    access: &mut ReadAccess<'_>,
    source: &mut Source,
    at: ReadAt,
    batch: usize,
) -> Result<(Vec<Document>, bool), CommandError> {
    let mut found = Vec::new();
    let mut bytes = 0;
    loop {
        if found.len() >= batch {
            // What is known to be at its end needs no further batch to say so.
            let at_end = match source {
                Source::Found(rest) => rest.is_empty(),
                Source::Scan(scan) => scan.is_done(),
                Source::Pipeline(_) | Source::Oplog(_) => false,
            };
            return Ok((found, at_end));
        }
        let next = match source {
            Source::Found(rest) => rest.pop_front().map(|document| (Vec::new(), document)),
            Source::Scan(scan) => scan.next(access.store, at)?,
            Source::Pipeline(running) => running
                .next(access.store, at)?
                .map(|document| (Vec::new(), document)),
            Source::Oplog(tail) => return fill_from_oplog(access, tail, batch),
        };
        let Some((key, document)) = next else {
            return Ok((found, true));
        };
        bytes += match source {
            Source::Scan(scan) if scan.gives_whole() => scan.last_bytes(),
            _ => super::scan::raw(&document)?.as_bytes().len(),
        };
        if bytes > REPLY_BYTES_MAX && !found.is_empty() {
            match source {
                Source::Found(rest) => rest.push_front(document),
                Source::Scan(scan) => scan.put_back(key, document),
                Source::Pipeline(running) => running.put_back(document),
                Source::Oplog(_) => {}
            }
            return Ok((found, false));
        }
        found.push(document);
    }
}

fn fill_from_oplog(
    access: &mut ReadAccess<'_>,
    tail: &mut OplogTail,
    batch: usize,
) -> Result<(Vec<Document>, bool), CommandError> {
    if tail.placed && access.oplog.dropped().is_some_and(|dropped| dropped >= tail.from) {
        let text = format!(
            "CollectionScan died due to position in capped collection being deleted. Last seen record id: {}",
            tail.from
        );
        return Err(CommandError::new(136, text));
    }
    let mut found = Vec::new();
    let mut bytes = 0;
    loop {
        let entries = access.oplog.entries_from(tail.from, OPLOG_PAGE)?;
        let last_page = entries.len() < OPLOG_PAGE;
        for entry in entries {
            let document = tree(&entry)?;
            if found.len() >= batch || (bytes + entry.len() > REPLY_BYTES_MAX && !found.is_empty()) {
                return Ok((found, false));
            }
            if let Ok(ts) = document.get_timestamp("ts") {
                tail.placed = true;
                tail.from = Timestamp {
                    time: ts.time,
                    increment: ts.increment.saturating_add(1),
                };
            }
            if tail.matcher.matches(&document)? {
                bytes += entry.len();
                found.push(document);
            }
        }
        if last_page {
            return Ok((found, !tail.tailable));
        }
    }
}
