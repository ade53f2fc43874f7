//! `dbStats` (the ten fields of S3-22, over 64-bit counters), `collStats` and `serverStatus`.

use std::time::Duration;

use bson::{Bson, DateTime, Document, doc};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{CURSOR_IDLE_MAX, CURSORS_MAX};
use super::error::CommandError;
use super::logical_sessions::SESSION_IDLE_MAX;
use super::oplog_reader::OPLOG;
use crate::query::aggregate::MEMORY_BYTES_MAX;
use crate::storage::store::Counts;
use crate::wire::{DOCUMENT_BYTES_MAX, MESSAGE_BYTES_MAX, NESTING_DEPTH_MAX, Request, WRITE_BATCH_MAX};

pub(super) const DATABASE: Command = Command {
    names: &["dbStats", "dbstats"],
    access: Access::Read(database),
    scope: Scope::Any,
};

pub(super) const COLLECTION: Command = Command {
    names: &["collStats", "collstats"],
    access: Access::Read(collection),
    scope: Scope::Any,
};

pub(super) const SERVER: Command = Command {
    names: &["serverStatus"],
    access: Access::Nothing(server),
    scope: Scope::Any,
};

fn database(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["scale", "freeStorage"])?;
    let scale = scale(&arguments)?;
    let prefix = format!("{}.", arguments.database());
    let (mut collections, mut indexes) = (0_i64, 0_i64);
    let (mut data, mut index_bytes) = (Counts::default(), 0_i64);
    for (ns, found) in access.store.collections(access.at)? {
        if !ns.starts_with(&prefix) {
            continue;
        }
        collections += 1;
        data += access.store.counts(&ns, access.at)?;
        // The collection itself is the index on _id.
        indexes += 1 + i64::try_from(found.indexes.len()).unwrap_or(i64::MAX);
        for index in &found.indexes {
            index_bytes += access.store.index_counts(&ns, &index.spec.name, access.at)?.bytes;
        }
    }
    Ok(doc! {
        "db": arguments.database(),
        "collections": collections,
        "views": 0_i64,
        "objects": data.objects,
        "avgObjSize": average(data),
        "dataSize": scaled(data.bytes, scale),
        "storageSize": scaled(data.bytes, scale),
        "numExtents": 0_i64,
        "indexes": indexes,
        "indexSize": scaled(index_bytes, scale),
        "totalSize": scaled(data.bytes + index_bytes, scale),
        "scaleFactor": scale,
        "ok": 1.0,
    })
}

fn collection(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["scale"])?;
    let ns = arguments.namespace()?;
    let mut reply = doc! { "ns": &ns };
    reply.extend(collection_stats(access, &ns, scale(&arguments)?)?);
    reply.insert("ok", 1.0);
    Ok(reply)
}

/// `storageStats` of a collection.
pub(super) fn collection_stats(
    access: &mut ReadAccess<'_>,
    ns: &str,
    scale: i64,
) -> Result<Document, CommandError> {
    if ns == OPLOG {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX) / scale.max(1);
        return Ok(doc! {
            "size": bytes(access.facts.oplog_bytes), "storageSize": bytes(access.facts.oplog_bytes),
            "capped": true, "maxSize": bytes(access.facts.oplog_cap_bytes), "nindexes": 0, "scaleFactor": scale,
        });
    }
    let data = access.store.counts(ns, access.at)?;
    let mut sizes = Document::new();
    let mut total = 0;
    sizes.insert("_id_", 0_i64);
    if let Some(found) = access.store.collection(ns, access.at)? {
        for index in &found.indexes {
            let bytes = access.store.index_counts(ns, &index.spec.name, access.at)?.bytes;
            total += bytes;
            sizes.insert(index.spec.name.clone(), scaled(bytes, scale));
        }
    }
    Ok(doc! {
        "size": scaled(data.bytes, scale),
        "count": data.objects,
        "avgObjSize": average(data),
        "storageSize": scaled(data.bytes, scale),
        "capped": false,
        "nindexes": i32::try_from(sizes.len()).unwrap_or(i32::MAX),
        "indexSizes": sizes,
        "totalIndexSize": scaled(total, scale),
        "totalSize": scaled(data.bytes + total, scale),
        "scaleFactor": scale,
    })
}

fn server(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let facts = access.facts;
    let _ = request;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let secs = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let uptime = i64::try_from(facts.uptime_secs).unwrap_or(i64::MAX);
    Ok(doc! {
        "host": &facts.host,
        "version": crate::VERSION,
        "process": "node",
        "pid": i64::from(std::process::id()),
        "uptime": uptime,
        "uptimeMillis": uptime.saturating_mul(1000),
        "localTime": DateTime::now(),
        "connections": {
            "current": facts.connections,
            "available": facts.connections_available,
            "totalCreated": facts.connections_created,
        },
        "mem": { "resident": resident_mb(), "bits": 64, "supported": true },
        "metrics": { "cursor": {
            "timedOut": access.cursors.tally.timed_out,
            "crowdedOut": access.cursors.tally.crowded_out,
            "totalOpened": access.cursors.tally.opened,
            "open": { "noTimeout": count(access.cursors.staying()), "pinned": 0_i64, "total": count(access.cursors.len()) },
        } },
        "logicalSessionRecordCache": { "activeSessionsCount": count(access.sessions.len()) },
        "limits": {
            "connections": i64::from(facts.connections) + i64::from(facts.connections_available),
            "cursors": count(CURSORS_MAX),
            "cursorIdleSecs": secs(CURSOR_IDLE_MAX),
            "sessions": count(access.sessions.max()),
            "sessionIdleSecs": secs(SESSION_IDLE_MAX),
            "documentBytes": count(DOCUMENT_BYTES_MAX),
            "messageBytes": count(MESSAGE_BYTES_MAX),
            "nestingDepth": count(NESTING_DEPTH_MAX),
            "writeBatch": count(WRITE_BATCH_MAX),
            "stageBytes": count(MEMORY_BYTES_MAX),
        },
        "opcounters": facts.traffic.counters.to_document(),
        "network": {
            "numRequests": facts.traffic.requests,
        },
        "repl": Bson::Document(facts.hello.clone()),
        "storageEngine": { "name": "fjall", "persistent": true },
        "overlayBytes": i64::try_from(access.store.overlay_bytes()).unwrap_or(i64::MAX),
        "ok": 1.0,
    })
}

/// Memory of this process in megabytes, 0 where the system does not tell.
fn resident_mb() -> i32 {
    const PAGE_BYTES: u64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .unwrap_or(0);
    i32::try_from((pages * PAGE_BYTES) >> 20).unwrap_or(i32::MAX)
}

fn scale(arguments: &Arguments) -> Result<i64, CommandError> {
    match arguments.get("scale").map(number) {
        None => Ok(1),
        Some(Some(scale)) if scale > 0 => Ok(scale),
        _ => Err(CommandError::new(2, "scale has to be a number greater than 0")),
    }
}

fn scaled(bytes: i64, scale: i64) -> i64 {
    bytes / scale.max(1)
}

#[expect(clippy::cast_precision_loss, reason = "an average")]
fn average(counts: Counts) -> f64 {
    if counts.objects == 0 {
        0.0
    } else {
        counts.bytes as f64 / counts.objects as f64
    }
}
