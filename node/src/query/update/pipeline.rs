//! Updates that are pipelines.

use bson::{Bson, Document};

use crate::error_code::ErrorCode;
use crate::query::aggregate::{ReplaceRoot, stage_parts, unset_paths};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Variables;
use crate::query::projection::{AddFields, Dialect, Projection};

/// Stages that make one document of one document.
#[derive(Clone, Debug)]
pub struct UpdatePipeline {
    stages: Vec<UpdateStage>,
}

#[derive(Clone, Debug)]
enum UpdateStage {
    AddFields(AddFields),
    Project(Projection),
    ReplaceRoot(ReplaceRoot),
}

impl UpdatePipeline {
    pub(super) fn compile(stages: &[Bson], variables: &Variables) -> QueryResult<Self> {
        let compiled: QueryResult<Vec<UpdateStage>> = stages
            .iter()
            .map(|stage| compile_stage(stage, variables))
            .collect();
        Ok(Self { stages: compiled? })
    }

    pub(super) fn apply(&self, document: &Document) -> QueryResult<Document> {
        self.stages
            .iter()
            .try_fold(document.clone(), |document, stage| match stage {
                UpdateStage::AddFields(fields) => fields.apply(&document),
                UpdateStage::Project(projection) => projection.apply(&document, None),
                UpdateStage::ReplaceRoot(root) => root.apply(&document),
            })
    }
}

fn compile_stage(stage: &Bson, variables: &Variables) -> QueryResult<UpdateStage> {
    let (name, specification) = stage_parts(stage)?;
    let document = |code: i32| {
        specification
            .as_document()
            .ok_or_else(|| QueryError::location(code, format!("{name} specification must be an object")))
    };
    match name {
        "$set" | "$addFields" => Ok(UpdateStage::AddFields(AddFields::parse(
            document(40272)?,
            variables,
        )?)),
        "$project" => {
            let projection = Projection::parse(document(15969)?, Dialect::Aggregate, variables)?;
            Ok(UpdateStage::Project(projection))
        }
        "$unset" => Ok(UpdateStage::Project(Projection::without(&unset_paths(
            specification,
        )?)?)),
        "$replaceWith" => Ok(UpdateStage::ReplaceRoot(ReplaceRoot::of_with(
            specification,
            variables,
        )?)),
        "$replaceRoot" => Ok(UpdateStage::ReplaceRoot(ReplaceRoot::of_root(
            specification,
            variables,
        )?)),
        other => Err(QueryError::new(
            ErrorCode::INVALID_OPTIONS,
            format!("Aggregation stage {other} is not allowed to be used within an update"),
        )),
    }
}
