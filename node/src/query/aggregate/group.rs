//! `$group` and `$sortByCount`.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

use super::accumulator::{self, Accumulator};
use super::pipeline::StageContext;
use super::source::Source;
use super::stage::{MemoryBudget, Stage};
use crate::query::compare::OrderedBson;
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables};

/// `$group`.
pub(super) fn parse(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .ok_or_else(|| QueryError::location(15947, "a group's fields must be specified in an object"))?;
    let mut id = None;
    let mut fields = Vec::new();
    for (name, value) in specification {
        if name == "_id" {
            id = Some(Expression::parse(value, &context.variables)?);
            continue;
        }
        if name.contains('.') {
            return Err(QueryError::location(
                40235,
                format!("The field name '{name}' cannot contain '.'"),
            ));
        }
        if name.starts_with('$') {
            return Err(QueryError::location(
                40236,
                format!("The field name '{name}' cannot be an operator name"),
            ));
        }
        let (empty, expression) = accumulator::parse(name, value, &context.variables)?;
        fields.push((name.clone(), empty, expression));
    }
    let id = id.ok_or_else(|| QueryError::location(15955, "a group specification must include an _id"))?;
    Ok(Box::new(Group {
        id,
        fields,
        variables: context.variables.clone(),
        memory_bytes_max: context.memory_bytes_max,
        groups: None,
    }))
}

/// `$sortByCount`: a group by the expression; the pipeline adds the sort.
pub(super) fn parse_sort_by_count(
    specification: &Bson,
    context: &StageContext,
) -> QueryResult<Box<dyn Stage>> {
    let is_expression = match specification {
        Bson::String(text) => text.starts_with('$'),
        Bson::Document(document) => document.keys().next().is_some_and(|key| key.starts_with('$')),
        _ => false,
    };
    if !is_expression {
        let text =
            "the sortByCount field must be defined as a $-prefixed path or an expression inside an object";
        return Err(QueryError::location(40147, text));
    }
    parse(
        &Bson::Document(doc! { "_id": specification.clone(), "count": { "$sum": 1 } }),
        context,
    )
}

struct Group {
    id: Expression,
    fields: Vec<(String, Accumulator, Expression)>,
    variables: Variables,
    memory_bytes_max: usize,
    groups: Option<std::vec::IntoIter<Document>>,
}

impl Stage for Group {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if self.groups.is_none() {
            self.groups = Some(self.gather(input)?.into_iter());
        }
        Ok(self.groups.as_mut().and_then(Iterator::next))
    }

    fn blocks(&self) -> bool {
        true
    }
}

impl Group {
    /// Groups come out in the order in which they were first seen: any order is allowed, this one is stable.
    fn gather(&self, input: &mut dyn Source) -> QueryResult<Vec<Document>> {
        let mut places: BTreeMap<OrderedBson, usize> = BTreeMap::new();
        let mut groups: Vec<(Bson, Vec<Accumulator>)> = Vec::new();
        let mut budget = MemoryBudget::new("$group", self.memory_bytes_max);
        let grows = self
            .fields
            .iter()
            .any(|(_, empty, _)| matches!(empty, Accumulator::Push(_) | Accumulator::AddToSet(_)));
        while let Some(document) = input.next()? {
            let id = match self.id.evaluate(&document, &self.variables)? {
                Bson::Undefined => Bson::Null,
                id => id,
            };
            let place = match places.get(&OrderedBson(id.clone())) {
                Some(place) => *place,
                None => {
                    budget.spend(&document)?;
                    let empty = self.fields.iter().map(|(_, empty, _)| empty.clone()).collect();
                    groups.push((id.clone(), empty));
                    places.insert(OrderedBson(id), groups.len() - 1);
                    groups.len() - 1
                }
            };
            if grows {
                budget.spend(&document)?;
            }
            for ((_, _, expression), gathered) in self.fields.iter().zip(&mut groups[place].1) {
                gathered.add(expression.evaluate(&document, &self.variables)?)?;
            }
        }
        let finish = |(id, gathered): (Bson, Vec<Accumulator>)| {
            let names = self.fields.iter().map(|(name, _, _)| name.clone());
            let values = gathered.into_iter().map(Accumulator::finish);
            std::iter::once(("_id".to_owned(), id))
                .chain(names.zip(values))
                .collect()
        };
        Ok(groups.into_iter().map(finish).collect())
    }
}
