//! The operators and their arguments.

use bson::Bson;

use super::path::UpdatePath;
use super::pull::PullCondition;
use super::push::Push;
use crate::query::number::Number;

/// One operator at one path.
#[derive(Clone, Debug)]
pub struct Modifier {
    /// Where.
    pub path: UpdatePath,
    /// What.
    pub operator: Operator,
}

/// What a modifier does with the value at its path.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `$set`
    Set(Bson),
    /// `$setOnInsert`
    SetOnInsert(Bson),
    /// `$unset`
    Unset,
    /// `$inc`
    Increment(Number),
    /// `$mul`
    Multiply(Number),
    /// `$min`
    Minimum(Bson),
    /// `$max`
    Maximum(Bson),
    /// `$currentDate` as a date
    CurrentDate,
    /// `$currentDate` as a timestamp
    CurrentTimestamp,
    /// `$rename`: the new path
    Rename(UpdatePath),
    /// `$push`
    Push(Push),
    /// `$addToSet`
    AddToSet(Vec<Bson>),
    /// `$pull`
    Pull(PullCondition),
    /// `$pullAll`
    PullAll(Vec<Bson>),
    /// `$pop: -1`
    PopFirst,
    /// `$pop: 1`
    PopLast,
    /// `$bit`: operations in order
    Bits(Vec<(BitOperation, Number)>),
}

/// The three operations of `$bit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BitOperation {
    /// `and`
    And,
    /// `or`
    Or,
    /// `xor`
    Xor,
}
