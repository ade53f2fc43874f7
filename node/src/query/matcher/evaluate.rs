//! Asking a compiled filter about a document.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use bson::{Bson, Document};

use super::tree::{Comparison, Matcher, Node, Predicate};
use crate::query::compare::{compare, equal, type_class};
use crate::query::error::QueryResult;
use crate::query::expression::{Variables, is_truthy};
use crate::query::number::Number;
use crate::query::path::{FieldPath, LeafArray, visit};
use crate::query::types::type_number;

impl Matcher {
    /// Whether a document passes.
    pub fn matches(&self, document: &Document) -> QueryResult<bool> {
        Evaluation {
            variables: &self.variables,
            position: None,
        }
        .node(&self.root, document)
    }

    /// Whether a document passes and, if an array was entered on the way, the index at which it did: what the
    /// positional operator `$` means.
    pub fn matches_at(&self, document: &Document) -> QueryResult<(bool, Option<usize>)> {
        let position = Cell::new(None);
        let passes = Evaluation {
            variables: &self.variables,
            position: Some(&position),
        }
        .node(&self.root, document)?;
        Ok((passes, position.get()))
    }

    /// The variables that the filter was compiled with.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }
}

impl Predicate {
    /// Whether a value alone passes, without entering it if it is an array.
    pub fn holds(&self, value: &Bson) -> QueryResult<bool> {
        Evaluation {
            variables: &Variables::new(),
            position: None,
        }
        .value(self, Some(value))
    }
}

struct Evaluation<'a> {
    variables: &'a Variables,
    position: Option<&'a Cell<Option<usize>>>,
}

impl Evaluation<'_> {
    fn node(&self, node: &Node, document: &Document) -> QueryResult<bool> {
        match node {
            Node::And(nodes) => {
                for node in nodes {
                    if !self.node(node, document)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Node::Or(nodes) => self.any(nodes, document),
            Node::Nor(nodes) => Ok(!self.silent().any(nodes, document)?),
            Node::Constant(value) => Ok(*value),
            Node::Expression(expression) => Ok(is_truthy(&expression.evaluate(document, self.variables)?)),
            Node::Path(path, predicate) => self.path(path, predicate, document),
        }
    }

    fn any(&self, nodes: &[Node], document: &Document) -> QueryResult<bool> {
        for node in nodes {
            if self.node(node, document)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A negation holds because nothing was found, so it has no position.
    fn silent(&self) -> Self {
        Self {
            variables: self.variables,
            position: None,
        }
    }

    fn path(&self, path: &FieldPath, predicate: &Predicate, document: &Document) -> QueryResult<bool> {
        match predicate {
            Predicate::Not(inner) => return Ok(!self.silent().path(path, inner, document)?),
            Predicate::All(predicates) => {
                for predicate in predicates {
                    if !self.path(path, predicate, document)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            _ => {}
        }
        let mut found = Ok(false);
        visit(document, path, predicate.leaf(), &mut |place| {
            let inner = Cell::new(None);
            let deeper = Evaluation {
                variables: self.variables,
                position: Some(&inner),
            };
            found = deeper.value(predicate, place.value);
            if matches!(found, Ok(false)) {
                return ControlFlow::Continue(());
            }
            if let Some(position) = self.position
                && let Some(index) = place.position.or(inner.get())
            {
                position.set(Some(index));
            }
            ControlFlow::Break(())
        });
        found
    }

    fn value(&self, predicate: &Predicate, value: Option<&Bson>) -> QueryResult<bool> {
        Ok(match (predicate, value) {
            (Predicate::Not(inner), value) => !self.value(inner, value)?,
            (Predicate::All(predicates), value) => {
                for predicate in predicates {
                    if !self.value(predicate, value)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Predicate::Never, _) => false,
            (Predicate::Compare(comparison, operand), value) => compare_with(*comparison, operand, value),
            (Predicate::In(values, patterns), value) => {
                if values
                    .iter()
                    .any(|operand| compare_with(Comparison::Equal, operand, value))
                {
                    return Ok(true);
                }
                for pattern in patterns {
                    if let Some(value) = value
                        && pattern.matches(value)?
                    {
                        return Ok(true);
                    }
                }
                false
            }
            (_, None) => false,
            (Predicate::Matches(pattern), Some(value)) => pattern.matches(value)?,
            (Predicate::Exists, Some(_)) => true,
            (Predicate::HasType(numbers), Some(value)) => numbers.contains(&type_number(value)),
            (Predicate::Modulo(divisor, remainder), Some(value)) => Number::from_bson(value)
                .and_then(Number::to_truncated_integer)
                .is_some_and(|number| number.wrapping_rem(*divisor) == *remainder),
            (Predicate::Bits(test), Some(value)) => test.holds(value),
            (Predicate::Size(size), Some(Bson::Array(elements))) => elements.len() as i64 == *size,
            (Predicate::ElementMatches(node), Some(Bson::Array(elements))) => {
                self.first_element(elements, |element| match element {
                    Bson::Document(inner) => self.silent().node(node, inner),
                    Bson::Array(inner) => self.silent().node(node, &document_of_array(inner)),
                    _ => Ok(false),
                })?
            }
            (Predicate::ElementSatisfies(predicates), Some(Bson::Array(elements))) => {
                self.first_element(elements, |element| {
                    for predicate in predicates {
                        if !self.value(predicate, Some(element))? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })?
            }
            (Predicate::Size(_) | Predicate::ElementMatches(_) | Predicate::ElementSatisfies(_), Some(_)) => {
                false
            }
        })
    }

    fn first_element(
        &self,
        elements: &[Bson],
        mut passes: impl FnMut(&Bson) -> QueryResult<bool>,
    ) -> QueryResult<bool> {
        for (index, element) in elements.iter().enumerate() {
            if passes(element)? {
                if let Some(position) = self.position {
                    position.set(Some(index));
                }
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Predicate {
    fn leaf(&self) -> LeafArray {
        match self {
            Self::Exists | Self::Size(_) | Self::ElementMatches(_) | Self::ElementSatisfies(_) => {
                LeafArray::Whole
            }
            _ => LeafArray::Expand,
        }
    }
}

/// One comparison. Null equals missing; otherwise only values of one type class compare, except with the two
/// end keys, which compare with everything.
fn compare_with(comparison: Comparison, operand: &Bson, value: Option<&Bson>) -> bool {
    let includes_equal = !matches!(comparison, Comparison::Less | Comparison::Greater);
    let is_null = |value: &Bson| matches!(value, Bson::Null | Bson::Undefined);
    if is_null(operand) {
        return includes_equal && value.is_none_or(is_null);
    }
    let Some(value) = value else { return false };
    if comparison == Comparison::Equal {
        return equal(value, operand);
    }
    let is_end = matches!(operand, Bson::MinKey | Bson::MaxKey);
    if type_class(operand) != type_class(value) && !is_end {
        return false;
    }
    // Not-a-number is in no order with other numbers; with itself it is equal.
    if let (Some(left), Some(right)) = (Number::from_bson(value), Number::from_bson(operand))
        && (left.is_nan() || right.is_nan())
    {
        return includes_equal && left.is_nan() && right.is_nan();
    }
    match (comparison, compare(value, operand)) {
        (_, Ordering::Equal) => includes_equal,
        (Comparison::Less | Comparison::LessOrEqual, order) => order == Ordering::Less,
        (_, order) => order == Ordering::Greater,
    }
}

fn document_of_array(elements: &[Bson]) -> Document {
    elements
        .iter()
        .enumerate()
        .map(|(index, element)| (index.to_string(), element.clone()))
        .collect()
}
