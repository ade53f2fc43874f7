//! `$replaceRoot` and `$replaceWith`.

use bson::{Bson, Document};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::Stage;
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables};
use crate::query::types::type_name;

/// A new root for each document.
#[derive(Clone, Debug)]
pub(crate) struct ReplaceRoot {
    expression: Expression,
    variables: Variables,
}

impl ReplaceRoot {
    pub(crate) fn of_with(specification: &Bson, variables: &Variables) -> QueryResult<Self> {
        Ok(Self {
            expression: Expression::parse(specification, variables)?,
            variables: variables.clone(),
        })
    }

    pub(crate) fn of_root(specification: &Bson, variables: &Variables) -> QueryResult<Self> {
        let specification = specification.as_document().ok_or_else(|| {
            QueryError::location(
                40229,
                "expected an object as specification for $replaceRoot stage",
            )
        })?;
        match (specification.get("newRoot"), specification.len()) {
            (Some(root), 1) => Self::of_with(root, variables),
            _ => Err(QueryError::location(
                40231,
                "no newRoot specified for the $replaceRoot stage",
            )),
        }
    }

    pub(crate) fn apply(&self, document: &Document) -> QueryResult<Document> {
        match self.expression.evaluate(document, &self.variables)? {
            Bson::Document(root) => Ok(root),
            other => {
                let found = if matches!(other, Bson::Undefined) {
                    "missing"
                } else {
                    type_name(&other)
                };
                Err(QueryError::location(
                    40228,
                    format!(
                        "'newRoot' expression must evaluate to an object, but resulting value was of type: {found}"
                    ),
                ))
            }
        }
    }
}

impl Stage for ReplaceRoot {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        input.next()?.map(|document| self.apply(&document)).transpose()
    }
}

/// `$replaceRoot`.
pub(super) fn parse_root(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    Ok(Box::new(ReplaceRoot::of_root(specification, &context.variables)?))
}

/// `$replaceWith`.
pub(super) fn parse_with(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    Ok(Box::new(ReplaceRoot::of_with(specification, &context.variables)?))
}
