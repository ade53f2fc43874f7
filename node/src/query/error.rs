//! The one error of the query language.

use thiserror::Error;

use crate::error_code::ErrorCode;

/// A query, update or pipeline that cannot be understood, or cannot be run on a document. Codes and, where
/// clients show them, texts are MongoDB's.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{message} ({})", code.name())]
pub struct QueryError {
    /// The field `code` of the reply.
    pub code: ErrorCode,
    /// The field `errmsg` of the reply.
    pub message: String,
}

/// What the query language's functions return.
pub type QueryResult<T> = Result<T, QueryError>;

impl QueryError {
    /// An error with any code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// An error whose code has no name (`Location<number>`).
    pub fn location(number: i32, message: impl Into<String>) -> Self {
        Self::new(ErrorCode(number), message)
    }

    /// 2, a value that is not acceptable here.
    pub fn bad_value(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BAD_VALUE, message)
    }

    /// 9, a document that has not the right shape.
    pub fn failed_to_parse(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::FAILED_TO_PARSE, message)
    }

    /// 14, a value of the wrong type.
    pub fn type_mismatch(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TYPE_MISMATCH, message)
    }
}
