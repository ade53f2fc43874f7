//! A compiled filter.

use bson::Bson;

use super::bits::BitTest;
use super::pattern::Pattern;
use crate::query::expression::{Expression, Variables};
use crate::query::path::FieldPath;

/// A filter, ready to be asked of documents.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// What must hold.
    pub root: Node,
    pub(super) variables: Variables,
}

/// A statement about a document.
#[derive(Clone, Debug)]
pub enum Node {
    /// All hold; none of none is true.
    And(Vec<Node>),
    /// One holds.
    Or(Vec<Node>),
    /// None holds.
    Nor(Vec<Node>),
    /// True or false whatever the document is.
    Constant(bool),
    /// An aggregation expression is truthy.
    Expression(Expression),
    /// A statement about what a path leads to.
    Path(FieldPath, Predicate),
}

/// A statement about a value.
#[derive(Clone, Debug)]
pub enum Predicate {
    /// `$eq $lt $lte $gt $gte`, within one type class.
    Compare(Comparison, Bson),
    /// `$in`: equal to one of these, or matching one of the patterns.
    In(Vec<Bson>, Vec<Pattern>),
    /// `$regex`.
    Matches(Pattern),
    /// `$exists: true`.
    Exists,
    /// `$type`: one of these type numbers; `number` stands for all four.
    HasType(Vec<i32>),
    /// `$mod`: divisor and remainder.
    Modulo(i64, i64),
    /// `$bitsAllSet` and its kin.
    Bits(BitTest),
    /// `$size`.
    Size(i64),
    /// `$elemMatch` on documents.
    ElementMatches(Box<Node>),
    /// `$elemMatch` on values.
    ElementSatisfies(Vec<Predicate>),
    /// `$not`, and `$ne`, `$nin`, `$exists: false`.
    Not(Box<Predicate>),
    /// All of these, each by an element of its own: several operators on one path, `$all`.
    All(Vec<Predicate>),
    /// `$all: []`.
    Never,
}

/// The five comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `$eq`
    Equal,
    /// `$lt`
    Less,
    /// `$lte`
    LessOrEqual,
    /// `$gt`
    Greater,
    /// `$gte`
    GreaterOrEqual,
}
