//! `explain`: how a command would find its documents.

use std::time::Instant;

use bson::{Bson, Document, doc};

use super::access::{KEY_INDEX, Path, Plan};
use super::arguments::{Arguments, namespace, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use super::hint::{key_pattern, read_hint};
use super::running::Front;
use super::scan::Scan;
use crate::storage::store::{Collection, Order};
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
    let asked = Asked::of(name, &explained)?;
    let variables = arguments.variables()?;
    let hint = read_hint(access.store, access.at, &ns, explained.get("hint"))?;
    let mut scan = Scan::on(access, &ns, &asked.filter, &variables)?
        .hinted(hint)
        .sorted(&asked.sort)?
        .shaped(asked.skip, asked.limit, None);
    let found = access.store.collection(&ns, access.at)?;
    let plan = match found.as_deref() {
        None => doc! { "stage": "EOF" },
        Some(found) => asked.shape(describe(&scan.plan(access.store, access.at)?, found, &asked)),
    };
    let mut reply = doc! {
        "explainVersion": "1",
        "queryPlanner": {
            "namespace": &ns,
            "parsedQuery": asked.filter.clone(),
            "indexFilterSet": false,
            "winningPlan": plan.clone(),
            "rejectedPlans": [],
        },
    };
    if verbosity != "queryPlanner" {
        let begun = Instant::now();
        let mut returned = 0_i64;
        while scan.next(access.store, access.at)?.is_some() {
            returned += 1;
        }
        reply.insert(
            "executionStats",
            doc! {
                "executionSuccess": true,
                "nReturned": returned,
                "executionTimeMillis": i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX),
                "totalKeysExamined": scan.keys_examined(),
                "totalDocsExamined": scan.examined(),
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

/// What the explained command asks of the collection.
#[derive(Default)]
struct Asked {
    filter: Document,
    sort: Document,
    skip: usize,
    limit: Option<usize>,
    projects: bool,
}

impl Asked {
    fn of(name: &str, explained: &Document) -> Result<Self, CommandError> {
        let document = |key: &str| explained.get_document(key).cloned().unwrap_or_default();
        let count = |key: &str| {
            explained
                .get(key)
                .and_then(number)
                .and_then(|count| usize::try_from(count).ok())
        };
        let statement = |list: &str| match explained.get(list) {
            Some(Bson::Array(statements)) => statements.first().and_then(Bson::as_document),
            _ => None,
        };
        let of_statement = |list: &str| Self {
            filter: statement(list)
                .and_then(|statement| statement.get_document("q").ok().cloned())
                .unwrap_or_default(),
            ..Self::default()
        };
        Ok(match name {
            "find" => Self {
                filter: document("filter"),
                sort: document("sort"),
                skip: count("skip").unwrap_or(0),
                limit: count("limit").filter(|limit| *limit > 0),
                projects: !document("projection").is_empty(),
            },
            "findAndModify" | "findandmodify" => Self {
                filter: document("query"),
                sort: document("sort"),
                limit: Some(1),
                ..Self::default()
            },
            "count" | "distinct" => Self {
                filter: document("query"),
                ..Self::default()
            },
            "update" => of_statement("updates"),
            "delete" => of_statement("deletes"),
            "aggregate" => {
                let mut stages = explained.get_array("pipeline").cloned().unwrap_or_default();
                let front = Front::take(&mut stages)?;
                Self {
                    filter: front.filter,
                    sort: front.sort,
                    limit: front.limit,
                    ..Self::default()
                }
            }
            unknown => {
                let text = format!("Explain failed due to unknown command: {unknown}");
                return Err(CommandError::new(59, text));
            }
        })
    }

    /// The stages above those that find and sort.
    fn shape(&self, mut plan: Document) -> Document {
        if self.skip > 0 {
            let skip = i64::try_from(self.skip).unwrap_or(i64::MAX);
            plan = doc! { "stage": "SKIP", "skipAmount": skip, "inputStage": plan };
        }
        if self.projects {
            plan = doc! { "stage": "PROJECTION_DEFAULT", "inputStage": plan };
        }
        let sorts_in_memory = matches!(plan.get_str("stage"), Ok("SORT"));
        match self.limit.and_then(|limit| i64::try_from(limit).ok()) {
            Some(limit) if !sorts_in_memory => {
                doc! { "stage": "LIMIT", "limitAmount": limit, "inputStage": plan }
            }
            _ => plan,
        }
    }
}

fn describe(plan: &Plan, collection: &Collection, asked: &Asked) -> Document {
    let filter = asked.filter.clone();
    let direction = direction(plan);
    let found = match &plan.path {
        Path::Keys(_) if plan.bounds.is_empty() => {
            doc! { "stage": "COLLSCAN", "filter": filter, "direction": direction }
        }
        Path::Ids(ids) if ids.len() == 1 && asked.filter.len() == 1 => doc! { "stage": "IDHACK" },
        Path::Either(plans) => {
            let scans: Vec<Document> = plans.iter().map(|plan| describe_scan(plan, collection)).collect();
            let all = doc! { "stage": "OR", "inputStages": scans };
            doc! { "stage": "FETCH", "filter": filter, "inputStage": all }
        }
        Path::Ids(_) | Path::Keys(_) | Path::Index(..) => {
            doc! { "stage": "FETCH", "filter": filter, "inputStage": describe_scan(plan, collection) }
        }
    };
    if plan.sorts || asked.sort.is_empty() {
        return found;
    }
    let mut sort = doc! { "stage": "SORT", "sortPattern": asked.sort.clone(), "type": "simple" };
    let wanted = asked.limit.map(|limit| limit.saturating_add(asked.skip));
    if let Some(wanted) = wanted.and_then(|wanted| i64::try_from(wanted).ok()) {
        sort.insert("limitAmount", wanted);
    }
    sort.insert("inputStage", found);
    sort
}

/// The part that reads an index.
fn describe_scan(plan: &Plan, collection: &Collection) -> Document {
    let index = match &plan.path {
        Path::Index(name, _) => collection.index(name),
        Path::Ids(_) | Path::Keys(_) | Path::Either(_) => None,
    };
    let bounds = plan.bounds.iter().map(|field| {
        let texts = field.texts(plan.order == Order::Backward);
        (field.path.clone(), Bson::from(texts))
    });
    let bounds: Document = bounds.collect();
    let (name, key, is_unique) = match index {
        Some(index) => (
            index.spec.name.as_str(),
            key_pattern(&index.spec),
            index.spec.is_unique,
        ),
        None => (KEY_INDEX, doc! { "_id": 1 }, true),
    };
    doc! {
        "stage": "IXSCAN", "keyPattern": key, "indexName": name, "isUnique": is_unique, "direction": direction(plan),
        "indexBounds": bounds,
    }
}

fn direction(plan: &Plan) -> &'static str {
    match plan.order {
        Order::Backward => "backward",
        Order::Forward => "forward",
    }
}
