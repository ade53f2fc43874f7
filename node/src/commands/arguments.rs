//! A command's arguments, with MongoDB's errors.

use bson::spec::ElementType;
use bson::{Bson, DateTime, Document};

use super::error::CommandError;
use crate::query::expression::{Variables, is_truthy};
use crate::query::number::Number;
use crate::wire::Request;

/// Fields that every command accepts and that concern the server or nobody.
const GENERIC: &[&str] = &[
    "$clusterTime",
    "$db",
    "$readPreference",
    "allowDiskUse",
    "apiDeprecationErrors",
    "apiStrict",
    "apiVersion",
    "autocommit",
    "bypassDocumentValidation",
    "collation",
    "comment",
    "hint",
    "let",
    "lsid",
    "maxTimeMS",
    "readConcern",
    "startTransaction",
    "stmtId",
    "stmtIds",
    "txnNumber",
    "writeConcern",
];

/// Those of them that the server reads from the request itself: no command asks for their values.
const OF_THE_SERVER: &[&str] = &[
    "$clusterTime",
    "$db",
    "$readPreference",
    "lsid",
    "readConcern",
    "txnNumber",
    "writeConcern",
];

/// Longest time that a client may allow.
const MAX_TIME_MS: i64 = 2_147_483_647;

/// A command's arguments as a tree.
pub struct Arguments {
    command: String,
    database: String,
    fields: Document,
}

impl Arguments {
    /// Reads the arguments of a request; refuses those that are neither generic nor in `known`.
    ///
    /// # Errors
    /// 40415 for an unknown field, 263 for a part of a transaction, 115 for a collation, 9 for what can't be read.
    pub fn of(request: &Request, known: &[&str]) -> Result<Self, CommandError> {
        Self::without(request, known, &[])
    }

    /// The same, but the arguments named `raw` are left to whoever asks: they may be large.
    ///
    /// # Errors
    /// As [`Arguments::of`].
    pub fn without(request: &Request, known: &[&str], raw: &[&str]) -> Result<Self, CommandError> {
        let fields = request
            .to_document_without(|name| OF_THE_SERVER.contains(&name) || raw.contains(&name))
            .map_err(|error| CommandError::new(9, error.to_string()))?;
        let unknown = fields
            .keys()
            .skip(1)
            .find(|key| !known.contains(&key.as_str()) && !GENERIC.contains(&key.as_str()));
        if let Some(field) = unknown {
            let text = format!("BSON field '{}.{field}' is an unknown field.", request.name);
            return Err(CommandError::new(40415, text));
        }
        if fields.contains_key("autocommit") || fields.contains_key("startTransaction") {
            return Err(CommandError::new(
                263,
                "multi-document transactions are not supported",
            ));
        }
        check_collation(fields.get("collation"))?;
        check_time(fields.get("maxTimeMS"))?;
        check_flags(&request.name, &fields)?;
        Ok(Self {
            command: request.name.clone(),
            database: request.database.clone(),
            fields,
        })
    }

    /// The variables that expressions may use: `let`, and the time.
    ///
    /// # Errors
    /// 14 when `let` is no document; the expressions' own.
    pub fn variables(&self) -> Result<Variables, CommandError> {
        let constants = self.document("let")?;
        Ok(Variables::of_command(Some(&constants), DateTime::now(), None)?)
    }

    /// `database.collection`, the collection being the command's own argument.
    ///
    /// # Errors
    /// 73 when it is no usable name.
    pub fn namespace(&self) -> Result<String, CommandError> {
        let collection = match self.fields.values().next() {
            Some(Bson::String(collection)) => collection,
            _ => {
                let text = format!(
                    "collection name has invalid type: {} must be a string",
                    self.command
                );
                return Err(CommandError::new(73, text));
            }
        };
        namespace(&self.database, collection)
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// An argument.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Bson> {
        self.fields.get(key).filter(|value| !matches!(value, Bson::Null))
    }

    /// A document, empty when missing.
    ///
    /// # Errors
    /// 14 for another type.
    pub fn document(&self, key: &str) -> Result<Document, CommandError> {
        match self.get(key) {
            None => Ok(Document::new()),
            Some(Bson::Document(document)) => Ok(document.clone()),
            Some(other) => Err(self.wrong_type(key, other, "object")),
        }
    }

    /// An array of documents.
    ///
    /// # Errors
    /// 40414 when missing, 14 for another type.
    pub fn documents(&self, key: &str) -> Result<Vec<Document>, CommandError> {
        match self.get(key) {
            None => Err(missing(&self.command, key)),
            Some(Bson::Array(values)) => values
                .iter()
                .map(|value| match value {
                    Bson::Document(document) => Ok(document.clone()),
                    other => Err(self.wrong_type(key, other, "object")),
                })
                .collect(),
            Some(other) => Err(self.wrong_type(key, other, "array")),
        }
    }

    /// True or false, `default` when missing.
    #[must_use]
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.get(key) {
            Some(Bson::Boolean(value)) => *value,
            Some(value) if Number::from_bson(value).is_some() => is_truthy(value),
            _ => default,
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// 14 for another type, 51024 for a negative one.
    pub fn count(&self, key: &str) -> Result<Option<usize>, CommandError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let whole = number(value).ok_or_else(|| self.wrong_type(key, value, "long"))?;
        let text = || format!("BSON field '{key}' value must be >= 0, actual value '{whole}'");
        usize::try_from(whole)
            .map(Some)
            .map_err(|_| CommandError::new(51024, text()))
    }

    /// The same, of any number: what follows the point is cut off.
    ///
    /// # Errors
    /// 14 for another type, 51024 for a negative one.
    pub fn count_cut(&self, key: &str) -> Result<Option<usize>, CommandError> {
        let cut = self
            .get(key)
            .and_then(Number::from_bson)
            .and_then(Number::to_truncated_integer);
        match cut.map(usize::try_from) {
            Some(Ok(count)) => Ok(Some(count)),
            _ => self.count(key),
        }
    }

    fn wrong_type(&self, key: &str, found: &Bson, wanted: &str) -> CommandError {
        wrong_type(&self.command, key, found.element_type(), wanted)
    }
}

/// The error of an argument that has to be there.
pub(super) fn missing(command: &str, key: &str) -> CommandError {
    let text = format!("BSON field '{command}.{key}' is missing but a required field");
    CommandError::new(40414, text)
}

/// The error of an argument, or of a part of it, that is of another type than `wanted`.
pub(super) fn wrong_type(command: &str, key: &str, found: ElementType, wanted: &str) -> CommandError {
    let text =
        format!("BSON field '{command}.{key}' is the wrong type '{found:?}', expected type '{wanted}'");
    CommandError::new(14, text)
}

/// Accepts no collation, an empty one, or the simple one, which compares bytes.
///
/// # Errors
/// 115 for any other, 14 for what is none.
pub fn check_collation(collation: Option<&Bson>) -> Result<(), CommandError> {
    match collation {
        Some(Bson::Document(collation)) if !collation.is_empty() => match collation.get("locale") {
            Some(Bson::String(locale)) if locale == "simple" => Ok(()),
            _ => Err(CommandError::new(115, "collations are not supported")),
        },
        Some(Bson::Document(_) | Bson::Null) | None => Ok(()),
        Some(_) => {
            let text = "BSON field 'collation' is the wrong type, expected type 'object'";
            Err(CommandError::new(14, text))
        }
    }
}

/// A time is a whole number of milliseconds within MongoDB's range.
fn check_time(time: Option<&Bson>) -> Result<(), CommandError> {
    let Some(given) = time.filter(|given| !matches!(given, Bson::Null)) else {
        return Ok(());
    };
    let Some(number) = Number::from_bson(given) else {
        let text = "BSON field 'maxTimeMS' is the wrong type, expected a number";
        return Err(CommandError::new(14, text));
    };
    match number.to_exact_integer() {
        Some(0..=MAX_TIME_MS) => Ok(()),
        Some(_) => {
            let text = format!("{given} value for maxTimeMS is out of range [0, {MAX_TIME_MS}]");
            Err(CommandError::new(2, text))
        }
        None => Err(CommandError::new(
            9,
            format!("maxTimeMS has non-integral value {given}"),
        )),
    }
}

/// What says yes or no is a boolean, and may be a number where MongoDB takes one.
fn check_flags(command: &str, fields: &Document) -> Result<(), CommandError> {
    const BOOLEANS: &[&str] = &["ordered"];
    const BOOLEANS_OR_NUMBERS: &[&str] = &["bypassDocumentValidation", "new", "remove", "upsert"];
    for (name, value) in fields.iter().skip(1) {
        let is_number = BOOLEANS_OR_NUMBERS.contains(&name.as_str());
        let is_fine = match value {
            Bson::Boolean(_) | Bson::Null => true,
            _ if is_number => Number::from_bson(value).is_some(),
            _ => !BOOLEANS.contains(&name.as_str()),
        };
        if !is_fine {
            let text = format!(
                "BSON field '{command}.{name}' is the wrong type '{:?}', expected type 'bool'",
                value.element_type()
            );
            return Err(CommandError::new(14, text));
        }
    }
    Ok(())
}

/// A whole number of whatever numeric type.
#[must_use]
pub fn number(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(value) => Some(i64::from(*value)),
        Bson::Int64(value) => Some(*value),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only whole numbers pass; huge ones saturate"
        )]
        Bson::Double(value) if value.fract() == 0.0 => Some(*value as i64),
        _ => None,
    }
}

/// `database.collection`, if both are usable names.
///
/// # Errors
/// 73 `InvalidNamespace`.
pub fn namespace(database: &str, collection: &str) -> Result<String, CommandError> {
    const NAMESPACE_BYTES_MAX: usize = 255;
    let bad_database = database.is_empty() || database.contains(['/', '\\', '.', ' ', '"', '$', '\0']);
    let bad_collection = collection.is_empty()
        || collection.starts_with('.')
        || collection.ends_with('.')
        || collection.contains('\0')
        || collection.contains('$');
    let namespace = format!("{database}.{collection}");
    if bad_database || bad_collection || namespace.len() > NAMESPACE_BYTES_MAX {
        return Err(CommandError::new(
            73,
            format!("Invalid namespace specified '{namespace}'"),
        ));
    }
    Ok(namespace)
}
