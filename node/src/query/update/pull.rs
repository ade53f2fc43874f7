//! `$pull`: which elements go.

use bson::Bson;

use crate::query::error::QueryResult;
use crate::query::expression::Variables;
use crate::query::matcher::{Matcher, Predicate};

/// A compiled condition of `$pull`.
#[derive(Clone, Debug)]
pub enum PullCondition {
    /// A filter over elements that are documents.
    Documents(Box<Matcher>),
    /// A condition on, or a value equal to, the element itself.
    Elements(Predicate),
}

impl PullCondition {
    /// Reads the argument: a document without operators is a filter, everything else a condition.
    pub(super) fn compile(argument: &Bson, variables: &Variables) -> QueryResult<Self> {
        match argument {
            Bson::Document(document) if document.keys().next().is_none_or(|key| !is_value_operator(key)) => {
                Ok(Self::Documents(Box::new(Matcher::compile(document, variables)?)))
            }
            other => Ok(Self::Elements(Matcher::compile_predicate(other, variables)?)),
        }
    }

    /// Whether an element goes.
    pub(super) fn holds(&self, element: &Bson) -> QueryResult<bool> {
        match (self, element) {
            (Self::Documents(matcher), Bson::Document(document)) => matcher.matches(document),
            (Self::Documents(_), _) => Ok(false),
            (Self::Elements(predicate), element) => predicate.holds(element),
        }
    }
}

/// `$or` and its kin begin a filter, not a condition on a value.
fn is_value_operator(key: &str) -> bool {
    key.starts_with('$') && !["$and", "$or", "$nor", "$expr", "$comment"].contains(&key)
}
