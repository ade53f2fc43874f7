//! `aggregate`.

use bson::{Bson, Document};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, Source as CursorSource, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::scan::Scan;
use super::stats::collection_stats;
use crate::query::aggregate::{FromVec, Pipeline, StageContext};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["aggregate"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["pipeline", "cursor", "explain"])?;
    let whole_database = request
        .body
        .get("aggregate")
        .ok()
        .flatten()
        .is_some_and(|value| value.as_str().is_none());
    let ns = if whole_database {
        format!("{}.$cmd.aggregate", arguments.database())
    } else {
        arguments.namespace()?
    };
    let Some(Bson::Document(cursor)) = arguments.get("cursor") else {
        return Err(CommandError::new(
            9,
            "The 'cursor' option is required, except for aggregate with the explain argument",
        ));
    };
    let batch = cursor
        .get("batchSize")
        .and_then(number)
        .and_then(|size| usize::try_from(size).ok());
    let mut stages: Vec<Bson> = arguments
        .documents("pipeline")?
        .into_iter()
        .map(Bson::Document)
        .collect();
    let input = input(access, &ns, &mut stages, whole_database)?;
    let mut pipeline = Pipeline::parse(&stages, &StageContext::default())?;
    let found = pipeline.run(&mut FromVec::new(input))?;
    let mut source = CursorSource::Found(found.into());
    let (documents, exhausted) = fill(access, &mut source, access.at, batch.unwrap_or(FIRST_BATCH))?;
    let id = if exhausted {
        0
    } else {
        access.cursors.open(ns.clone(), source, access.majority)
    };
    Ok(first_batch(id, &ns, documents))
}

/// What goes into the pipeline; stages that were answered here are taken off its front.
fn input(
    access: &mut ReadAccess<'_>,
    ns: &str,
    stages: &mut Vec<Bson>,
    whole_database: bool,
) -> Result<Vec<Document>, CommandError> {
    let first = stages
        .first()
        .and_then(Bson::as_document)
        .and_then(|stage| stage.iter().next());
    match first.map(|(name, argument)| (name.as_str(), argument.clone())) {
        Some(("$collStats", argument)) => {
            let scale = argument
                .as_document()
                .and_then(|options| options.get_document("storageStats").ok());
            let scale = scale
                .and_then(|options| options.get("scale"))
                .and_then(number)
                .unwrap_or(1);
            stages.remove(0);
            let mut stats =
                bson::doc! { "ns": ns, "host": &access.facts.host, "localTime": bson::DateTime::now() };
            stats.insert("storageStats", collection_stats(access, ns, scale)?);
            stats.insert("count", access.store.counts(ns, access.at)?.objects);
            Ok(vec![stats])
        }
        Some(("$currentOp" | "$listLocalSessions", _)) => {
            stages.remove(0);
            Ok(Vec::new())
        }
        Some(("$match", filter)) if !whole_database => {
            // The first filter finds its documents by `_id` where it can.
            let filter = filter.as_document().cloned();
            let filter = filter.ok_or_else(|| {
                CommandError::new(15959, "the match filter must be an expression in an object")
            })?;
            stages.remove(0);
            scan(access, ns, &filter)
        }
        _ if whole_database => Ok(Vec::new()),
        _ => scan(access, ns, &Document::new()),
    }
}

fn scan(access: &ReadAccess<'_>, ns: &str, filter: &Document) -> Result<Vec<Document>, CommandError> {
    let mut scan = Scan::new(ns, filter)?;
    let mut found = Vec::new();
    while let Some((_, document)) = scan.next(access.store, access.at)? {
        found.push(document);
    }
    Ok(found)
}
