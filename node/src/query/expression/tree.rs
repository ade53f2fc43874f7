//! A parsed expression.

use bson::Bson;

use super::operator::Function;

/// An aggregation expression, ready to be evaluated.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A constant.
    Literal(Bson),
    /// `$path` or `$$variable.path`; `None` is the current document.
    Field {
        /// The variable's name, without dollars.
        variable: Option<String>,
        /// The parts of the path, perhaps none.
        path: Vec<String>,
    },
    /// A document of expressions; fields whose value is missing are left out.
    Object(Vec<(String, Expression)>),
    /// An array of expressions; missing becomes null.
    Array(Vec<Expression>),
    /// An operator that wants all its arguments evaluated.
    Call {
        /// With the dollar, for error texts.
        name: &'static str,
        /// What to do with the values.
        function: Function,
        /// In the operator's order; absent named arguments are `Literal(Undefined)`.
        arguments: Vec<Expression>,
    },
    /// `$and`: stops at the first falsy one.
    And(Vec<Expression>),
    /// `$or`: stops at the first truthy one.
    Or(Vec<Expression>),
    /// `$cond`: condition, then, else.
    Condition(Box<[Expression; 3]>),
    /// `$ifNull`: the first that is not null, else the last.
    IfNull(Vec<Expression>),
    /// `$switch`.
    Switch {
        /// Case and result.
        branches: Vec<(Expression, Expression)>,
        /// The result when no case holds.
        default: Option<Box<Expression>>,
    },
    /// `$let`.
    Let {
        /// Evaluated outside, seen inside.
        variables: Vec<(String, Expression)>,
        /// What is evaluated with them.
        inside: Box<Expression>,
    },
    /// `$map`.
    Map {
        /// An array or null.
        input: Box<Expression>,
        /// The name of the element inside.
        name: String,
        /// The value for each element.
        inside: Box<Expression>,
    },
    /// `$filter`.
    Filter {
        /// An array or null.
        input: Box<Expression>,
        /// The name of the element inside.
        name: String,
        /// Which elements stay.
        condition: Box<Expression>,
        /// How many may stay.
        limit: Option<Box<Expression>>,
    },
    /// `$reduce`.
    Reduce {
        /// An array or null.
        input: Box<Expression>,
        /// The first `$$value`.
        initial: Box<Expression>,
        /// The next `$$value`, from `$$value` and `$$this`.
        inside: Box<Expression>,
    },
}
