//! From a specification to a projection.

use bson::{Bson, Document};

use super::tree::{Action, Branch, Kind, Projection};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables, is_truthy};
use crate::query::matcher::Matcher;
use crate::query::number::Number;

/// Whose projection it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// `find`: with `$slice`, `$elemMatch` and the positional `$`.
    Find,
    /// `$project`.
    Aggregate,
}

impl Projection {
    /// Compiles a specification.
    pub fn parse(specification: &Document, dialect: Dialect, variables: &Variables) -> QueryResult<Self> {
        if specification.is_empty() && dialect == Dialect::Aggregate {
            return Err(QueryError::location(
                51272,
                "projection specification must have at least one field",
            ));
        }
        let mut parser = Parser {
            dialect,
            variables,
            kind: None,
            id: None,
        };
        let mut root = Branch::default();
        for (path, value) in specification {
            parser.add(&mut root, path, path, value)?;
        }
        let only_id = specification.len() == 1 && parser.id.is_some();
        let kind = match (parser.kind, parser.id) {
            (Some(kind), _) => kind,
            (None, Some(true)) if only_id => Kind::Inclusion,
            _ => Kind::Exclusion,
        };
        match (kind, parser.id) {
            (Kind::Inclusion, None) if root.get("_id").is_none() => {
                root.children.insert(0, ("_id".to_owned(), Action::Include));
            }
            // Among exclusions, naming `_id: 1` says nothing.
            (Kind::Exclusion, Some(true)) => root.children.retain(|(name, _)| name != "_id"),
            _ => {}
        }
        Ok(Self {
            root,
            kind,
            variables: variables.clone(),
        })
    }

    /// The projection that takes away the given paths (`$unset`).
    pub fn without(paths: &[String]) -> QueryResult<Self> {
        let specification = paths.iter().map(|path| (path.clone(), Bson::Int32(0))).collect();
        Self::parse(&specification, Dialect::Aggregate, &Variables::new())
    }
}

struct Parser<'a> {
    dialect: Dialect,
    variables: &'a Variables,
    kind: Option<Kind>,
    /// What was said of `_id`, which may differ from the rest.
    id: Option<bool>,
}

impl Parser<'_> {
    /// Adds the statement `path: value` below `branch`; `full` is the whole path for error texts.
    fn add(&mut self, branch: &mut Branch, path: &str, full: &str, value: &Bson) -> QueryResult<()> {
        if self.dialect == Dialect::Find
            && let Some(array) = path.strip_suffix(".$")
        {
            self.expect(Kind::Inclusion, full)?;
            return insert(branch, array, full, Action::MatchedElement);
        }
        let action = match value {
            Bson::Document(inner) if inner.is_empty() => {
                return Err(QueryError::location(
                    51270,
                    "An empty sub-projection is not a valid value.",
                ));
            }
            Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => {
                self.operator(full, inner)?
            }
            Bson::Document(inner) => {
                for (name, value) in inner {
                    if name.contains('.') && self.dialect == Dialect::Aggregate {
                        let text = format!("FieldPath field names may not contain '.' in '{name}'.");
                        return Err(QueryError::location(16412, text));
                    }
                    self.add(
                        branch,
                        &format!("{path}.{name}"),
                        &format!("{full}.{name}"),
                        value,
                    )?;
                }
                return Ok(());
            }
            Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
                let include = is_truthy(value);
                if full == "_id" {
                    self.id = Some(include);
                } else {
                    self.expect(if include { Kind::Inclusion } else { Kind::Exclusion }, full)?;
                }
                if include { Action::Include } else { Action::Exclude }
            }
            other => {
                self.expect(Kind::Inclusion, full)?;
                Action::Compute(Expression::parse(other, self.variables)?)
            }
        };
        insert(branch, path, full, action)
    }

    fn operator(&mut self, full: &str, inner: &Document) -> QueryResult<Action> {
        let (name, operand) = inner
            .iter()
            .next()
            .ok_or_else(|| QueryError::bad_value("empty projection"))?;
        match (self.dialect, name.as_str()) {
            (Dialect::Find, "$slice") if slice_of_find(operand).is_some() => {
                let (skip, count) = slice_of_find(operand).unwrap_or((None, 0));
                if skip.is_some() && count <= 0 {
                    let text = "Third argument to $slice must be positive";
                    return Err(QueryError::location(28724, text));
                }
                Ok(Action::Slice(skip, count))
            }
            (Dialect::Find, "$elemMatch") => {
                self.expect(Kind::Inclusion, full)?;
                if full.contains('.') {
                    return Err(QueryError::location(
                        31275,
                        "Cannot use $elemMatch projection on a nested field",
                    ));
                }
                let condition = Bson::Document(inner.clone());
                Ok(Action::FirstElement(Matcher::compile_predicate(
                    &condition,
                    self.variables,
                )?))
            }
            (Dialect::Find, "$meta") => Err(QueryError::bad_value("$meta projections are not supported")),
            _ => {
                self.expect(Kind::Inclusion, full)?;
                let parsed = Expression::parse(&Bson::Document(inner.clone()), self.variables);
                parsed.map(Action::Compute).map_err(|error| {
                    if error.message == format!("Unrecognized expression '{name}'") {
                        let text = format!("Invalid $project :: caused by :: Unknown expression {name}");
                        return QueryError::location(31325, text);
                    }
                    error
                })
            }
        }
    }

    fn expect(&mut self, kind: Kind, path: &str) -> QueryResult<()> {
        match (self.kind.replace(kind), kind) {
            (Some(Kind::Inclusion), Kind::Exclusion) => Err(QueryError::location(
                31254,
                format!("Cannot do exclusion on field {path} in inclusion projection"),
            )),
            (Some(Kind::Exclusion), Kind::Inclusion) => Err(QueryError::location(
                31253,
                format!("Cannot do inclusion on field {path} in exclusion projection"),
            )),
            _ => Ok(()),
        }
    }
}

/// Puts an action at a path; two statements may not touch the same place.
pub(super) fn insert(branch: &mut Branch, path: &str, full: &str, action: Action) -> QueryResult<()> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    if first.is_empty() {
        let code = if full.ends_with('.') { 40353 } else { 15998 };
        return Err(QueryError::location(
            code,
            "FieldPath field names may not be empty strings.",
        ));
    }
    if first.starts_with('$') {
        let text = format!("FieldPath field names may not start with '$'. Consider using $getField: {full}");
        return Err(QueryError::location(16410, text));
    }
    let known = branch.children.iter_mut().find(|(name, _)| name == first);
    let collision = |code: i32| {
        QueryError::location(
            code,
            format!("Invalid projection :: caused by :: Path collision at {full}"),
        )
    };
    match (known, rest) {
        (None, None) => {
            branch.children.push((first.to_owned(), action));
            Ok(())
        }
        (None, Some(rest)) => {
            let mut nested = Branch::default();
            insert(&mut nested, rest, full, action)?;
            branch.children.push((first.to_owned(), Action::Nested(nested)));
            Ok(())
        }
        (Some((_, Action::Nested(nested))), Some(rest)) => insert(nested, rest, full, action),
        (Some(_), None) => Err(collision(31250)),
        (Some(_), Some(_)) => Err(collision(31249)),
    }
}

/// `$slice: count` or `$slice: [skip, count]`; anything else is the expression of the same name.
fn slice_of_find(operand: &Bson) -> Option<(Option<i64>, i64)> {
    let number = |value: &Bson| Number::from_bson(value).and_then(Number::to_truncated_integer);
    match operand {
        Bson::Array(parts) => match parts.as_slice() {
            [skip, count] => Some((Some(number(skip)?), number(count)?)),
            _ => None,
        },
        count => Some((None, number(count)?)),
    }
}
