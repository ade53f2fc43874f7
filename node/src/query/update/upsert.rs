//! The document that an upsert inserts.

use bson::{Bson, Document};

use super::apply::move_id_first;
use super::navigate::{Change, change_at, value_at};
use super::tree::{ApplyContext, Update};
use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};
use crate::query::matcher::{Comparison, Matcher, Node, Predicate};

impl Update {
    /// The document to insert when nothing matched `filter`: what the filter says must be equal, then the
    /// update. It may come without `_id`; the caller then makes one.
    pub fn upsert_document(&self, filter: &Matcher, context: &ApplyContext) -> QueryResult<Document> {
        let mut seed = Bson::Document(Document::new());
        match self {
            // A replacement takes nothing but the `_id` from the filter.
            Self::Replacement(replacement) => {
                if !replacement.contains_key("_id") {
                    seed_equalities(&filter.root, &mut seed, true)?;
                }
            }
            _ => seed_equalities(&filter.root, &mut seed, false)?,
        }
        let Bson::Document(seed) = seed else {
            return Ok(Document::new());
        };
        let context = ApplyContext {
            inserting: true,
            position: None,
            ..*context
        };
        let mut document = self.apply(&seed, &context)?.document;
        move_id_first(&mut document);
        Ok(document)
    }
}

fn seed_equalities(node: &Node, seed: &mut Bson, only_id: bool) -> QueryResult<()> {
    match node {
        Node::And(nodes) => nodes
            .iter()
            .try_for_each(|node| seed_equalities(node, seed, only_id)),
        Node::Or(nodes) if nodes.len() == 1 => seed_equalities(&nodes[0], seed, only_id),
        Node::Path(path, predicate) => {
            let is_id = path.parts() == ["_id"];
            if only_id && !is_id {
                return Ok(());
            }
            seed_predicate(path.parts(), predicate, seed)
        }
        _ => Ok(()),
    }
}

fn seed_predicate(path: &[String], predicate: &Predicate, seed: &mut Bson) -> QueryResult<()> {
    let value = match predicate {
        Predicate::Compare(Comparison::Equal, value) => value,
        Predicate::In(values, patterns) if values.len() == 1 && patterns.is_empty() => &values[0],
        Predicate::All(predicates) => {
            return predicates
                .iter()
                .try_for_each(|predicate| seed_predicate(path, predicate, seed));
        }
        _ => return Ok(()),
    };
    let full = path.join(".");
    let clash = (1..=path.len()).any(|end| match value_at(seed, &path[..end]) {
        Some(Bson::Document(_)) => end == path.len(),
        Some(_) => true,
        None => false,
    });
    if clash {
        return Err(QueryError::new(
            ErrorCode::NOT_SINGLE_VALUE_FIELD,
            format!("cannot infer query fields to set, path '{full}' is matched twice"),
        ));
    }
    change_at(seed, path, &full, &mut |_| Ok(Change::Put(value.clone())))
}
