//! `$facet`: several pipelines over the same documents.

use bson::{Bson, Document};

use super::pipeline::{Pipeline, StageContext, stage_parts};
use super::source::{FromVec, Source};
use super::stage::{Stage, drain};
use crate::query::error::{QueryError, QueryResult};

const REFUSED_INSIDE: [&str; 6] = [
    "$facet",
    "$collStats",
    "$indexStats",
    "$out",
    "$merge",
    "$documents",
];

/// `$facet`.
pub(super) fn parse(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .filter(|facets| !facets.is_empty())
        .ok_or_else(|| QueryError::location(40169, "the $facet specification must be a non-empty object"))?;
    let mut facets = Vec::new();
    for (name, stages) in specification {
        let stages = stages.as_array().ok_or_else(|| {
            QueryError::location(
                40170,
                format!("arguments to $facet must be arrays, {name} is not"),
            )
        })?;
        for stage in stages {
            let (stage, _) = stage_parts(stage)?;
            if REFUSED_INSIDE.contains(&stage) {
                let text = format!("{stage} is not allowed to be used within a $facet stage");
                return Err(QueryError::location(40600, text));
            }
        }
        facets.push((name.clone(), Pipeline::parse(stages, context)?));
    }
    Ok(Box::new(Facet {
        facets,
        memory_bytes_max: context.memory_bytes_max,
        done: false,
    }))
}

struct Facet {
    facets: Vec<(String, Pipeline)>,
    memory_bytes_max: usize,
    done: bool,
}

impl Stage for Facet {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let documents = drain(input, "$facet", self.memory_bytes_max)?;
        let mut result = Document::new();
        for (name, pipeline) in &mut self.facets {
            let found = pipeline.run(&mut Copies {
                documents: FromVec::new(documents.clone()),
                input: &mut *input,
            })?;
            result.insert(
                name.clone(),
                found.into_iter().map(Bson::Document).collect::<Vec<_>>(),
            );
        }
        Ok(Some(result))
    }

    fn blocks(&self) -> bool {
        true
    }
}

/// The same documents once more, and the collections that the input knows.
struct Copies<'a> {
    documents: FromVec,
    input: &'a mut dyn Source,
}

impl Source for Copies<'_> {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        self.documents.next()
    }

    fn foreign(&mut self, collection: &str) -> QueryResult<Vec<Document>> {
        self.input.foreign(collection)
    }
}
