//! `arrayFilters`: which elements `$[name]` means.

use bson::{Bson, Document};

use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Variables;
use crate::query::matcher::{Matcher, Node};

/// Filters by name.
#[derive(Clone, Debug, Default)]
pub struct ArrayFilters {
    filters: Vec<(String, Matcher)>,
}

impl ArrayFilters {
    /// Compiles the documents of `arrayFilters`; each speaks of one name.
    pub fn compile(documents: &[Document], variables: &Variables) -> QueryResult<Self> {
        let mut filters: Vec<(String, Matcher)> = Vec::new();
        for document in documents {
            let matcher = Matcher::compile(document, variables)?;
            let mut names = Vec::new();
            collect_names(&matcher.root, &mut names)?;
            let name = names.first().cloned().ok_or_else(|| {
                QueryError::failed_to_parse(
                    "Cannot use an expression without a top-level field name in arrayFilters",
                )
            })?;
            if let Some(other) = names.iter().find(|other| **other != name) {
                return Err(QueryError::failed_to_parse(format!(
                    "Error parsing array filter: Expected a single top-level field name, found '{name}' and '{other}'"
                )));
            }
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            if !is_name {
                return Err(QueryError::bad_value(format!(
                    "Error parsing array filter: The top-level field name must be an alphanumeric string beginning \
                     with a lowercase letter, found '{name}'"
                )));
            }
            if filters.iter().any(|(known, _)| *known == name) {
                return Err(QueryError::failed_to_parse(format!(
                    "Found multiple array filters with the same top-level field name {name}"
                )));
            }
            filters.push((name, matcher));
        }
        Ok(Self { filters })
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a filter lets an element through.
    pub fn lets_through(&self, name: &str, element: &Bson) -> QueryResult<bool> {
        let Some((_, matcher)) = self.filters.iter().find(|(known, _)| known == name) else {
            return Ok(false);
        };
        let mut wrapped = Document::new();
        wrapped.insert(name, element.clone());
        matcher.matches(&wrapped)
    }
}

fn collect_names(node: &Node, names: &mut Vec<String>) -> QueryResult<()> {
    match node {
        Node::And(nodes) | Node::Or(nodes) | Node::Nor(nodes) => {
            nodes.iter().try_for_each(|node| collect_names(node, names))
        }
        Node::Path(path, _) => {
            names.extend(path.parts().first().cloned());
            Ok(())
        }
        Node::Constant(_) | Node::Expression(_) => {
            Err(QueryError::failed_to_parse("Cannot use $expr in an array filter"))
        }
    }
}
