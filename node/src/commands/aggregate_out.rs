//! `aggregate` with `$out` or `$merge` at its end: what comes out of the pipeline becomes a collection, or goes into
//! one.

use std::collections::VecDeque;

use bson::{Bson, Document, RawDocumentBuf, doc};

use super::access::Hint;
use super::aggregate::refuse_unsupported;
use super::arguments::{Arguments, namespace};
use super::collections::{check_writable, creation};
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::cursors::first_batch;
use super::error::CommandError;
use super::hint::read_hint;
use super::insert::with_id;
use super::merge::Merge;
use super::running::{Front, Input, Running};
use super::scan::{Scan, raw, tree};
use super::write_batch::check_unique;
use crate::query::aggregate::stage_parts;
use crate::query::expression::Variables;
use crate::storage::store::{ReadAt, Store};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["aggregate"],
    access: Access::Write(run),
    scope: Scope::Any,
};

/// Documents of one entry batch while a collection is filled.
const BATCH: usize = 1000;

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["pipeline", "cursor", "explain"])?;
    if !matches!(arguments.get("cursor"), Some(Bson::Document(_))) {
        return Err(CommandError::new(
            9,
            "The 'cursor' option is required, except for aggregate with the explain argument",
        ));
    }
    let mut stages: Vec<Bson> = arguments
        .documents("pipeline")?
        .into_iter()
        .map(Bson::Document)
        .collect();
    let output = stages.pop().unwrap_or(Bson::Null);
    refuse_unsupported(&stages)?;
    let collection = arguments.get("aggregate").and_then(Bson::as_str);
    let ns = match collection {
        Some(_) => arguments.namespace()?,
        None => format!("{}.$cmd.aggregate", arguments.database()),
    };
    let variables = arguments.variables()?;
    let hint = read_hint(access.store(), ReadAt::Latest, &ns, arguments.get("hint"))?;
    let (name, specification) = stage_parts(&output)?;
    let is_out = name == "$out";
    let target = target(arguments.database(), specification, is_out)?;
    check_writable(&target)?;
    let documents = documents(
        access.store(),
        &ns,
        collection.is_some(),
        stages,
        (hint, &variables),
    )?;
    if is_out {
        replace_collection(access, &target, &documents)?;
    } else {
        let merge = Merge::parse(specification, &target, &variables)?;
        merge.check_index(access.store())?;
        for document in documents {
            merge.one(access, document)?;
        }
    }
    Ok(first_batch(0, &ns, Vec::new()))
}

/// `database.collection` that a stage writes to.
fn target(database: &str, specification: &Bson, is_out: bool) -> Result<String, CommandError> {
    let place = match specification {
        Bson::Document(specification) if !is_out => specification.get("into"),
        other => Some(other),
    };
    match place {
        Some(Bson::String(collection)) => namespace(database, collection),
        Some(Bson::Document(place)) => {
            let collection = place.get_str("coll").unwrap_or_default();
            namespace(place.get_str("db").unwrap_or(database), collection)
        }
        _ => Err(CommandError::new(
            16990,
            "$out and $merge take a collection's name, or a document with db and coll",
        )),
    }
}

fn documents(
    store: &Store,
    ns: &str,
    has_collection: bool,
    mut stages: Vec<Bson>,
    (hint, variables): (Hint, &Variables),
) -> Result<Vec<Document>, CommandError> {
    let first = stages.first().map(stage_parts).transpose()?.map(|(name, _)| name);
    let brings_its_own = matches!(first, Some("$documents" | "$listLocalSessions" | "$currentOp"));
    let input = if has_collection {
        let front = Front::take(&mut stages)?;
        let scan = Scan::new(ns, &front.filter, variables)?;
        Input::Scan(Box::new(front.scan(scan, hint)?))
    } else if !brings_its_own {
        return Err(CommandError::new(
            73,
            "{aggregate: 1} needs a stage that brings documents",
        ));
    } else {
        if first != Some("$documents") {
            stages.remove(0);
        }
        Input::Documents(VecDeque::new())
    };
    let mut running = Running::new(ns, input, &stages, variables.clone(), None)?;
    let mut documents = Vec::new();
    while let Some(document) = running.next(store, ReadAt::Latest)? {
        documents.push(document);
    }
    Ok(documents)
}

/// `$out`: a new collection with the old one's indexes is filled, then takes its place at once.
fn replace_collection(
    access: &mut dyn WriteAccess,
    target: &str,
    documents: &[Document],
) -> Result<(), CommandError> {
    let (database, collection) = target.split_once('.').unwrap_or((target, ""));
    let temporary = format!("{database}.tmp.agg_out.{}", bson::oid::ObjectId::new());
    let filled = fill(access, target, &temporary, documents);
    let object = match &filled {
        Ok(()) => doc! { "renameCollection": &temporary, "to": format!("{database}.{collection}") },
        Err(_) => doc! { "drop": temporary.split_once('.').map_or("", |(_, name)| name) },
    };
    access.write(0, vec![ddl(database, raw(&object)?)])?;
    filled
}

fn fill(
    access: &mut dyn WriteAccess,
    target: &str,
    temporary: &str,
    documents: &[Document],
) -> Result<(), CommandError> {
    let (database, collection) = temporary.split_once('.').unwrap_or((temporary, ""));
    let mut writes: Vec<WriteOp> = creation(access, temporary)?.into_iter().collect();
    let mut is_unique = false;
    if let Some(old) = access.store().collection(target, ReadAt::Latest)? {
        for index in &old.indexes {
            is_unique |= index.spec.is_unique;
            let mut object = doc! { "createIndexes": collection };
            object.extend(tree(&index.spec.document)?);
            writes.push(ddl(database, raw(&object)?));
        }
    }
    access.write(0, writes)?;
    let mut batch = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for document in documents {
        let document = with_id(&raw(document)?)?;
        // Those of this batch are not in the store yet.
        let key = crate::storage::key::id_key(document.as_bytes())
            .map_err(|error| CommandError::new(2, error.to_string()))?;
        if !ids.insert(key) || is_unique || batch.len() >= BATCH {
            access.write(0, std::mem::take(&mut batch))?;
        }
        check_unique(access, temporary, &document, true)?;
        batch.push(WriteOp::Insert {
            ns: temporary.to_owned(),
            document,
        });
    }
    access.write(0, batch)
}

fn ddl(database: &str, object: RawDocumentBuf) -> WriteOp {
    WriteOp::Ddl {
        database: database.to_owned(),
        object,
    }
}
