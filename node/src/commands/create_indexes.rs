//! `createIndexes`.

use bson::{Document, doc};

use super::arguments::{Arguments, missing, number};
use super::collections::{check_writable, creation};
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::key_pattern;
use super::index_options::check_types;
use super::scan::{Scan, raw};
use crate::query::expression::{Variables, is_truthy};
use crate::storage::index::IndexSpec;
use crate::storage::store::{Collection, ReadAt};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["createIndexes"],
    access: Access::Write(run),
    scope: Scope::Any,
};

/// Indexes of one collection at most.
const INDEXES_MAX: usize = 64;

/// What MongoDB knows of an index, here or not.
const OPTIONS: &[&str] = &[
    "2dsphereIndexVersion",
    "background",
    "bits",
    "bucketSize",
    "clustered",
    "coarsestIndexedLevel",
    "collation",
    "default_language",
    "dropDups",
    "expireAfterSeconds",
    "finestIndexedLevel",
    "hidden",
    "key",
    "language_override",
    "max",
    "min",
    "name",
    "ns",
    "partialFilterExpression",
    "prepareUnique",
    "sparse",
    "storageEngine",
    "textIndexVersion",
    "unique",
    "v",
    "weights",
    "wildcardProjection",
];

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["indexes", "commitQuorum"])?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    let wanted = arguments.documents("indexes")?;
    if wanted.is_empty() {
        return Err(CommandError::new(2, "Must specify at least one index to create"));
    }
    let (database, collection) = ns.split_once('.').unwrap_or((&ns, ""));
    let existing = access.store().collection(&ns, ReadAt::Latest)?;
    let created_collection = existing.is_none();
    let before = existing.as_ref().map_or(0, |found| found.indexes.len()) + 1;
    let mut writes: Vec<WriteOp> = creation(access, &ns)?.into_iter().collect();
    let mut added = 0;
    for index in &wanted {
        let specification = complete(index)?;
        let name = specification.get_str("name").unwrap_or_default().to_owned();
        if specification
            .get_document("key")
            .is_ok_and(|key| key.len() == 1 && key.contains_key("_id"))
        {
            continue;
        }
        if let Some(other) = conflicting(existing.as_deref(), &name, &specification) {
            return Err(other);
        }
        if let Some(found) = existing.as_ref().and_then(|found| found.index(&name)) {
            let same = Document::from_reader(found.spec.document.as_slice())
                .is_ok_and(|old| old.get("key") == specification.get("key"));
            if same {
                continue;
            }
            let text = format!("An existing index has the same name as the requested index: {name}");
            return Err(CommandError::new(86, text));
        }
        if before + added >= INDEXES_MAX {
            return Err(CommandError::new(
                67,
                format!("add index fails, too many indexes for {ns}"),
            ));
        }
        let spec = IndexSpec::parse(raw(&specification)?.as_bytes())
            .map_err(|error| CommandError::new(67, error.to_string()))?;
        check_data(access, &ns, &spec)?;
        let mut object = doc! { "createIndexes": collection };
        object.extend(specification);
        writes.push(WriteOp::Ddl {
            database: database.to_owned(),
            object: raw(&object)?,
        });
        added += 1;
    }
    if !writes.is_empty() {
        access.write(0, writes)?;
    }
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let mut reply = doc! {
        "numIndexesBefore": count(before),
        "numIndexesAfter": count(before + added),
        "createdCollectionAutomatically": created_collection,
    };
    if added == 0 {
        reply.insert("note", "all indexes already exist");
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

/// Why an index of this name and key can't be beside those that are there.
fn conflicting(existing: Option<&Collection>, name: &str, specification: &Document) -> Option<CommandError> {
    for index in existing.map_or(&[][..], |found| found.indexes.as_slice()) {
        let same_key = specification
            .get_document("key")
            .is_ok_and(|key| *key == key_pattern(&index.spec));
        let flag = |option: &str| specification.get(option).is_some_and(is_truthy);
        let same_options = index.spec.is_unique == flag("unique") && index.spec.is_sparse == flag("sparse");
        match (index.spec.name == name, same_key) {
            (true, true) if !same_options => {
                let text = "An equivalent index already exists with the same name but different options";
                return Some(CommandError::new(86, format!("{text}: '{name}'")));
            }
            (false, true) => {
                let text = format!("Index already exists with a different name: {}", index.spec.name);
                return Some(CommandError::new(85, text));
            }
            _ => {}
        }
    }
    None
}

fn complete(index: &Document) -> Result<Document, CommandError> {
    check_types(index)?;
    let Ok(key) = index.get_document("key") else {
        return Err(missing("createIndexes", "indexes.key"));
    };
    for (field, direction) in key {
        if number(direction).is_none_or(|direction| direction == 0) {
            let text = format!(
                "Values in the index key pattern must be numbers other than 0; '{field}' has {direction}"
            );
            return Err(CommandError::new(67, text));
        }
    }
    if index.get("name").is_none_or(|name| name.as_str().is_none()) {
        let text = format!("The 'name' field is a required property of an index specification: {index}");
        return Err(CommandError::new(9, text));
    }
    if let Some(unknown) = index.keys().find(|option| !OPTIONS.contains(&option.as_str())) {
        let text =
            format!("The field '{unknown}' is not valid for an index specification. Specification: {index}");
        return Err(CommandError::new(197, text));
    }
    for unsupported in [
        "partialFilterExpression",
        "expireAfterSeconds",
        "collation",
        "wildcardProjection",
        "weights",
    ] {
        if index.contains_key(unsupported) {
            return Err(CommandError::new(
                67,
                format!("indexes with '{unsupported}' are not supported"),
            ));
        }
    }
    let mut specification = doc! { "v": 2 };
    specification.insert("key", key.clone());
    specification.insert("name", index.get("name").cloned());
    for option in ["unique", "sparse", "hidden", "background"] {
        if let Some(value) = index.get(option) {
            specification.insert(option, value.clone());
        }
    }
    Ok(specification)
}

/// A unique index is refused while two documents share a key.
fn check_data(access: &dyn WriteAccess, ns: &str, spec: &IndexSpec) -> Result<(), CommandError> {
    if !spec.is_unique {
        return Ok(());
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut scan = Scan::new(ns, &Document::new(), &Variables::default())?;
    while let Some((_, document)) = scan.next(access.store(), ReadAt::Latest)? {
        let keys = spec
            .keys_of(raw(&document)?.as_bytes())
            .map_err(|error| CommandError::new(2, error.to_string()))?;
        for key in keys {
            if !seen.insert(key) {
                let text = format!(
                    "E11000 duplicate key error collection: {ns} index: {} dup key",
                    spec.name
                );
                return Err(CommandError::new(11000, text));
            }
        }
    }
    Ok(())
}
