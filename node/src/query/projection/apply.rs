//! Applying a projection to a document.

use bson::{Bson, Document};

use super::tree::{Action, Branch, Kind, Projection, slice};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Variables;

impl Projection {
    /// The projected document. `position` is where the filter matched inside an array, for `field.$`.
    pub fn apply(&self, document: &Document, position: Option<usize>) -> QueryResult<Document> {
        let applied = Application {
            root: document,
            variables: &self.variables,
            position,
            kind: self.kind,
        };
        applied.branch(&self.root, document)
    }

    /// Whether [`Projection::apply`] wants the position of the match.
    pub fn needs_position(&self) -> bool {
        fn needs(branch: &Branch) -> bool {
            branch.children.iter().any(|(_, action)| match action {
                Action::MatchedElement => true,
                Action::Nested(inner) => needs(inner),
                _ => false,
            })
        }
        needs(&self.root)
    }
}

struct Application<'a> {
    root: &'a Document,
    variables: &'a Variables,
    position: Option<usize>,
    kind: Kind,
}

impl Application<'_> {
    fn branch(&self, branch: &Branch, document: &Document) -> QueryResult<Document> {
        let mut result = Document::new();
        for (name, value) in document {
            let projected = match branch.get(name) {
                None if self.kind == Kind::Exclusion => Some(value.clone()),
                None => None,
                Some(action) => self.existing(action, value)?,
            };
            if let Some(projected) = projected {
                result.insert(name.clone(), projected);
            }
        }
        for (name, action) in &branch.children {
            match action {
                Action::Compute(expression) => {
                    let value = expression.evaluate(self.root, self.variables)?;
                    if !matches!(value, Bson::Undefined) {
                        result.insert(name.clone(), value);
                    }
                }
                Action::Nested(inner) if !document.contains_key(name) && has_computed(inner) => {
                    result.insert(name.clone(), self.branch(inner, &Document::new())?);
                }
                _ => {}
            }
        }
        Ok(result)
    }

    /// What a named field that exists becomes; computed fields come later, at the end.
    fn existing(&self, action: &Action, value: &Bson) -> QueryResult<Option<Bson>> {
        Ok(match (action, value) {
            (Action::Include, value) => Some(value.clone()),
            (Action::Exclude | Action::Compute(_), _) => None,
            (Action::Slice(skip, count), Bson::Array(elements)) => {
                Some(slice(elements, *skip, *count).into())
            }
            (Action::Slice(..), value) => Some(value.clone()),
            (Action::FirstElement(predicate), Bson::Array(elements)) => {
                let mut found = None;
                for element in elements {
                    if predicate.holds(&Bson::Array(vec![element.clone()]))? {
                        found = Some(Bson::Array(vec![element.clone()]));
                        break;
                    }
                }
                found
            }
            (Action::FirstElement(_), _) => None,
            (Action::MatchedElement, Bson::Array(elements)) => {
                let element = self
                    .position
                    .and_then(|position| elements.get(position))
                    .ok_or_else(|| {
                        QueryError::location(
                            51246,
                            "positional operator '.$' couldn't find a matching element in the array",
                        )
                    })?;
                Some(Bson::Array(vec![element.clone()]))
            }
            (Action::MatchedElement, value) => Some(value.clone()),
            (Action::Nested(inner), value) => self.nested(inner, value)?,
        })
    }

    fn nested(&self, branch: &Branch, value: &Bson) -> QueryResult<Option<Bson>> {
        Ok(match value {
            Bson::Document(document) => Some(self.branch(branch, document)?.into()),
            Bson::Array(elements) => {
                let mut result = Vec::new();
                for element in elements {
                    result.extend(self.nested(branch, element)?);
                }
                Some(result.into())
            }
            _ if has_computed(branch) => Some(self.branch(branch, &Document::new())?.into()),
            value if self.kind == Kind::Exclusion => Some(value.clone()),
            _ => None,
        })
    }
}

fn has_computed(branch: &Branch) -> bool {
    branch.children.iter().any(|(_, action)| match action {
        Action::Compute(_) => true,
        Action::Nested(inner) => has_computed(inner),
        _ => false,
    })
}
