//! `$merge`: each document meets the one of the target that has the same values in the join fields.

use bson::{Bson, Document, doc};

use super::collections::creation;
use super::command::{WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::key_pattern;
use super::insert::with_id;
use super::scan::{Scan, id_document, raw};
use super::write_batch::{check_unique, duplicate_key};
use crate::query::expression::Variables;
use crate::query::update::{ApplyContext, Update};
use crate::storage::store::{ReadAt, Store};

/// A parsed `$merge`.
pub(super) struct Merge {
    target: String,
    on: Vec<String>,
    matched: Matched,
    unmatched: Unmatched,
    variables: Variables,
}

enum Matched {
    Replace,
    Keep,
    Merge,
    Fail,
    Pipeline(Bson),
}

enum Unmatched {
    Insert,
    Discard,
    Fail,
}

impl Merge {
    /// Reads the stage.
    ///
    /// # Errors
    /// 2 or 9 for what it can't mean.
    pub(super) fn parse(
        specification: &Bson,
        target: &str,
        variables: &Variables,
    ) -> Result<Self, CommandError> {
        let empty = Document::new();
        let options = specification.as_document().unwrap_or(&empty);
        const KNOWN: [&str; 5] = ["into", "on", "let", "whenMatched", "whenNotMatched"];
        if let Some(unknown) = options.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            let text = format!("BSON field '$merge.{unknown}' is an unknown field.");
            return Err(CommandError::new(40415, text));
        }
        let on = match options.get("on") {
            None => vec!["_id".to_owned()],
            Some(Bson::String(field)) => vec![field.clone()],
            Some(Bson::Array(fields)) if !fields.is_empty() => fields
                .iter()
                .filter_map(Bson::as_str)
                .map(str::to_owned)
                .collect(),
            Some(_) => {
                let text = "$merge 'on' field must be either a string or an array of strings";
                return Err(CommandError::new(51186, text));
            }
        };
        let unknown = |field: &str, word: &Bson| {
            let text = format!("Enumeration value '{word}' for field '{field}' is not a valid value.");
            CommandError::new(2, text)
        };
        let matched = match options.get("whenMatched") {
            None => Matched::Merge,
            Some(Bson::Array(stages)) => Matched::Pipeline(Bson::Array(stages.clone())),
            Some(word) => match word.as_str() {
                Some("replace") => Matched::Replace,
                Some("keepExisting") => Matched::Keep,
                Some("merge") => Matched::Merge,
                Some("fail") => Matched::Fail,
                _ => return Err(unknown("$merge.whenMatched", word)),
            },
        };
        let unmatched = match options.get("whenNotMatched") {
            None => Unmatched::Insert,
            Some(word) => match word.as_str() {
                Some("insert") => Unmatched::Insert,
                Some("discard") => Unmatched::Discard,
                Some("fail") => Unmatched::Fail,
                _ => return Err(unknown("$merge.whenNotMatched", word)),
            },
        };
        Ok(Self {
            target: target.to_owned(),
            on,
            matched,
            unmatched,
            variables: variables.clone(),
        })
    }

    /// The join fields must tell documents apart.
    ///
    /// # Errors
    /// 51183 when no unique index does.
    pub(super) fn check_index(&self, store: &Store) -> Result<(), CommandError> {
        if self.on == ["_id"] {
            return Ok(());
        }
        let collection = store.collection(&self.target, ReadAt::Latest)?;
        let covers = |pattern: &Document| {
            pattern.len() == self.on.len() && self.on.iter().all(|field| pattern.contains_key(field))
        };
        let known = collection.is_some_and(|found| {
            let mut unique = found.indexes.iter().filter(|index| index.spec.is_unique);
            unique.any(|index| covers(&key_pattern(&index.spec)))
        });
        if known {
            return Ok(());
        }
        let text = "Cannot find index to verify that join fields will be unique";
        Err(CommandError::new(51183, text))
    }

    /// Lets one document meet its like.
    ///
    /// # Errors
    /// 51132 without usable join fields, 11000 and 13113 as the stage asks, 66 for another `_id`.
    pub(super) fn one(&self, access: &mut dyn WriteAccess, document: Document) -> Result<(), CommandError> {
        let mut document = document;
        if self.on == ["_id"] && !document.contains_key("_id") {
            document.insert("_id", bson::oid::ObjectId::new());
        }
        let mut filter = Document::new();
        for field in &self.on {
            match at_path(&document, field) {
                Some(Bson::Null | Bson::Undefined | Bson::Array(_)) | None => {
                    let text =
                        "$merge write error: 'on' field cannot be missing, null, undefined or an array";
                    return Err(CommandError::new(51132, text));
                }
                Some(value) => filter.insert(field.clone(), doc! { "$eq": value.clone() }),
            };
        }
        let mut scan = Scan::new(&self.target, &filter, &Variables::new())?;
        match scan.next(access.store(), ReadAt::Latest)? {
            Some((_, before)) => self.meet(access, &before, document),
            None => self.add(access, &document),
        }
    }

    fn meet(
        &self,
        access: &mut dyn WriteAccess,
        before: &Document,
        new: Document,
    ) -> Result<(), CommandError> {
        let mut after = match &self.matched {
            Matched::Keep => return Ok(()),
            Matched::Fail => {
                return Err(duplicate_key(
                    &self.target,
                    "_id_",
                    doc! { "_id": 1 },
                    &raw(before)?,
                )?);
            }
            Matched::Replace => new,
            Matched::Merge => {
                let mut merged = before.clone();
                merged.extend(new);
                merged
            }
            Matched::Pipeline(stages) => {
                let variables = self.variables.with_constants(&doc! { "new": new });
                let now = bson::DateTime::now();
                let update = Update::compile(stages, &[], &variables)?;
                let context = ApplyContext {
                    position: None,
                    inserting: false,
                    now,
                    timestamp: bson::Timestamp {
                        time: u32::try_from(now.timestamp_millis() / 1000).unwrap_or(0),
                        increment: 1,
                    },
                };
                update.apply(before, &context)?.document
            }
        };
        let id = before.get("_id").cloned().unwrap_or(Bson::Null);
        match after.get("_id") {
            Some(other) if *other != id => {
                let text = "$merge failed to update the matching document, did you attempt to modify the _id or the \
                            shard key? Performing an update on the path '_id' would modify the immutable field '_id'";
                return Err(CommandError::new(66, text));
            }
            Some(_) => {}
            None => {
                after.insert("_id", id.clone());
            }
        }
        if after == *before {
            return Ok(());
        }
        let document = with_id(&raw(&after)?)?;
        check_unique(access, &self.target, &document, false)?;
        let (ns, id) = (self.target.clone(), id_document(&id)?);
        access.write(0, vec![WriteOp::Update { ns, id, document }])
    }

    fn add(&self, access: &mut dyn WriteAccess, document: &Document) -> Result<(), CommandError> {
        match self.unmatched {
            Unmatched::Discard => return Ok(()),
            Unmatched::Fail => {
                let text = "$merge could not find a matching document in the target collection for at least one \
                            document in the source collection";
                return Err(CommandError::new(13113, text));
            }
            Unmatched::Insert => {}
        }
        let document = with_id(&raw(document)?)?;
        check_unique(access, &self.target, &document, true)?;
        let mut writes: Vec<WriteOp> = creation(access, &self.target)?.into_iter().collect();
        writes.push(WriteOp::Insert {
            ns: self.target.clone(),
            document,
        });
        access.write(0, writes)
    }
}

fn at_path<'a>(document: &'a Document, path: &str) -> Option<&'a Bson> {
    let mut parts = path.split('.');
    let first = document.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_document()?.get(part))
}
