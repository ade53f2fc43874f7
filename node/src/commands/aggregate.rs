//! `aggregate`.

use bson::{Bson, Document, doc};

use super::access::Hint;
use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::{FIRST_BATCH, Source as CursorSource, first_batch};
use super::error::CommandError;
use super::get_more::fill;
use super::hint::{key_pattern, read_hint};
use super::lookup::is_output;
use super::running::{Front, Input, Running};
use super::scan::Scan;
use super::stats::collection_stats;
use crate::query::aggregate::stage_parts;
use crate::query::expression::Variables;
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
    if let Some(unknown) = cursor.keys().find(|key| *key != "batchSize") {
        let text = format!("BSON field 'aggregate.cursor.{unknown}' is an unknown field.");
        return Err(CommandError::new(40415, text));
    }
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
    let hint = read_hint(access.store, access.at, &ns, arguments.get("hint"))?;
    let variables = arguments.variables()?;
    let input = input(access, &ns, &mut stages, whole_database, hint, &variables)?;
    let running = Running::new(&ns, input, &stages, variables, Some(access.facts))?;
    let mut source = CursorSource::Pipeline(Box::new(running));
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
    hint: Hint,
    variables: &Variables,
) -> Result<Input, CommandError> {
    let at_hand = |documents: Vec<Document>| Ok(Input::Documents(documents.into()));
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
            at_hand(vec![stats])
        }
        Some(("$indexStats", _)) => {
            stages.remove(0);
            at_hand(index_stats(access, ns)?)
        }
        Some(("$currentOp" | "$listLocalSessions", _)) => {
            stages.remove(0);
            at_hand(Vec::new())
        }
        _ if whole_database => at_hand(Vec::new()),
        Some(("$documents", _)) => at_hand(Vec::new()),
        _ => {
            let front = Front::take(stages)?;
            let scan = Scan::on(access, ns, &front.filter, variables)?;
            Ok(Input::Scan(Box::new(front.scan(scan, hint)?)))
        }
    }
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
