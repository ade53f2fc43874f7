//! A command's failure, as drivers see it.

use bson::{Document, doc};

use crate::error_code::ErrorCode;

/// Code and words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message} ({code:?})")]
pub struct CommandError {
    /// MongoDB's number.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// For a duplicate key: the index's pattern, and the values.
    pub duplicate: Option<Box<(Document, Document)>>,
}

impl CommandError {
    /// An error with this number.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode(code),
            message: message.into(),
            duplicate: None,
        }
    }

    /// The same error, telling which key is taken.
    #[must_use]
    pub fn with_duplicate(self, pattern: Document, value: Document) -> Self {
        Self {
            duplicate: Some(Box::new((pattern, value))),
            ..self
        }
    }

    /// `{ok: 0, errmsg, code, codeName}`.
    #[must_use]
    pub fn to_document(&self) -> Document {
        let mut document = doc! {
            "ok": 0.0,
            "errmsg": &self.message,
            "code": self.code.number(),
            "codeName": self.code.name().as_ref(),
        };
        if let Some((pattern, value)) = self.duplicate.as_deref() {
            document.extend(doc! { "keyPattern": pattern.clone(), "keyValue": value.clone() });
        }
        document
    }
}
