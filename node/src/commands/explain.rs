//! `explain`: how a command would find its documents.

use bson::{Bson, Document, doc};

use super::access::{self, Path};
use super::arguments::{Arguments, namespace};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use super::hint::key_pattern;
use super::scan::Scan;
use crate::query::matcher::Matcher;
use crate::storage::store::{Collection, KeyRange};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["explain"],
    access: Access::Read(run),
    scope: Scope::Any,
};

const VERBOSITIES: [&str; 3] = ["queryPlanner", "executionStats", "allPlansExecution"];

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["verbosity"])?;
    let explained = arguments.document("explain")?;
    let verbosity = arguments
        .get("verbosity")
        .and_then(Bson::as_str)
        .unwrap_or("allPlansExecution");
    if !VERBOSITIES.contains(&verbosity) {
        let text =
            format!("Enumeration value '{verbosity}' for field 'explain.verbosity' is not a valid value.");
        return Err(CommandError::new(2, text));
    }
    let Some((name, Bson::String(collection))) = explained.iter().next() else {
        return Err(CommandError::new(59, "Explain failed due to unknown command"));
    };
    let ns = namespace(arguments.database(), collection)?;
    let filter = filter_of(name, &explained)?;
    let matcher = Matcher::compile(&filter, &arguments.variables()?)?;
    let found = access.store.collection(&ns, access.at)?;
    let path = access::choose(&matcher.root, found.as_deref());
    let plan = describe(&path, found.as_deref(), &filter);
    let mut reply = doc! {
        "explainVersion": "1",
        "queryPlanner": {
            "namespace": &ns,
            "parsedQuery": filter.clone(),
            "indexFilterSet": false,
            "winningPlan": plan.clone(),
            "rejectedPlans": [],
        },
    };
    if verbosity != "queryPlanner" {
        let mut scan = Scan::new(&ns, &filter, &arguments.variables()?)?;
        let mut returned = 0_i64;
        while scan.next(access.store, access.at)?.is_some() {
            returned += 1;
        }
        let examined = scan.examined();
        let uses_index = !matches!(plan.get_str("stage"), Ok("COLLSCAN" | "EOF"));
        reply.insert(
            "executionStats",
            doc! {
                "executionSuccess": true,
                "nReturned": returned,
                "executionTimeMillis": 0,
                "totalKeysExamined": if uses_index { examined } else { 0 },
                "totalDocsExamined": examined,
                "executionStages": plan,
            },
        );
    }
    reply.insert("command", explained);
    reply.insert(
        "serverInfo",
        doc! { "host": &access.facts.host, "version": crate::VERSION },
    );
    reply.insert("ok", 1.0);
    Ok(reply)
}

fn filter_of(name: &str, explained: &Document) -> Result<Document, CommandError> {
    let first = |list: &str| match explained.get(list) {
        Some(Bson::Array(statements)) => statements.first().and_then(Bson::as_document),
        _ => None,
    };
    let filter = match name {
        "find" => explained.get("filter"),
        "count" | "distinct" | "findAndModify" | "findandmodify" => explained.get("query"),
        "update" => first("updates").and_then(|statement| statement.get("q")),
        "delete" => first("deletes").and_then(|statement| statement.get("q")),
        "aggregate" => first("pipeline").and_then(|stage| stage.get("$match")),
        unknown => {
            let text = format!("Explain failed due to unknown command: {unknown}");
            return Err(CommandError::new(59, text));
        }
    };
    Ok(filter.and_then(Bson::as_document).cloned().unwrap_or_default())
}

fn describe(path: &Path, collection: Option<&Collection>, filter: &Document) -> Document {
    let is_everything = |ranges: &[KeyRange]| {
        use std::ops::Bound::Unbounded;
        matches!(
            ranges,
            [KeyRange {
                lower: Unbounded,
                upper: Unbounded,
                ..
            }]
        )
    };
    let fetch = |name: &str, key: Document| {
        doc! {
            "stage": "FETCH",
            "filter": filter.clone(),
            "inputStage": { "stage": "IXSCAN", "keyPattern": key, "indexName": name, "direction": "forward" },
        }
    };
    match (path, collection) {
        (_, None) => doc! { "stage": "EOF" },
        (Path::Keys(ranges), _) if is_everything(ranges) => {
            doc! { "stage": "COLLSCAN", "filter": filter.clone(), "direction": "forward" }
        }
        (Path::Ids(ids), _) if ids.len() == 1 && filter.len() == 1 => doc! { "stage": "IDHACK" },
        (Path::Ids(_) | Path::Keys(_), _) => fetch("_id_", doc! { "_id": 1 }),
        (Path::Index(name, _), Some(collection)) => fetch(
            name,
            collection
                .index(name)
                .map(|index| key_pattern(&index.spec))
                .unwrap_or_default(),
        ),
    }
}
