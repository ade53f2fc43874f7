//! `$addFields`, also called `$set`: everything stays, some fields are computed.

use bson::{Bson, Document};

use super::parse::insert;
use super::tree::{Action, Branch};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables};

/// Fields to compute, ready to be applied to documents.
#[derive(Clone, Debug)]
pub struct AddFields {
    root: Branch,
    variables: Variables,
}

impl AddFields {
    /// Compiles `{ path: expression }`.
    pub fn parse(specification: &Document, variables: &Variables) -> QueryResult<Self> {
        if specification.is_empty() {
            return Err(QueryError::location(
                40177,
                "specification must have at least one field",
            ));
        }
        let mut root = Branch::default();
        for (path, value) in specification {
            add(&mut root, path, value, variables)?;
        }
        Ok(Self {
            root,
            variables: variables.clone(),
        })
    }

    /// The document with the fields; a field that exists keeps its place.
    pub fn apply(&self, document: &Document) -> QueryResult<Document> {
        self.branch(&self.root, document, document)
    }

    fn branch(&self, branch: &Branch, document: &Document, root: &Document) -> QueryResult<Document> {
        let mut result = document.clone();
        for (name, action) in &branch.children {
            match action {
                Action::Compute(expression) => match expression.evaluate(root, &self.variables)? {
                    Bson::Undefined => {
                        result.remove(name);
                    }
                    value => {
                        result.insert(name.clone(), value);
                    }
                },
                Action::Nested(inner) => {
                    let value = self.nested(inner, document.get(name), root)?;
                    result.insert(name.clone(), value);
                }
                _ => {}
            }
        }
        Ok(result)
    }

    fn nested(&self, branch: &Branch, value: Option<&Bson>, root: &Document) -> QueryResult<Bson> {
        match value {
            Some(Bson::Document(document)) => Ok(self.branch(branch, document, root)?.into()),
            Some(Bson::Array(elements)) => {
                let elements: QueryResult<Vec<Bson>> = elements
                    .iter()
                    .map(|element| self.nested(branch, Some(element), root))
                    .collect();
                Ok(elements?.into())
            }
            _ => Ok(self.branch(branch, &Document::new(), root)?.into()),
        }
    }
}

/// A document without operators names fields below the path; it is no value.
fn add(root: &mut Branch, path: &str, value: &Bson, variables: &Variables) -> QueryResult<()> {
    match value {
        Bson::Document(inner) if inner.keys().next().is_some_and(|key| !key.starts_with('$')) => {
            for (name, value) in inner {
                add(root, &format!("{path}.{name}"), value, variables)?;
            }
            Ok(())
        }
        value => insert(
            root,
            path,
            path,
            Action::Compute(Expression::parse(value, variables)?),
        ),
    }
}
