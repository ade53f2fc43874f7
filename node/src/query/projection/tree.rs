//! A compiled projection.

use bson::Bson;

use crate::query::expression::{Expression, Variables};
use crate::query::matcher::Predicate;

/// A projection, ready to be applied to documents.
#[derive(Clone, Debug)]
pub struct Projection {
    pub(super) root: Branch,
    pub(super) kind: Kind,
    pub(super) variables: Variables,
}

/// What happens to fields that are not named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// They go.
    Inclusion,
    /// They stay.
    Exclusion,
}

/// Named fields at one level, in the order of the specification.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    pub(super) children: Vec<(String, Action)>,
}

/// What happens to one named field.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// It stays.
    Include,
    /// It goes.
    Exclude,
    /// It gets the value of an expression.
    Compute(Expression),
    /// `$slice`: skip (from the end when negative) and count.
    Slice(Option<i64>, i64),
    /// `$elemMatch`: the first element that passes.
    FirstElement(Predicate),
    /// `field.$`: the element at which the filter matched.
    MatchedElement,
    /// Its own fields are named.
    Nested(Branch),
}

impl Branch {
    pub(super) fn get(&self, name: &str) -> Option<&Action> {
        self.children
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, action)| action)
    }
}

/// The `count` elements that a slice keeps.
pub(super) fn slice(elements: &[Bson], skip: Option<i64>, count: i64) -> Vec<Bson> {
    let length = elements.len() as i64;
    let (start, count) = match skip {
        None if count < 0 => (length.saturating_add(count).max(0), count.saturating_neg()),
        None => (0, count),
        Some(skip) if skip < 0 => (length.saturating_add(skip).max(0), count),
        Some(skip) => (skip.min(length), count),
    };
    elements
        .iter()
        .skip(start as usize)
        .take(count.max(0) as usize)
        .cloned()
        .collect()
}
