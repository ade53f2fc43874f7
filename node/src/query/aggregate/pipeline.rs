//! A compiled pipeline, and the table of its stages.

use bson::{Bson, Document};

use super::source::Source;
use super::stage::{MEMORY_BYTES_MAX, Stage};
use super::{facet, group, lookup, replace_root, sample, simple, sort_stage, unwind};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Variables;

/// What stages may need besides their specification.
#[derive(Clone, Debug)]
pub struct StageContext {
    /// Variables of the command.
    pub variables: Variables,
    /// Seed for `$sample`.
    pub seed: u64,
    /// What a stage may hold, in bytes of BSON.
    pub memory_bytes_max: usize,
}

impl Default for StageContext {
    fn default() -> Self {
        Self {
            variables: Variables::default(),
            seed: 0,
            memory_bytes_max: MEMORY_BYTES_MAX,
        }
    }
}

/// Stages in order.
pub struct Pipeline {
    stages: Vec<Box<dyn Stage>>,
}

type Parse = fn(&Bson, &StageContext) -> QueryResult<Box<dyn Stage>>;

/// Every stage that works on documents alone. Stages that read a catalog (`$collStats`, `$indexStats`, `$out`,
/// `$merge`, `$currentOp`) are the aggregate command's.
const STAGES: &[(&str, Parse)] = &[
    ("$addFields", simple::add_fields),
    ("$count", simple::count),
    ("$documents", simple::documents),
    ("$facet", facet::parse),
    ("$group", group::parse),
    ("$limit", simple::limit),
    ("$lookup", lookup::parse),
    ("$match", simple::filter),
    ("$project", simple::project),
    ("$replaceRoot", replace_root::parse_root),
    ("$replaceWith", replace_root::parse_with),
    ("$sample", sample::parse),
    ("$set", simple::add_fields),
    ("$skip", simple::skip),
    ("$sort", sort_stage::parse),
    ("$sortByCount", group::parse_sort_by_count),
    ("$unset", simple::unset),
    ("$unwind", unwind::parse),
];

/// Most stages of one pipeline.
const STAGES_MAX: usize = 1000;

impl Pipeline {
    /// Compiles stages.
    pub fn parse(stages: &[Bson], context: &StageContext) -> QueryResult<Self> {
        if stages.len() > STAGES_MAX {
            let text = format!("Pipeline length must be no longer than {STAGES_MAX} stages");
            return Err(QueryError::location(7_749_501, text));
        }
        let mut parsed: Vec<Box<dyn Stage>> = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let (name, specification) = stage_parts(stage)?;
            if name == "$documents" && index > 0 {
                return Err(QueryError::location(
                    40602,
                    "$documents is only valid as the first stage in a pipeline.",
                ));
            }
            let (_, parse) = STAGES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                QueryError::location(40324, format!("Unrecognized pipeline stage name: '{name}'"))
            })?;
            parsed.push(parse(specification, context)?);
            if name == "$sortByCount" {
                parsed.push(sort_stage::by_count_descending(context)?);
            }
        }
        Ok(Self { stages: parsed })
    }

    /// The next document at the end of the pipeline.
    pub fn next(&mut self, source: &mut dyn Source) -> QueryResult<Option<Document>> {
        pull(&mut self.stages, source)
    }

    /// Everything that comes out of the end.
    pub fn run(&mut self, source: &mut dyn Source) -> QueryResult<Vec<Document>> {
        let mut documents = Vec::new();
        while let Some(document) = self.next(source)? {
            documents.push(document);
        }
        Ok(documents)
    }
}

/// The name and the specification of a stage document.
pub(crate) fn stage_parts(stage: &Bson) -> QueryResult<(&str, &Bson)> {
    let Bson::Document(stage) = stage else {
        return Err(QueryError::type_mismatch(
            "Each element of the 'pipeline' array must be an object",
        ));
    };
    match (stage.iter().next(), stage.len()) {
        (Some((name, specification)), 1) => Ok((name, specification)),
        _ => Err(QueryError::location(
            40323,
            "A pipeline stage specification object must contain exactly one field.",
        )),
    }
}

fn pull(stages: &mut [Box<dyn Stage>], source: &mut dyn Source) -> QueryResult<Option<Document>> {
    match stages.split_last_mut() {
        None => source.next(),
        Some((last, before)) => last.next(&mut Before {
            stages: before,
            source,
        }),
    }
}

/// The stages before one, as its source.
struct Before<'a> {
    stages: &'a mut [Box<dyn Stage>],
    source: &'a mut dyn Source,
}

impl Source for Before<'_> {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        pull(self.stages, self.source)
    }

    fn foreign(&mut self, collection: &str) -> QueryResult<Vec<Document>> {
        self.source.foreign(collection)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::STAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
