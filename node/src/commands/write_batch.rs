//! What the three batched write commands share: statements in order, errors by index, retries answered from the
//! record.

use bson::{Bson, Document, doc};

use super::arguments::{Arguments, number};
use super::command::{WriteAccess, WriteOp};
use super::error::CommandError;
use super::hint::key_pattern;
use super::scan::tree;
use crate::storage::key::id_key;
use crate::storage::store::ReadAt;

/// Statements in one command.
pub(super) const STATEMENTS_MAX: usize = 100_000;

/// The result of one statement.
#[derive(Default)]
pub(super) struct Done {
    pub(super) n: i32,
    pub(super) modified: i32,
    pub(super) upserted: Option<Bson>,
}

impl Done {
    /// As it is recorded for a retry.
    pub(super) fn to_document(&self) -> Document {
        let mut record = doc! { "n": self.n, "nModified": self.modified };
        if let Some(id) = &self.upserted {
            record.insert("upserted", id.clone());
        }
        record
    }

    fn of_record(record: &Document) -> Self {
        let whole = |key| {
            record
                .get(key)
                .and_then(number)
                .and_then(|value| i32::try_from(value).ok())
                .unwrap_or(0)
        };
        Self {
            n: whole("n"),
            modified: whole("nModified"),
            upserted: record.get("upserted").cloned(),
        }
    }
}

/// How far a batch has come, between two slices.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The next statement; 0 for a batch that has not paused.
    next: usize,
    n: i32,
    modified: i32,
    upserted: Vec<Bson>,
    errors: Vec<Bson>,
    retried: Vec<Bson>,
}

impl Progress {
    /// Has the batch paused?
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.next > 0
    }
}

/// Runs statements `0..count` and builds the reply; or pauses (see [`WriteAccess::progress`]), with an empty one.
pub(super) fn run(
    access: &mut dyn WriteAccess,
    arguments: &Arguments,
    count: usize,
    is_update: bool,
    mut statement: impl FnMut(&mut dyn WriteAccess, usize, i32) -> Result<Done, CommandError>,
) -> Result<Document, CommandError> {
    if count == 0 || count > STATEMENTS_MAX {
        let text =
            format!("Write batch sizes must be between 1 and {STATEMENTS_MAX}. Got {count} operations.");
        return Err(CommandError::new(16, text));
    }
    let ordered = arguments.flag("ordered", true);
    let mut so_far = std::mem::take(access.progress());
    for index in so_far.next..count {
        let number = i32::try_from(index).unwrap_or(i32::MAX);
        let done = match access.executed(number) {
            Some(record) => {
                so_far.retried.push(Bson::Int32(number));
                Ok(Done::of_record(&record))
            }
            None => statement(access, index, number),
        };
        match done {
            Ok(done) => {
                so_far.n += done.n;
                so_far.modified += done.modified;
                if let Some(id) = done.upserted {
                    so_far
                        .upserted
                        .push(Bson::Document(doc! { "index": number, "_id": id }));
                }
            }
            // The member is no primary any more: the whole command fails, so that the driver tries elsewhere.
            Err(error) if error.code.is_not_primary() || error.code.is_shutdown() => return Err(error),
            Err(error) => {
                so_far.errors.push(Bson::Document(write_error(number, &error)));
                if ordered {
                    break;
                }
            }
        }
        so_far.next = index + 1;
        if so_far.next < count && access.is_slice_over() {
            *access.progress() = so_far;
            return Ok(Document::new());
        }
    }
    let mut reply = doc! { "n": so_far.n };
    if is_update {
        reply.insert("nModified", so_far.modified);
    }
    for (key, list) in [
        ("upserted", so_far.upserted),
        ("writeErrors", so_far.errors),
        ("retriedStmtIds", so_far.retried),
    ] {
        if !list.is_empty() {
            reply.insert(key, list);
        }
    }
    reply.insert("ok", 1.0);
    Ok(reply)
}

fn write_error(index: i32, error: &CommandError) -> Document {
    let mut document = doc! { "index": index, "code": error.code.number(), "errmsg": &error.message };
    if let Some((pattern, value)) = error.duplicate.as_deref() {
        document.insert("keyPattern", pattern.clone());
        document.insert("keyValue", value.clone());
    }
    document
}

/// Refuses a document whose `_id` or unique key another document has.
pub(super) fn check_unique(
    access: &dyn WriteAccess,
    ns: &str,
    document: &bson::RawDocument,
    is_new: bool,
) -> Result<(), CommandError> {
    let key = id_key(document.as_bytes()).map_err(|error| CommandError::new(2, error.to_string()))?;
    if is_new && access.store().get(ns, &key, ReadAt::Latest)?.is_some() {
        return Err(duplicate_key(ns, "_id_", doc! { "_id": 1 }, document)?);
    }
    if let Some(duplicate) = access.store().find_duplicate(ns, &key, document.as_bytes())? {
        let collection = access.store().collection(ns, ReadAt::Latest)?;
        let pattern = collection.and_then(|found| {
            found
                .index(&duplicate.index)
                .map(|index| key_pattern(&index.spec))
        });
        return Err(duplicate_key(
            ns,
            &duplicate.index,
            pattern.unwrap_or_default(),
            document,
        )?);
    }
    Ok(())
}

/// Writes one statement's effects and records its result.
pub(super) fn write(
    access: &mut dyn WriteAccess,
    number: i32,
    writes: Vec<WriteOp>,
    done: Done,
) -> Result<Done, CommandError> {
    if !writes.is_empty() {
        access.record(number, &|| done.to_document());
        access.write(number, writes)?;
    }
    Ok(done)
}

/// The error of a document that has a key which another one has.
pub(super) fn duplicate_key(
    ns: &str,
    index: &str,
    pattern: Document,
    document: &bson::RawDocument,
) -> Result<CommandError, CommandError> {
    let document = tree(document.as_bytes())?;
    let at = |path: &str| {
        path.split('.')
            .try_fold(Bson::Document(document.clone()), |place, part| match place {
                Bson::Document(inner) => inner.get(part).cloned(),
                _ => None,
            })
    };
    let value: Document = pattern
        .keys()
        .map(|path| (path.clone(), at(path).unwrap_or(Bson::Null)))
        .collect();
    let shown: Vec<String> = value
        .iter()
        .map(|(path, value)| format!("{path}: {}", shown(value)))
        .collect();
    let text = format!(
        "E11000 duplicate key error collection: {ns} index: {index} dup key: {{ {} }}",
        shown.join(", ")
    );
    Ok(CommandError::new(11000, text).with_duplicate(pattern, value))
}

/// A value as the shell writes it.
fn shown(value: &Bson) -> String {
    match value {
        Bson::ObjectId(id) => format!("ObjectId('{id}')"),
        Bson::String(text) => format!("\"{text}\""),
        Bson::Double(number) if number.fract() == 0.0 => format!("{number:.1}"),
        other => other.to_string(),
    }
}
