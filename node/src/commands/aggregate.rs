//! `aggregate`.

use std::collections::VecDeque;

use bson::{Bson, Document, doc};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, Source as CursorSource, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::hint::{check_hint, key_pattern};
use super::lookup::is_output;
use super::scan::Scan;
use super::stats::collection_stats;
use crate::query::aggregate::{Pipeline, Source, StageContext, stage_parts};
use crate::query::expression::Variables;
use crate::query::{QueryError, QueryResult};
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
    refuse_unsupported(&stages)?;
    if whole_database {
        check_needs_no_collection(&stages)?;
    }
    check_hint(access.store, access.at, &ns, arguments.get("hint"))?;
    let variables = arguments.variables()?;
    let input = input(access, &ns, &mut stages, whole_database, &variables)?;
    let seed = u64::try_from(bson::DateTime::now().timestamp_millis()).unwrap_or(0);
    let mut pipeline = Pipeline::parse(&stages, &StageContext { variables, seed })?;
    let mut input = Input {
        access,
        ns: &ns,
        documents: input.into(),
    };
    let found = pipeline.run(&mut input)?;
    let mut source = CursorSource::Found(found.into());
    let (documents, exhausted) = fill(access, &mut source, access.at, batch.unwrap_or(FIRST_BATCH))?;
    let id = if exhausted {
        0
    } else {
        access.cursors.open(ns.clone(), source, access.reading)
    };
    Ok(first_batch(id, &ns, documents))
}

/// What goes into the pipeline; stages that were answered here are taken off its front.
fn input(
    access: &mut ReadAccess<'_>,
    ns: &str,
    stages: &mut Vec<Bson>,
    whole_database: bool,
    variables: &Variables,
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
        Some(("$indexStats", _)) => {
            stages.remove(0);
            index_stats(access, ns)
        }
        Some(("$currentOp" | "$listLocalSessions", _)) => {
            stages.remove(0);
            Ok(Vec::new())
        }
        Some(("$match", _)) if !whole_database => scan(access, ns, &first_match(stages)?, variables),
        _ if whole_database => Ok(Vec::new()),
        Some(("$documents", _)) => Ok(Vec::new()),
        _ => scan(access, ns, &Document::new(), variables),
    }
}

/// Takes a `$match` off the front: the first filter finds its documents by an index where it can.
pub(super) fn first_match(stages: &mut Vec<Bson>) -> Result<Document, CommandError> {
    let first = stages.first().and_then(Bson::as_document);
    let Some(filter) = first.and_then(|stage| stage.get("$match")) else {
        return Ok(Document::new());
    };
    let filter = filter
        .as_document()
        .cloned()
        .ok_or_else(|| CommandError::new(15959, "the match filter must be an expression in an object"))?;
    stages.remove(0);
    Ok(filter)
}

/// `aggregate: 1` is for stages that bring their own documents.
fn check_needs_no_collection(stages: &[Bson]) -> Result<(), CommandError> {
    let first = stages.first().map(stage_parts).transpose()?.map(|(name, _)| name);
    if matches!(first, Some("$documents" | "$currentOp" | "$listLocalSessions")) {
        return Ok(());
    }
    let first = first.unwrap_or("an empty pipeline");
    Err(CommandError::new(
        73,
        format!("{{aggregate: 1}} is not valid for '{first}'; a collection is required."),
    ))
}

/// Stages that need what this server has not.
pub(super) fn refuse_unsupported(stages: &[Bson]) -> Result<(), CommandError> {
    for stage in stages {
        let (name, _) = stage_parts(stage)?;
        if is_output(stage) {
            let text = format!("{name} can only be the final stage in the pipeline");
            return Err(CommandError::new(40601, text));
        }
        if name == "$listSearchIndexes" {
            return Err(super::search_indexes::unavailable());
        }
        if name == "$changeStream" {
            return Err(CommandError::new(
                115,
                format!("the stage {name} is not supported"),
            ));
        }
    }
    Ok(())
}

fn index_stats(access: &ReadAccess<'_>, ns: &str) -> Result<Vec<Document>, CommandError> {
    let Some(collection) = access.store.collection(ns, access.at)? else {
        return Ok(Vec::new());
    };
    let row = |name: &str, key: Document| {
        let specification = doc! { "v": 2, "key": key.clone(), "name": name };
        let accesses = doc! { "ops": 0_i64, "since": bson::DateTime::now() };
        doc! { "name": name, "key": key, "host": &access.facts.host, "accesses": accesses, "spec": specification }
    };
    let mut rows = vec![row("_id_", doc! { "_id": 1 })];
    rows.extend(
        collection
            .indexes
            .iter()
            .map(|index| row(&index.spec.name, key_pattern(&index.spec))),
    );
    Ok(rows)
}

/// The documents of a pipeline, and the collections it may look into.
struct Input<'a, 'b> {
    access: &'a ReadAccess<'b>,
    ns: &'a str,
    documents: VecDeque<Document>,
}

impl Source for Input<'_, '_> {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        Ok(self.documents.pop_front())
    }

    fn foreign(&mut self, collection: &str) -> QueryResult<Vec<Document>> {
        let database = self.ns.split('.').next().unwrap_or(self.ns);
        scan(
            self.access,
            &format!("{database}.{collection}"),
            &Document::new(),
            &Variables::new(),
        )
        .map_err(|error| QueryError::new(error.code, error.message))
    }
}

fn scan(
    access: &ReadAccess<'_>,
    ns: &str,
    filter: &Document,
    variables: &Variables,
) -> Result<Vec<Document>, CommandError> {
    let mut scan = Scan::on(access, ns, filter, variables)?;
    let mut found = Vec::new();
    while let Some((_, document)) = scan.next(access.store, access.at)? {
        found.push(document);
    }
    Ok(found)
}
