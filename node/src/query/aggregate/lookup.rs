//! `$lookup` by equality of a local and a foreign field.

use std::ops::ControlFlow;

use bson::{Bson, Document};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::Stage;
use super::unwind::with;
use crate::query::compare::equal;
use crate::query::error::{QueryError, QueryResult};
use crate::query::path::{FieldPath, LeafArray, visit};

/// `$lookup: { from, localField, foreignField, as }`; the form with a pipeline is refused.
pub(super) fn parse(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .ok_or_else(|| QueryError::failed_to_parse("the $lookup specification must be an Object"))?;
    for name in specification.keys() {
        match name.as_str() {
            "from" | "localField" | "foreignField" | "as" => {}
            "pipeline" | "let" => {
                return Err(QueryError::new(
                    crate::error_code::ErrorCode::COMMAND_NOT_SUPPORTED,
                    "$lookup with a pipeline is not supported",
                ));
            }
            unknown => {
                return Err(QueryError::failed_to_parse(format!(
                    "unknown argument to $lookup: {unknown}"
                )));
            }
        }
    }
    let text = |name: &str| match specification.get(name) {
        Some(Bson::String(text)) => Ok(text.clone()),
        Some(_) => Err(QueryError::failed_to_parse(format!(
            "$lookup argument '{name}' must be a string"
        ))),
        None => Err(QueryError::failed_to_parse(format!(
            "must specify '{name}' field for a $lookup"
        ))),
    };
    Ok(Box::new(Lookup {
        from: text("from")?,
        local: FieldPath::new(&text("localField")?)?,
        foreign: FieldPath::new(&text("foreignField")?)?,
        result: text("as")?.split('.').map(str::to_owned).collect(),
        documents: None,
    }))
}

struct Lookup {
    from: String,
    local: FieldPath,
    foreign: FieldPath,
    result: Vec<String>,
    documents: Option<Vec<Document>>,
}

impl Stage for Lookup {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        let Some(document) = input.next()? else {
            return Ok(None);
        };
        if self.documents.is_none() {
            self.documents = Some(input.foreign(&self.from)?);
        }
        let wanted = values(&document, &self.local);
        let found: Vec<Bson> = self
            .documents
            .iter()
            .flatten()
            .filter(|foreign| {
                values(foreign, &self.foreign)
                    .iter()
                    .any(|value| wanted.iter().any(|local| equal(local, value)))
            })
            .map(|foreign| Bson::Document(foreign.clone()))
            .collect();
        Ok(Some(with(document, &self.result, Some(found.into()))))
    }
}

/// Everything that a path leads to; nothing is null.
fn values(document: &Document, path: &FieldPath) -> Vec<Bson> {
    let mut values = Vec::new();
    visit(document, path, LeafArray::Expand, &mut |place| {
        values.push(place.value.cloned().unwrap_or(Bson::Null));
        ControlFlow::Continue(())
    });
    values
}
